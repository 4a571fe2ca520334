import type { ChatMessage, ChatPart } from '@weft/chat';
import { useState } from 'react';
import { stringifyJson } from '../../api/request.ts';
import { RichText } from '../../ui/markdown/rich-text.tsx';

type Side = 'user' | 'agent';

interface BubbleProps {
  readonly side: Side;
  readonly message: ChatMessage;
}

/** What one of them said. Calls of tools, their results and thoughts are folded. */
export function Bubble({ side, message }: BubbleProps) {
  return (
    <div className={`threads-bubble ${side}`}>
      <Who side={side} role={message.role} />
      {message.parts.map((part, i) => (
        <Part key={i} part={part} />
      ))}
    </div>
  );
}

function Who({ side, role }: { readonly side: Side; readonly role?: string }) {
  const known = role === undefined || role === 'user' || role === 'assistant';
  return <div className="threads-who">{known ? (side === 'user' ? 'User' : 'Agent') : role}</div>;
}

interface JsonBubbleProps {
  readonly side: Side;
  readonly title: string;
  readonly value: unknown;
}

/** For what is no text. */
export function JsonBubble({ side, title, value }: JsonBubbleProps) {
  return (
    <div className={`threads-bubble ${side}`}>
      <Who side={side} />
      <Folded title={title} text={jsonOf(value)} isOpen />
    </div>
  );
}

function Part({ part }: { readonly part: ChatPart }) {
  switch (part.type) {
    case 'text':
      return <Text text={part.text} />;
    case 'reasoning':
      return <Folded title="Thoughts" text={part.redacted ? '(redacted)' : part.text} />;
    case 'toolCall':
      return <Folded title={`Calls ${part.name}`} text={part.argumentsText ?? jsonOf(part.arguments)} />;
    case 'toolResult':
      return <Folded title={`Result${part.name === undefined ? '' : ` of ${part.name}`}`} text={jsonOf(part.result)} />;
    case 'json':
      return <Folded title="JSON" text={jsonOf(part.value)} isOpen />;
    case 'unknown':
      return <Folded title={part.kind || 'Something else'} text={jsonOf(part.raw)} />;
    default:
      return (
        <div>
          <span className="tag">{part.type}</span> <bdi>{part.name ?? part.mimeType ?? ''}</bdi>
          {part.transcript !== undefined && <Text text={part.transcript} />}
        </div>
      );
  }
} // prettier-ignore

function jsonOf(value: unknown): string {
  return typeof value === 'string' ? value : (stringifyJson(value, 2) ?? '');
}

interface FoldedProps {
  readonly title: string;
  readonly text: string;
  readonly isOpen?: boolean;
}

function Folded({ title, text, isOpen = false }: FoldedProps) {
  return (
    <details open={isOpen}>
      <summary>
        <bdi>{title.slice(0, 200)}</bdi>
      </summary>
      <Text text={text} isCode />
    </details>
  );
}

const SHOWN = 4000;

/** The rest of a long one on demand. */
function Text({ text, isCode = false }: { readonly text: string; readonly isCode?: boolean }) {
  const [shown, setShown] = useState(SHOWN);
  const plain = (
    <>
      <div className={isCode ? 'threads-text mono' : 'threads-text'} dir="auto">
        {text.slice(0, shown)}
      </div>
      {text.length > shown && (
        <button className="button" onClick={() => setShown(shown * 8)}>
          Show more ({Math.ceil((text.length - shown) / 1000)} k characters are left)
        </button>
      )}
    </>
  );
  return isCode ? plain : <RichText text={text} plain={plain} />;
}
