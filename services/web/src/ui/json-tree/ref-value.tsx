import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { refQuery } from '../../api/files.ts';
import { ErrorNote } from '../notes.tsx';
import { readRef, RefLink } from '../ref-link.tsx';
import { JsonTree } from './json-tree.tsx';
import { isMediaRef, mediaOf } from './media-of.ts';
import { StoredMediaView } from './media.tsx';

/** A ref: a link to what it names, and its value where one is and is asked for. */
export function RefValue({ value }: { readonly value: string }) {
  const isMedia = isMediaRef(value);
  const [isOpen, setOpen] = useState(isMedia);
  const kind = readRef(value)?.kind;
  const hasValue = kind === 'object' || kind === 'op';
  return (
    <span className="jt-ref">
      <RefLink value={value} />
      {hasValue && (
        <button
          type="button"
          className="button small"
          aria-expanded={isOpen}
          onClick={() => setOpen(!isOpen)}
        >
          {isOpen ? 'Hide' : 'Look'}
        </button>
      )}
      {isOpen && <Behind value={value} />}
    </span>
  );
}

function Behind({ value }: { readonly value: string }) {
  const found = useQuery(refQuery(value));
  if (found.isPending) return <span className="soft">Loading…</span>;
  if (found.isError) return <ErrorNote error={found.error} />;
  if (found.data === null)
    return <span className="soft">Nothing is there: it is deleted, or never came.</span>;
  const media = mediaOf(found.data);
  const { entity, project } = readRef(value)!;
  return (
    <div className="jt-behind">
      {media === undefined ? (
        <JsonTree value={found.data} label={`Value of ${value}`} />
      ) : (
        <StoredMediaView media={media} projectId={`${entity}/${project}`} />
      )}
    </div>
  );
}
