import type { ChatMessage, ChatPart, MediaPart } from '@weft/chat';
import { useMemo, useState } from 'react';
import type { Call } from '../../api/calls.ts';
import { parseJson } from '../../api/request.ts';
import { JsonTree } from '../../ui/json-tree/json-tree.tsx';
import { isContainer, jsonText } from '../../ui/json-tree/json-value.ts';
import { LongText } from '../../ui/json-tree/long-text.tsx';
import { Media } from '../../ui/json-tree/media.tsx';
import { RichText } from '../../ui/markdown/rich-text.tsx';
import { RefValue } from '../../ui/json-tree/ref-value.tsx';

const FIRST_CHARS = 6000;
const MAX_PARTS = 200;
const ROLES = new Set(['system', 'developer', 'user', 'assistant', 'model', 'tool']);

/** Who said what. */
export function Message({
  message: { role, name, parts, finishReason },
  label = '',
}: {
  readonly message: ChatMessage;
  readonly call: Call;
  readonly label?: string;
}) {
  const look = ROLES.has(role) ? role : 'other';
  const said = [label, name ?? '', finishReason === undefined ? '' : `ended: ${finishReason}`];
  return (
    <section className={`call-message ${look}`} aria-label={`Message: ${role.slice(0, 40)}`}>
      <header>
        <bdi>{role.slice(0, 40)}</bdi>{' '}
        <span className="soft">
          <bdi>
            {said
              .filter((each) => each !== '')
              .map((each) => each.slice(0, 100))
              .join(' · ')}
          </bdi>
        </span>
      </header>
      {parts.length === 0 && <p className="soft">nothing</p>}
      {parts.slice(0, MAX_PARTS).map((part, i) => (
        <Part key={i} part={part} />
      ))}
      {parts.length > MAX_PARTS && (
        <p className="soft">{parts.length - MAX_PARTS} more parts: see the inputs.</p>
      )}
    </section>
  );
}

function Part({ part }: { readonly part: ChatPart }) {
  switch (part.type) {
    case 'text':
      return <Text text={part.text} isRefusal={part.refusal === true} />;
    case 'reasoning':
      return (
        <Fold title={part.redacted ? 'Thinking, redacted' : 'Thinking'}>
          <pre dir="auto">
            {part.text === '' ? <span className="soft">Its text is not there.</span> : <LongText text={part.text} first={FIRST_CHARS} />}
          </pre>
        </Fold>
      ); // prettier-ignore
    case 'toolCall':
      return (
        <div className="call-tool">
          <p>
            → calls <code>{part.name.slice(0, 200)}</code>{' '}
            <span className="soft">
              <bdi>{(part.id ?? '').slice(0, 100)}</bdi>
              {part.server === true && ' run by the provider'}
            </span>
          </p>
          <Value value={part.argumentsText ?? part.arguments} label={`Arguments of ${part.name}`} />
        </div>
      );
    case 'toolResult':
      return (
        <div className={`call-tool${part.isError ? ' error' : ''}`}>
          <p>
            ← {part.isError ? 'failed' : 'result'} {part.name !== undefined && <code>{part.name.slice(0, 200)}</code>}{' '}
            <span className="soft">
              <bdi>{(part.id ?? '').slice(0, 100)}</bdi>
            </span>
          </p>
          <Value value={part.result} label="Result of a tool" />
        </div>
      ); // prettier-ignore
    case 'json':
      return <Value value={part.value} label="Structured content" />;
    case 'unknown':
      return (
        <Fold title={part.kind === '' ? 'Other content' : part.kind.slice(0, 100)}>
          <Value value={part.raw} label="Other content" />
        </Fold>
      );
    case 'image':
    case 'audio':
    case 'video':
    case 'file':
      return <MediaOf part={part} />;
  }
}

