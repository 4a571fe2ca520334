import { useState } from 'react';
import { BigNumber, stringifyJson } from '../../api/request.ts';
import { readRef, RefLink } from '../../ui/ref-link.tsx';
import { mediaIn } from './media.ts';
import { MediaView } from './media-view.tsx';

const SHOWN = 4000;

/** Any JSON value for people: texts as they are, refs as links, files as pictures, the rest as JSON. */
export function Value({ projectId, value }: { readonly projectId: string; readonly value: unknown }) {
  if (value === undefined || value === null)
    return <span className="soft">{value === null ? 'null' : ''}</span>;
  if (typeof value === 'string' && readRef(value) !== undefined) return <RefLink value={value} />;
  const media = mediaIn(value);
  if (media !== undefined) return <MediaView projectId={projectId} media={media} />;
  if (Array.isArray(value) && value.length > 0 && value.length <= 50 && value.every(isRef))
    return (
      <ul className="object-refs">
        {value.map((each, index) => (
          <li key={index}>
            <RefLink value={each as string} />
          </li>
        ))}
      </ul>
    );
  return (
    <LongText text={textOf(value)} isCode={typeof value === 'object' && !(value instanceof BigNumber)} />
  );
}

const isRef = (value: unknown) => typeof value === 'string' && readRef(value) !== undefined;

/** Text as it is, anything else as JSON on several lines. */
export function textOf(value: unknown): string {
  return typeof value === 'string' ? value : (stringifyJson(value, 2) ?? '');
}

export function LongText({ text, isCode = false }: { readonly text: string; readonly isCode?: boolean }) {
  const [shown, setShown] = useState(SHOWN);
  return (
    <>
      <span className={isCode ? 'object-text mono' : 'object-text'} dir={isCode ? 'ltr' : 'auto'}>
        {text.slice(0, shown)}
      </span>
      {text.length > shown && (
        <button className="button" onClick={() => setShown(shown * 4)}>
          Show more ({Math.ceil((text.length - shown) / 1000)} k characters are left)
        </button>
      )}
    </>
  );
}
