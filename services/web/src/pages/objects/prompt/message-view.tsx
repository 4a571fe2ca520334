import { useState } from 'react';
import { cutAtVariables, type Draft } from './messages.ts';

const SHOWN = 6000;

/** A role's class; one of any text. */
export const roleLook = (role: string) => `role-${/^[a-z]+$/.test(role) ? role : 'other'}`;

/** A message to read, its variables marked. */
export function MessageView({ message, label }: { readonly message: Draft; readonly label?: string }) {
  const [shown, setShown] = useState(SHOWN);
  const { role, content, isJson } = message;
  return (
    <article className={`message ${roleLook(role)}`}>
      <h3>
        <bdi>{label ?? role}</bdi>
      </h3>
      <div className={isJson ? 'object-text mono' : 'object-text'} dir={isJson ? 'ltr' : 'auto'}>
        {cutAtVariables(content.slice(0, shown))
          .slice(0, 2000)
          .map((part, index) =>
            part.isVariable ? <mark key={index}>{part.text}</mark> : <span key={index}>{part.text}</span>,
          )}
      </div>
      {content.length > shown && (
        <button className="button" onClick={() => setShown(shown * 4)}>
          Show more ({Math.ceil((content.length - shown) / 1000)} k characters are left)
        </button>
      )}
    </article>
  );
}
