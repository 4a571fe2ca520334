import './prompt.css';
import { roleLook } from './message-view.tsx';
import { draft, type Draft } from './messages.ts';

const ROLES = ['system', 'user', 'assistant', 'developer', 'tool'];

interface Props {
  readonly drafts: readonly Draft[];
  readonly onChange: (drafts: readonly Draft[]) => void;
}

/** Messages to write: who says what, in which order. */
export function MessagesEditor({ drafts, onChange }: Props) {
  const next = drafts.at(-1)?.role === 'user' ? 'assistant' : 'user';
  return (
    <div className="messages">
      {drafts.map((message, index) => (
        <MessageEditor
          key={message.key}
          message={message}
          number={index + 1}
          onChange={(changed) => onChange(drafts.with(index, changed))}
          onRemove={() => onChange(drafts.toSpliced(index, 1))}
          {...(index > 0 && {
            onUp: () => onChange(drafts.with(index - 1, message).with(index, drafts[index - 1]!)),
          })}
        />
      ))}
      <div>
        <button type="button" className="button" onClick={() => onChange([...drafts, draft(next, '')])}>
          + Message
        </button>
      </div>
    </div>
  );
}

interface OneProps {
  readonly message: Draft;
  readonly number: number;
  readonly onChange: (message: Draft) => void;
  readonly onRemove: () => void;
  readonly onUp?: () => void;
}

function MessageEditor({ message, number, onChange, onRemove, onUp }: OneProps) {
  const roles = ROLES.includes(message.role) ? ROLES : [...ROLES, message.role];
  return (
    <article className={`message editable ${roleLook(message.role)}`}>
      <div className="heading">
        <select
          className="field"
          aria-label={`Role of message ${number}`}
          value={message.role}
          onChange={(event) => onChange({ ...message, role: event.target.value })}
        >
          {roles.map((role) => (
            <option key={role} value={role}>
              {role}
            </option>
          ))}
        </select>
        {message.isJson && <span className="soft">JSON</span>}
        <span className="push">
          {onUp && (
            <button type="button" className="button quiet" aria-label={`Move message ${number} up`} onClick={onUp}>
              ↑
            </button>
          )}
          <button type="button" className="button quiet" aria-label={`Remove message ${number}`} onClick={onRemove}>
            ✕
          </button>
        </span>
      </div>
      <textarea
        className={`field message-text${message.isJson ? ' mono' : ''}`}
        aria-label={`Message ${number}`}
        dir={message.isJson ? 'ltr' : 'auto'}
        rows={Math.min(20, Math.max(2, message.content.split('\n').length + Math.floor(message.content.length / 140)))}
        placeholder="What is said. {name} is a variable."
        value={message.content}
        onChange={(event) => onChange({ ...message, content: event.target.value })}
      />
    </article>
  );
} // prettier-ignore
