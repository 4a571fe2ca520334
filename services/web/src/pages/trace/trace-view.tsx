import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useVirtualizer } from '@tanstack/react-virtual';
import { useEffect, useMemo, useRef } from 'react';
import { TREE_CALLS, traceQuery, type Call } from '../../api/calls.ts';
import { count, duration, opName } from '../../ui/format.ts';
import { ErrorNote, Loading } from '../../ui/notes.tsx';
import { toTraceTree, type TreeNode } from './trace-tree.ts';

const ROW_PX = 28;
const INDENT_PX = 14;
/** Deeper ones stand below each other: names need room. */
const MAX_DEPTH = 24;

/** The calls around one call, as a tree with its waterfall. */
export function TraceView({
  projectId,
  traceId,
  here,
}: {
  readonly projectId: string;
  readonly traceId: string;
  readonly here: string;
}) {
  const trace = useQuery(traceQuery(projectId, traceId));
  if (trace.isPending) return <Loading what="the trace" />;
  if (trace.isError) return <ErrorNote error={trace.error} retry={() => void trace.refetch()} />;
  return <Tree calls={trace.data} here={here} />;
}

function Tree({ calls, here }: { readonly calls: readonly Call[]; readonly here: string }) {
  const { nodes, durationMs } = useMemo(() => toTraceTree(calls), [calls]);
  const scroller = useRef<HTMLDivElement>(null);
  const rows = useVirtualizer({
    count: nodes.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW_PX,
    overscan: 20,
  });
  const at = nodes.findIndex(({ call }) => call.id === here);
  const seen = useRef(false);
  useEffect(() => {
    if (seen.current || at < 0) return;
    seen.current = true;
    rows.scrollToIndex(at, { align: 'auto' });
  });
  return (
    <>
      <p className="soft" style={{ margin: 0, padding: '8px 12px' }}>
        {count.format(nodes.length)} {nodes.length === 1 ? 'call' : 'calls'} · {duration(durationMs)}
        {nodes.length >= TREE_CALLS && ` (the first ${count.format(TREE_CALLS)})`}
      </p>
      <div className="list" ref={scroller} tabIndex={0} aria-label="Calls of the trace">
        <div style={{ height: rows.getTotalSize(), position: 'relative' }}>
          {rows.getVirtualItems().map((item) => (
            <Node
              key={item.key}
              node={nodes[item.index]!}
              top={item.start}
              durationMs={durationMs}
              isHere={item.index === at}
            />
          ))}
        </div>
      </div>
    </>
  );
}

function Node({
  node,
  top,
  durationMs,
  isHere,
}: {
  readonly node: TreeNode;
  readonly top: number;
  readonly durationMs: number;
  readonly isHere: boolean;
}) {
  const { call, depth, startMs, endMs } = node;
  const [entity, project] = call.project_id.split('/') as [string, string];
  const end = endMs ?? durationMs;
  const look = `node${isHere ? ' here' : ''}${call.exception !== null ? ' error' : ''}`;
  const bar = {
    left: `${(startMs / durationMs) * 100}%`,
    width: `${(Math.max(0, end - startMs) / durationMs) * 100}%`,
  };
  return (
    <Link
      className={look}
      style={{ transform: `translateY(${top}px)` }}
      to="/$entity/$project/weave/calls/$id"
      params={{ entity, project, id: call.id }}
      search={{}}
      aria-current={isHere ? 'true' : undefined}
    >
      <span className="cut" style={{ paddingLeft: Math.min(depth, MAX_DEPTH) * INDENT_PX }}>
        {call.display_name ?? opName(call.op_name)}
      </span>
      <span className="number soft">{endMs === null ? 'running' : duration(end - startMs)}</span>
      <span className="track" aria-hidden="true">
        <i style={bar} />
      </span>
    </Link>
  );
}
