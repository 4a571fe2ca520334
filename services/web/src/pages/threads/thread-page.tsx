import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { Link, useParams } from '@tanstack/react-router';
import { useEffect, useMemo, useRef } from 'react';
import { latencyMs, type Call } from '../../api/calls.ts';
import { turnsQuery, usageQuery, type Used } from '../../api/threads.ts';
import { count, duration, money } from '../../ui/format.ts';
import { Empty, ErrorNote, Loading } from '../../ui/notes.tsx';
import { Time } from '../../ui/time.tsx';
import { Turn } from './turn.tsx';
import { topTurns } from './turn-text.ts';
import './threads.css';

const REFRESH_MS = 4000;
/** Pages that are asked for again and again. */
const LIVE_PAGES = 4;

/** One conversation, from the first turn that is shown to the last one, which appears by itself. */
export function ThreadPage() {
  const { entity, project, thread } = useParams({ from: '/$entity/$project/weave/threads/$thread' });
  const projectId = `${entity}/${project}`;
  const turns = useInfiniteQuery({
    ...turnsQuery(projectId, thread),
    refetchInterval: ({ state }) => ((state.data?.pages.length ?? 0) <= LIVE_PAGES ? REFRESH_MS : false),
  });
  const calls = useMemo(() => topTurns(turns.data?.pages.flatMap((page) => page.calls) ?? []), [turns.data]);
  if (turns.isPending) return <Loading what="the thread" />;
  if (turns.isError)
    return (
      <div className="page">
        <ErrorNote error={turns.error} retry={() => void turns.refetch()} />
      </div>
    );
  if (calls.length === 0)
    return (
      <Empty title="This thread has no turns">
        <p className="soft">They are deleted, or not stored yet: this page looks every few seconds.</p>
        <Link to="/$entity/$project/weave/threads" params={{ entity, project }} search={{}}>
          See all threads
        </Link>
      </Empty>
    );
  return (
    <Conversation
      {...{ projectId, thread, calls }}
      onEarlier={turns.hasNextPage ? () => void turns.fetchNextPage() : undefined}
    />
  );
}

interface ConversationProps {
  readonly projectId: string;
  readonly thread: string;
  readonly calls: readonly Call[];
  /** Undefined: the first turn is shown. */
  readonly onEarlier: (() => void) | undefined;
}

function Conversation({ projectId, thread, calls, onEarlier }: ConversationProps) {
  const usage = useQuery({
    ...usageQuery(projectId, calls.map(({ id }) => id)),
    placeholderData: (before) => before,
    refetchInterval: calls.some(({ ended_at: end }) => end === null) ? REFRESH_MS : false,
  });
  const end = useEndInSight(calls.at(-1)?.id);
  return (
    <div className="page threads-conversation">
      <h1>
        <bdi>{thread.slice(0, 500)}</bdi>
      </h1>
      <ThreadFacts calls={calls} usage={usage.data} isCut={onEarlier !== undefined} />
      {onEarlier !== undefined && (
        <p>
          <button className="button" onClick={onEarlier}>
            Show earlier turns
          </button>
        </p>
      )}
      <div role="log" aria-label="Turns">
        <ol className="threads-turns">
          {calls.map((call) => (
            <Turn key={call.id} call={call} used={usage.data?.get(call.id)} />
          ))}
        </ol>
      </div>
      <div ref={end} className="threads-end" />
    </div>
  );
} // prettier-ignore

/** Who reads the end goes on to do so when something comes. */
function useEndInSight(last: string | undefined): React.RefObject<HTMLDivElement | null> {
  const end = useRef<HTMLDivElement>(null);
  const isSeen = useRef(false);
  useEffect(() => {
    const observer = new IntersectionObserver(([entry]) => (isSeen.current = entry?.isIntersecting ?? false));
    observer.observe(end.current!);
    return () => observer.disconnect();
  }, []);
  const before = useRef(last);
  useEffect(() => {
    if (before.current !== last && isSeen.current) end.current?.scrollIntoView({ block: 'end' });
    before.current = last;
  }, [last]);
  return end;
}

interface ThreadFactsProps {
  readonly calls: readonly Call[];
  readonly usage: ReadonlyMap<string, Used> | undefined;
  /** There are earlier turns. */
  readonly isCut: boolean;
}

function ThreadFacts({ calls, usage, isCut }: ThreadFactsProps) {
  const used = [...(usage?.values() ?? [])];
  const tokens = used.reduce((sum, each) => sum + each.tokens, 0);
  const costs = used.flatMap(({ cost }) => cost ?? []);
  const busy = calls.reduce((sum, call) => sum + (latencyMs(call) ?? 0), 0);
  return (
    <dl className="facts">
      <div>
        <dt>Turns</dt>
        <dd>
          {count.format(calls.length)}
          {isCut && ' and earlier ones'}
        </dd>
      </div>
      <div>
        <dt>First</dt>
        <dd>
          <Time at={calls[0]!.started_at} />
        </dd>
      </div>
      <div>
        <dt>Last</dt>
        <dd>
          <Time at={calls.at(-1)!.started_at} />
        </dd>
      </div>
      <div>
        <dt>Time of all turns</dt>
        <dd>{duration(busy)}</dd>
      </div>
      <div>
        <dt>Tokens</dt>
        <dd>{usage === undefined ? '…' : count.format(tokens)}</dd>
      </div>
      {costs.length > 0 && (
        <div>
          <dt>Cost</dt>
          <dd>{money(costs.reduce((sum, each) => sum + each, 0))}</dd>
        </div>
      )}
    </dl>
  );
}
