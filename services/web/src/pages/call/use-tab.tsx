import type { Call } from '../../api/calls.ts';
import { CopyButton } from '../../ui/copy.tsx';
import { snippetsOf } from './snippets.ts';

/** How programs get at this call. */
export function UseTab({ call }: { readonly call: Call }) {
  return (
    <>
      {snippetsOf(call, window.location.origin).map(({ title, code }) => (
        <section key={title}>
          <div className="jt-head">
            <h2>{title}</h2>
            <span className="jt-tools">
              <CopyButton text={() => code} label={`Copy “${title}”`} />
            </span>
          </div>
          <pre className="json" tabIndex={0} dir="ltr">
            {code}
          </pre>
        </section>
      ))}
    </>
  );
}