/** Text as it is; what is JSON inside (structured output) as a tree. */
function Text({ text, isRefusal }: { readonly text: string; readonly isRefusal: boolean }) {
  const value = useMemo(() => jsonIn(text), [text]);
  const [isRaw, setRaw] = useState(false);
  if (value !== undefined && !isRaw)
    return (
      <div className="call-structured">
        <JsonTree value={value} label="Structured content" />
        <button type="button" className="button small" onClick={() => setRaw(true)}>
          As text
        </button>
      </div>
    );
  const plain = (
    <pre className={`call-text${isRefusal ? ' error-text' : ''}`} dir="auto">
      {isRefusal && <b>Refused: </b>}
      <LongText text={text} first={FIRST_CHARS} name="message.txt" />
    </pre>
  );
  return isRefusal ? plain : <RichText text={text} plain={plain} />;
}

const MAX_JSON = 500_000;

function jsonIn(text: string): unknown {
  if (text.length > MAX_JSON || !/^\s*[[{]/.test(text)) return undefined;
  try {
    const value = parseJson(text);
    return isContainer(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function Value({ value, label }: { readonly value: unknown; readonly label: string }) {
  const shown = useMemo(() => (typeof value === 'string' ? (jsonIn(value) ?? value) : value), [value]);
  if (isContainer(shown)) return <JsonTree value={shown} label={label} />;
  return (
    <pre className="call-text" dir="auto">
      <LongText text={jsonText(shown)} first={FIRST_CHARS} />
    </pre>
  );
}

function Fold({ title, children }: { readonly title: string; readonly children: React.ReactNode }) {
  const [isOpen, setOpen] = useState(false);
  return (
    <div className="call-fold">
      <button type="button" className="button small" aria-expanded={isOpen} onClick={() => setOpen(!isOpen)}>
        {isOpen ? '▾' : '▸'} <bdi>{title}</bdi>
      </button>
      {isOpen && children}
    </div>
  );
}

const MAX_DATA = 40_000_000;

/** Own files and data are shown; what is elsewhere is a link: who clicks it decides that it is told who reads. */
function MediaOf({ part }: { readonly part: MediaPart }) {
  const { type, mimeType = '', url, data, fileId, name = '', transcript } = part;
  const own = ownUrl(part);
  const note = [mimeType, own === undefined ? (fileId ?? '') : ''].filter((each) => each !== '').join(' · ');
  return (
    <div className="call-media">
      {own !== undefined && <Media kind={type} url={own} name={name.slice(0, 200)} note={note} />}
      {own === undefined && (
        <p>
          {type} <bdi>{name.slice(0, 200)}</bdi> <span className="soft">{note.slice(0, 300)}</span>{' '}
          {url !== undefined && <Elsewhere url={url} />}
          {url === undefined && data === undefined && fileId === undefined && 'without content'}
        </p>
      )}
      {transcript !== undefined && (
        <pre className="call-text" dir="auto">
          <LongText text={transcript} first={FIRST_CHARS} />
        </pre>
      )}
    </div>
  );
}

const MIME = /^(image|audio|video|application|text)\/[\w.+-]+$/i;
const DEFAULTS = {
  image: 'image/png',
  audio: 'audio/wav',
  video: 'video/mp4',
  file: 'application/octet-stream',
};

/** What the pages' policy lets them load. */
function ownUrl({ type, mimeType = '', url, data }: MediaPart): string | undefined {
  if (url?.startsWith('/weft/v1/files/')) return url;
  if (url !== undefined && url.length < MAX_DATA && /^data:(image|audio|video|application\/pdf)/i.test(url)) return url;
  if (data === undefined || data.length > MAX_DATA || !/^[\w+/=\s-]*$/.test(data.slice(0, 1000))) return undefined;
  return `data:${MIME.test(mimeType) ? mimeType : DEFAULTS[type]};base64,${data}`;
} // prettier-ignore

function Elsewhere({ url }: { readonly url: string }) {
  if (url.startsWith('weave:///')) return <RefValue value={url} />;
  const shown = url.length > 120 ? `${url.slice(0, 120)}…` : url;
  if (!/^https?:\/\//i.test(url)) return <bdi className="mono">{shown}</bdi>;
  return (
    <a href={url} target="_blank" rel="noreferrer noopener">
      <bdi>{shown}</bdi>
    </a>
  );
}
