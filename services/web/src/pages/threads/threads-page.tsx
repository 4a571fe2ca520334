import { useQuery } from '@tanstack/react-query';
import { Link, useNavigate, useParams, useSearch } from '@tanstack/react-router';
import { MAX_THREADS, threadsQuery, type Thread } from '../../api/threads.ts';
import { count, duration } from '../../ui/format.ts';
import { Empty, ErrorNote, Loading } from '../../ui/notes.tsx';
import { Time } from '../../ui/time.tsx';
import { FirstThread } from './first-thread.tsx';
import { RANGES, type ThreadsSearch } from './threads-search.ts';
import { ThreadsTools } from './threads-tools.tsx';
import './threads.css';

const HERE = '/$entity/$project/weave/threads';
const REFRESH_MS = 5000;

/** Conversations, those that went on last first. */
export function ThreadsPage() {
  const params = useParams({ from: HERE });
  const search = useSearch({ from: HERE });
  const navigate = useNavigate();
  const projectId = `${params.entity}/${params.project}`;
  const { text = '', since, sort = 'last_updated' } = search;
  const threads = useQuery({
    ...threadsQuery(projectId, { sort, sinceMs: since && RANGES[since] }),
    refetchInterval: REFRESH_MS,
  });
  // Beyond those of the list one is found by its whole id.
  const isCut = (threads.data?.length ?? 0) >= MAX_THREADS;
  const exact = useQuery({
    ...threadsQuery(projectId, { sort, ids: [text] }),
    enabled: isCut && text !== '',
  });
  const change = (next: ThreadsSearch) => void navigate({ to: HERE, params, search: next, replace: true });
  const all = threads.data ?? [];
  const shown = all.filter((thread) => thread.thread_id.toLowerCase().includes(text.toLowerCase()));
  const more = (exact.data ?? []).filter((each) => !shown.some((one) => one.thread_id === each.thread_id));
  if (threads.isSuccess && all.length === 0 && Object.keys(search).length === 0)
    return <FirstThread projectId={projectId} />;
  return (
    <div className="threads">
      <h1 className="skip">Threads of {projectId}</h1>
      <ThreadsTools search={search} onChange={change} />
      {threads.isPending && <Loading what="threads" />}
      {threads.isError && (
        <div className="page">
          <ErrorNote error={threads.error} retry={() => void threads.refetch()} />
        </div>
      )}
      {threads.isSuccess && shown.length + more.length === 0 && (
        <Empty title="No thread matches">
          <button className="button" onClick={() => change({})}>
            Show all threads
          </button>
        </Empty>
      )}
      {shown.length + more.length > 0 && <ThreadsTable threads={[...shown, ...more]} />}
      {isCut && (
        <p className="soft threads-cut">
          The first {count.format(MAX_THREADS)} are listed: choose a time, or search for a whole id.
        </p>
      )}
    </div>
  );
}

function ThreadsTable({ threads }: { readonly threads: readonly Thread[] }) {
  const { entity, project } = useParams({ from: HERE });
  const ms = (value: number | null) => (value === null ? '' : duration(value));
  return (
    <div
      className="scroll-x threads-list"
      tabIndex={0}
      role="region"
      aria-label="Threads, those that went on last first"
    >
      <table className="plain">
        <thead>
          <tr>
            <th scope="col">Thread</th>
            <th scope="col" className="number">
              Turns
            </th>
            <th scope="col">First turn</th>
            <th scope="col">Last turn</th>
            <th scope="col" className="number">
              Turn, median
            </th>
            <th scope="col" className="number">
              Turn, 99 %
            </th>
          </tr>
        </thead>
        <tbody>
          {threads.map((thread) => (
            <tr key={thread.thread_id}>
              <td className="threads-id">
                <Link
                  to="/$entity/$project/weave/threads/$thread"
                  params={{ entity, project, thread: thread.thread_id }}
                >
                  <bdi>{thread.thread_id.slice(0, 300)}</bdi>
                </Link>
              </td>
              <td className="number">{count.format(thread.turn_count)}</td>
              <td className="soft threads-time">
                <Time at={thread.start_time} />
              </td>
              <td className="soft threads-time">
                <Time at={thread.last_updated} />
              </td>
              <td className="number">{ms(thread.p50_turn_duration_ms)}</td>
              <td className="number">{ms(thread.p99_turn_duration_ms)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
