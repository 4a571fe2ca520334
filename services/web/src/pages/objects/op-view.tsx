import { useQuery } from '@tanstack/react-query';
import { usesQuery, type ObjectVersion } from '../../api/objects.ts';
import { CopyButton } from '../../ui/copy.tsx';
import { Editor } from '../../ui/editor.tsx';
import { count } from '../../ui/format.ts';
import { ErrorNote, Loading } from '../../ui/notes.tsx';
import { useCode } from './code.ts';
import { TracesLink } from './used-by.tsx';

/** An op: its code, and how often it was called. */
export function OpView({ version }: { readonly version: ObjectVersion }) {
  const { code, error, file } = useCode(version);
  const uses = useQuery(usesQuery(version));
  return (
    <section>
      {uses.data !== undefined && (
        <p className="heading">
          <span>
            {uses.data.count === 0
              ? 'This version was never called.'
              : `Called ${count.format(uses.data.count)} ${uses.data.count === 1 ? 'time' : 'times'}.`}
          </span>
          {uses.data.count > 0 && <TracesLink version={version} />}
          <span className="push">
            {typeof code === 'string' && <CopyButton text={() => code}>Copy the code</CopyButton>}
          </span>
        </p>
      )}
      {error !== null && error !== undefined && <ErrorNote error={error} />}
      {code === null && (
        <p className="note">
          No code was sent with this op: clients can be told not to (WEAVE_CAPTURE_CODE=false in Python), and
          some never do.
        </p>
      )}
      {code === undefined && error === null && <Loading what="the code" />}
      {typeof code === 'string' && (
        <Editor
          value={code}
          language={file.endsWith('.py') ? 'python' : 'text'}
          label={`Code of ${version.object_id}`}
        />
      )}
    </section>
  );
}
