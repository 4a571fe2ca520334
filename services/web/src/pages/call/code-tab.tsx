import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { opQuery, type OpVersion } from '../../api/call.ts';
import type { Call } from '../../api/calls.ts';
import { fileTextQuery } from '../../api/files.ts';
import { ApiError } from '../../api/request.ts';
import { CopyButton } from '../../ui/copy.tsx';
import { Editor } from '../../ui/editor.tsx';
import { isFields, member } from '../../ui/json-tree/json-value.ts';
import { ErrorNote, Loading } from '../../ui/notes.tsx';
import { readRef } from '../../ui/ref-link.tsx';
import { Time } from '../../ui/time.tsx';

/** The code that ran, in the version that ran. */
export function CodeTab({ call }: { readonly call: Call }) {
  const ref = readRef(call.op_name);
  if (ref?.kind !== 'op') return <NoCode />;
  return <OfOp call={call} name={ref.name} digest={ref.version} />;
}

function NoCode() {
  return (
    <div className="card">
      <p style={{ margin: 0 }}>
        No code is stored for this call. Functions that are traced with <code>@weave.op</code> (Python) or{' '}
        <code>weave.op(…)</code> (TypeScript) store theirs; spans of OpenTelemetry have none.
      </p>
    </div>
  );
}

function OfOp({
  call,
  name,
  digest,
}: {
  readonly call: Call;
  readonly name: string;
  readonly digest: string;
}) {
  const op = useQuery(opQuery(call.project_id, name, digest));
  if (op.isPending) return <Loading what="the op" />;
  if (op.isError)
    return op.error instanceof ApiError && op.error.status === 404 ? (
      <NoCode />
    ) : (
      <ErrorNote error={op.error} retry={() => void op.refetch()} />
    );
  const [entity, project] = call.project_id.split('/') as [string, string];
  return (
    <>
      <p className="heading">
        <b>
          <bdi>{name}</bdi>
        </b>
        <span className="tag">version {op.data.version_index}</span>
        {op.data.is_latest === 1 && <span className="tag">latest</span>}
        <span className="soft">
          stored <Time at={op.data.created_at} />
        </span>
        <Link
          to="/$entity/$project/weave/objects/$name/versions/$version"
          params={{ entity, project, name, version: op.data.digest }}
        >
          All versions and calls of it
        </Link>
      </p>
      <Source call={call} op={op.data} />
    </>
  );
}

function Source({ call, op }: { readonly call: Call; readonly op: OpVersion }) {
  const digest = codeFile(op.val);
  const code = useQuery({
    ...fileTextQuery(call.project_id, digest ?? ''),
    enabled: digest !== undefined,
  });
  if (digest === undefined) return <NoCode />;
  if (code.isPending) return <Loading what="the code" />;
  if (code.isError) return <ErrorNote error={code.error} retry={() => void code.refetch()} />;
  const isPython = member(member(call.attributes, 'weave'), 'source') !== 'js-sdk';
  return (
    <>
      <Editor value={code.data} language={isPython ? 'python' : 'text'} label={`Code of ${op.object_id}`} />
      <p>
        <CopyButton className="button" text={() => code.data}>
          Copy the code
        </CopyButton>
      </p>
    </>
  );
}

/** The digest of the file with an op's code. */
function codeFile(val: unknown): string | undefined {
  const files = member(val, 'files');
  if (!isFields(files)) return undefined;
  const digest = member(files, 'obj.py') ?? Object.values(files)[0];
  return typeof digest === 'string' ? digest : undefined;
}
