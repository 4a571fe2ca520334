import { useQuery } from '@tanstack/react-query';
import { useParams } from '@tanstack/react-router';
import { callQuery, latencyMs, weaveOf, type Call } from '../../api/calls.ts';
import { duration, money, opName } from '../../ui/format.ts';
import { JsonText } from '../../ui/json-text.tsx';
import { Empty, ErrorNote, Loading } from '../../ui/notes.tsx';
import { Status } from '../../ui/status.tsx';
import { Time } from '../../ui/time.tsx';
import { TraceView } from '../trace/trace-view.tsx';

/** One call with its trace around it. */
export function CallPage() {
  const { entity, project, id } = useParams({ strict: false }) as {
    entity: string;
    project: string;
    id: string;
  };
  const projectId = `${entity}/${project}`;
  const call = useQuery(callQuery(projectId, id));
  if (call.isPending) return <Loading what="the call" />;
  if (call.isError)
    return (
      <div className="page">
        <ErrorNote error={call.error} retry={() => void call.refetch()} />
      </div>
    );
  if (call.data === null)
    return (
      <Empty title="There is no such call">
        <p className="soft">It is deleted, or not stored: {id}</p>
      </Empty>
    );
  return <Found call={call.data} />;
}

function Found({ call }: { readonly call: Call }) {
  return (
    <div className="call">
      <nav className="side" aria-label="Trace">
        <TraceView projectId={call.project_id} traceId={call.trace_id} here={call.id} />
      </nav>
      <article className="detail">
        <h1>{call.display_name ?? opName(call.op_name)}</h1>
        <Facts call={call} />
        {call.exception !== null && (
          <section>
            <h2 className="error-text">Error</h2>
            <pre className="json error-text">{call.exception}</pre>
          </section>
        )}
        <JsonText title="Inputs" value={call.inputs} />
        <JsonText title="Output" value={call.output} />
        <JsonText title="Attributes" value={call.attributes} isFolded />
        <JsonText title="Summary" value={call.summary} isFolded />
      </article>
    </div>
  );
}

function Facts({ call }: { readonly call: Call }) {
  const latency = latencyMs(call);
  const cost = costOf(call);
  return (
    <dl className="facts">
      <div>
        <dt>Status</dt>
        <dd>
          <Status call={call} />
        </dd>
      </div>
      <div>
        <dt>Started</dt>
        <dd>
          <Time at={call.started_at} />
        </dd>
      </div>
      {latency !== undefined && (
        <div>
          <dt>Latency</dt>
          <dd>{duration(latency)}</dd>
        </div>
      )}
      {cost !== undefined && (
        <div>
          <dt>Cost</dt>
          <dd>{money(cost)}</dd>
        </div>
      )}
      {call.wb_user_id !== null && (
        <div>
          <dt>User</dt>
          <dd>{call.wb_user_id}</dd>
        </div>
      )}
    </dl>
  );
}

/** US dollars over all models; undefined where no price is known. */
function costOf(call: Call): number | undefined {
  const costs = Object.values(weaveOf(call).costs ?? {});
  if (costs.length === 0) return undefined;
  const parts = ['prompt_tokens_total_cost', 'completion_tokens_total_cost'];
  return costs.reduce(
    (sum, cost) => sum + parts.reduce((all, part) => all + (Number(cost[part]) || 0), 0),
    0,
  );
}
