import { useInfiniteQuery } from '@tanstack/react-query';
import { Link, useNavigate, useParams, useSearch } from '@tanstack/react-router';
import { useVirtualizer } from '@tanstack/react-virtual';
import { useEffect, useRef } from 'react';
import { latencyMs, tracesQuery, type Call, type TracesFilter } from '../../api/calls.ts';
import { duration, oneLine, opName } from '../../ui/format.ts';
import { Empty, ErrorNote, Loading } from '../../ui/notes.tsx';
import { Status } from '../../ui/status.tsx';
import { Time } from '../../ui/time.tsx';
import { FirstTrace } from './first-trace.tsx';
import { TracesTools } from './traces-tools.tsx';

const ROW_PX = 38;
/** New calls are looked for so often. */
const REFRESH_MS = 5000;

export function TracesPage() {
  const { entity, project } = useParams({ from: '/$entity/$project/weave/traces' });
  const filter = useSearch({ from: '/$entity/$project/weave/traces' });
  const navigate = useNavigate();
  const projectId = `${entity}/${project}`;
  const traces = useInfiniteQuery({
    ...tracesQuery(projectId, filter),
    refetchInterval: (query) => ((query.state.data?.pages.length ?? 0) <= 1 ? REFRESH_MS : false),
  });
  const calls = traces.data?.pages.flatMap((page) => page.calls) ?? [];
  const setFilter = (search: TracesFilter) =>
    void navigate({
      to: '/$entity/$project/weave/traces',
      params: { entity, project },
      search,
      replace: true,
    });
  return (
    <div className="traces">
      <h1 className="skip">Traces of {projectId}</h1>
      <TracesTools filter={filter} onChange={setFilter} />
      {traces.isPending && <Loading what="traces" />}
      {traces.isError && (
        <div className="page">
          <ErrorNote error={traces.error} retry={() => void traces.refetch()} />
        </div>
      )}
      {traces.isSuccess && calls.length === 0 && (
        <NoCalls filter={filter} projectId={projectId} onReset={() => setFilter({})} />
      )}
      {calls.length > 0 && (
        <TraceList
          calls={calls}
          hasMore={traces.hasNextPage}
          onMore={() => !traces.isFetching && void traces.fetchNextPage()}
        />
      )}
    </div>
  );
}

function NoCalls({
  filter,
  projectId,
  onReset,
}: {
  readonly filter: TracesFilter;
  readonly projectId: string;
  readonly onReset: () => void;
}) {
  if (Object.keys(filter).length === 0) return <FirstTrace projectId={projectId} />;
  return (
    <Empty title="No trace matches">
      <p>
        <button className="button" onClick={onReset}>
          Show all traces
        </button>
      </p>
    </Empty>
  );
}

function TraceList({
  calls,
  hasMore,
  onMore,
}: {
  readonly calls: readonly Call[];
  readonly hasMore: boolean;
  readonly onMore: () => void;
}) {
  const scroller = useRef<HTMLDivElement>(null);
  const rows = useVirtualizer({
    count: calls.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW_PX,
    overscan: 12,
    getItemKey: (index) => `${calls[index]!.trace_id} ${calls[index]!.id}`,
  });
  const items = rows.getVirtualItems();
  const last = items.at(-1)?.index ?? 0;
  useEffect(() => {
    if (hasMore && last >= calls.length - 30) onMore();
  });
  return (
    <div className="list" ref={scroller} tabIndex={0} aria-label="Traces, the newest first">
      <div className="row head" aria-hidden="true">
        <span>Started</span>
        <span className="wide">Name</span>
        <span className="wide">Inputs</span>
        <span className="wide">Output</span>
        <span>Status</span>
        <span className="number">Latency</span>
      </div>
      <div style={{ height: rows.getTotalSize(), position: 'relative' }}>
        {items.map((item) => (
          <TraceRow key={item.key} call={calls[item.index]!} top={item.start} />
        ))}
      </div>
    </div>
  );
}

function TraceRow({ call, top }: { readonly call: Call; readonly top: number }) {
  const [entity, project] = call.project_id.split('/') as [string, string];
  const latency = latencyMs(call);
  return (
    <Link
      className="row"
      style={{ transform: `translateY(${top}px)` }}
      to="/$entity/$project/weave/calls/$id"
      params={{ entity, project, id: call.id }}
      search={{}}
    >
      <span className="soft wide">
        <Time at={call.started_at} />
      </span>
      <span className="cut">{call.display_name ?? opName(call.op_name)}</span>
      <span className="cut soft wide">{oneLine(call.inputs)}</span>
      <span className="cut soft wide">{call.exception ?? oneLine(call.output)}</span>
      <Status call={call} />
      <span className="number">{latency === undefined ? '' : duration(latency)}</span>
    </Link>
  );
}
