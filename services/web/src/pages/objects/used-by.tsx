import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { latencyMs, type Call } from '../../api/calls.ts';
import { refOf, usesQuery, type ObjectVersion } from '../../api/objects.ts';
import { count, duration, opName } from '../../ui/format.ts';
import { ErrorNote, Loading } from '../../ui/notes.tsx';
import { Status } from '../../ui/status.tsx';
import { Time } from '../../ui/time.tsx';

/** Calls of an op's version, or calls that were given a version of something else. */
export function UsedBy({ version }: { readonly version: ObjectVersion }) {
  const uses = useQuery(usesQuery(version));
  if (uses.isPending) return <Loading what="calls" />;
  if (uses.isError) return <ErrorNote error={uses.error} retry={() => void uses.refetch()} />;
  const isOp = version.kind === 'op';
  if (uses.data.count === 0)
    return (
      <p className="note">
        {isOp
          ? 'This version was never called, or its calls are deleted.'
          : 'No call was given this version. Calls are listed here when it, or a row of it, is among their inputs.'}
      </p>
    );
  return (
    <section>
      <p className="heading">
        <span>
          {count.format(uses.data.count)} {uses.data.count === 1 ? 'call' : 'calls'}{' '}
          {isOp ? 'of this version' : 'with this version among their inputs'}
          {uses.data.count > uses.data.calls.length && `; the newest ${uses.data.calls.length}:`}
        </span>
        <TracesLink version={version} />
      </p>
      <Calls calls={uses.data.calls} />
    </section>
  );
}

/** The list of traces, filtered by this version. */
export function TracesLink({ version }: { readonly version: ObjectVersion }) {
  const [entity, project] = version.project_id.split('/') as [string, string];
  const ref = refOf(version);
  return (
    <Link
      to="/$entity/$project/weave/traces"
      params={{ entity, project }}
      search={version.kind === 'op' ? { op: ref, all: true } : { text: ref, all: true }}
    >
      Show them in Traces
    </Link>
  );
}

function Calls({ calls }: { readonly calls: readonly Call[] }) {
  return (
    <div className="scroll-x" tabIndex={0} role="region" aria-label="Calls, the newest first">
      <table className="plain object-calls">
        <thead>
          <tr>
            <th scope="col">Call</th>
            <th scope="col">Started</th>
            <th scope="col">Status</th>
            <th scope="col" className="number">
              Latency
            </th>
          </tr>
        </thead>
        <tbody>
          {calls.map((call) => (
            <CallRow key={`${call.trace_id} ${call.id}`} call={call} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

function CallRow({ call }: { readonly call: Call }) {
  const [entity, project] = call.project_id.split('/') as [string, string];
  const latency = latencyMs(call);
  return (
    <tr>
      <td>
        <Link to="/$entity/$project/weave/calls/$id" params={{ entity, project, id: call.id }} search={{}}>
          <bdi>{call.display_name ?? opName(call.op_name)}</bdi>
        </Link>
      </td>
      <td className="soft">
        <Time at={call.started_at} />
      </td>
      <td>
        <Status call={call} />
      </td>
      <td className="number">{latency === undefined ? '' : duration(latency)}</td>
    </tr>
  );
}
