import { useQuery, useQueryClient } from '@tanstack/react-query';
import { Link, useParams, useSearch } from '@tanstack/react-router';
import { feedbackQuery, isScore } from '../../api/call.ts';
import { callQuery, type Call } from '../../api/calls.ts';
import { traceOfCallQuery } from '../../api/trace.ts';
import { listedTraceOf } from '../../api/traces.ts';
import { member } from '../../ui/json-tree/json-value.ts';
import { Empty, ErrorNote, Loading } from '../../ui/notes.tsx';
import { TraceView } from '../trace/trace-view.tsx';
import { shownTraceOf } from '../trace/use-trace.ts';
import { CallHeader } from './call-header.tsx';
import { CallTab } from './call-tab.tsx';
import { ChatTab } from './chat-tab.tsx';
import { CodeTab } from './code-tab.tsx';
import { CompareTab } from './compare-tab.tsx';
import { FeedbackTab } from './feedback-tab.tsx';
import { OtelTab } from './otel-tab.tsx';
import type { CallSearch } from './routes.ts';
import { ScoresTab } from './scores-tab.tsx';
import { TABS, tabOf, type Tab } from './tabs.ts';
import { UsageTab } from './usage-tab.tsx';
import { UseTab } from './use-tab.tsx';
import './call.css';

/** One call with its trace around it. */
export function CallPage() {
  const { entity, project, id } = useParams({ strict: false }) as {
    entity: string;
    project: string;
    id: string;
  };
  const projectId = `${entity}/${project}`;
  const queries = useQueryClient();
  const call = useQuery(callQuery(projectId, id));
  const first = useQuery({ ...traceOfCallQuery(projectId, id), enabled: false });
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
  // Nobody waits for the call to see the trace: who comes from a list or another call of it, or by a link.
  const known = shownTraceOf(projectId, id) ?? listedTraceOf(queries, projectId, id);
  const isComing = known === undefined && first.isFetching;
  const traceId = isComing ? undefined : (call.data?.trace_id ?? known ?? first.data?.part.trace_id);
  if (traceId === undefined && call.data === undefined) return <Loading what="the call" />;
  return (
    <div className="call">
      <nav className="side" aria-label="Trace">
        {traceId === undefined ? (
          <Loading what="the trace" />
        ) : (
          <TraceView projectId={projectId} traceId={traceId} here={id} first={first.data} />
        )}
      </nav>
      <article className="detail">
        {call.data === undefined ? <Loading what="the call" /> : <Found call={call.data} />}
      </article>
    </div>
  );
}

function Found({ call }: { readonly call: Call }) {
  const search: CallSearch = useSearch({ strict: false });
  const tab = tabOf(search.tab, call);
  return (
    <>
      <CallHeader call={call} />
      <Tabs call={call} tab={tab} />
      <Shown key={`${call.id} ${tab}`} call={call} tab={tab} />
    </>
  );
}

function Tabs({ call, tab }: { readonly call: Call; readonly tab: Tab }) {
  const [entity, project] = call.project_id.split('/') as [string, string];
  const feedback = useQuery(feedbackQuery(call));
  const scores = feedback.data?.filter(isScore).length ?? 0;
  const counts: Partial<Record<Tab, number>> = {
    feedback: (feedback.data?.length ?? 0) - scores,
    scores,
  };
  const shown = TABS.filter(
    ([each]) => each !== 'otel' || member(call.attributes, 'otel_span') !== undefined,
  );
  return (
    <nav className="tabs" aria-label="Of the call">
      {shown.map(([each, title]) => (
        <Link
          key={each}
          to="/$entity/$project/weave/calls/$id"
          params={{ entity, project, id: call.id }}
          search={(before: CallSearch) => ({ ...before, tab: each })}
          activeProps={{}}
          aria-current={each === tab ? 'page' : undefined}
        >
          {title}
          {(counts[each] ?? 0) > 0 && <span className="call-count">{counts[each]}</span>}
        </Link>
      ))}
    </nav>
  );
}

function Shown({ call, tab }: { readonly call: Call; readonly tab: Tab }) {
  switch (tab) {
    case 'chat':
      return <ChatTab call={call} />;
    case 'call':
      return <CallTab call={call} />;
    case 'feedback':
      return <FeedbackTab call={call} />;
    case 'scores':
      return <ScoresTab call={call} />;
    case 'usage':
      return <UsageTab call={call} />;
    case 'code':
      return <CodeTab call={call} />;
    case 'use':
      return <UseTab call={call} />;
    case 'otel':
      return <OtelTab call={call} />;
    case 'compare':
      return <CompareTab call={call} />;
  }
}
