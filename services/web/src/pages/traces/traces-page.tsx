import './traces.css';
import { useInfiniteQuery, useQueryClient } from '@tanstack/react-query';
import { useNavigate, useParams, useSearch } from '@tanstack/react-router';
import { useMemo, useRef, useState } from 'react';
import { matchingIds } from '../../api/bulk.ts';
import { tracesQuery } from '../../api/traces.ts';
import { count } from '../../ui/format.ts';
import { Empty, ErrorNote, Loading } from '../../ui/notes.tsx';
import { BulkBar } from './bulk/bulk-bar.tsx';
import { ColumnPicker } from './column-picker.tsx';
import { shownBy, toColumn, USUAL_COLUMNS } from './columns.tsx';
import { ExportDialog } from './export-dialog.tsx';
import { FirstTrace } from './first-trace.tsx';
import { TraceList } from './trace-list.tsx';
import { clean, filterOf, sortOf, type TracesSearch } from './traces-search.ts';
import { TracesTools } from './traces-tools.tsx';
import { useLive, type LiveState } from './use-live.ts';
import { useSelection } from './use-selection.ts';
import { ViewsMenu } from './views-menu.tsx';

/** Where there is no stream, new calls are looked for so often. */
const REFRESH_MS = 5000;

export function TracesPage() {
  const { entity, project } = useParams({ from: '/$entity/$project/weave/traces' });
  const search = useSearch({ from: '/$entity/$project/weave/traces' });
  const navigate = useNavigate();
  const queries = useQueryClient();
  const projectId = `${entity}/${project}`;
  const [isPaused, setPaused] = useState(false);
  const [isTop, setTop] = useState(true);
  const [isExport, setExport] = useState(false);
  const scroller = useRef<HTMLDivElement>(null);

  const key = JSON.stringify(search);
  // Same address, same objects: lines are drawn anew for new ones only.
  const { filter, columns, sort, shown } = useMemo(() => {
    const asked = JSON.parse(key) as TracesSearch;
    const cells = (asked.cols ?? USUAL_COLUMNS).map(toColumn);
    return { filter: filterOf(asked), columns: cells, sort: sortOf(asked), shown: shownBy(cells) };
  }, [key]);
  const isNewestFirst = sort === undefined;
  const options = tracesQuery(projectId, filter, shown, sort);
  const live = useLive({
    projectId,
    filter,
    shown,
    queryKey: options.queryKey,
    isWanted: isNewestFirst && !isPaused,
    isHeld: !isTop,
  });
  const traces = useInfiniteQuery({
    ...options,
    refetchInterval: (query) =>
      live.state === 'polling' && isTop && (query.state.data?.pages.length ?? 0) <= 1 ? REFRESH_MS : false,
  });
  const calls = useMemo(() => traces.data?.pages.flatMap((page) => page.calls) ?? [], [traces.data]);
  const selection = useSelection(calls);
  const open = (next: TracesSearch) => {
    scroller.current?.scrollTo({ top: 0 });
    selection.clear();
    void navigate({
      to: '/$entity/$project/weave/traces',
      params: { entity, project },
      search: clean(next),
      replace: true,
    });
  };
  const sortBy = (field: string) => {
    const isHighFirst = (sort ?? { field: 'started_at', direction: 'desc' }).direction === 'desc';
    const isSame = (sort?.field ?? 'started_at') === field;
    const by = isSame && isHighFirst ? field : `-${field}`;
    open({ ...search, sort: by === '-started_at' ? undefined : by });
  };
  return (
    <div className="traces">
      <h1 className="skip">Traces of {projectId}</h1>
      <TracesTools projectId={projectId} search={search} onChange={open}>
        {isNewestFirst && <LiveButton state={live.state} isPaused={isPaused} onChange={setPaused} />}
        <ViewsMenu projectId={projectId} search={search} onOpen={open} />
        <ColumnPicker
          projectId={projectId}
          chosen={search.cols ?? USUAL_COLUMNS}
          onChange={(cols) => open({ ...search, cols })}
        />
        <button className="button" onClick={() => setExport(true)}>
          Export
        </button>
      </TracesTools>
      <BulkBar
        projectId={projectId}
        calls={calls}
        selection={selection}
        readMore={traces.hasNextPage ? (signal) => matchingIds(projectId, filter, sort, signal) : undefined}
        onChanged={() => void queries.invalidateQueries({ queryKey: ['traces', projectId] })}
      />
      {traces.isPending && <Loading what="traces" />}
      {traces.isError && (
        <div className="page">
          <ErrorNote error={traces.error} retry={() => void traces.refetch()} />
        </div>
      )}
      {traces.isSuccess && calls.length === 0 && (
        <NoCalls search={search} projectId={projectId} onReset={() => open({ cols: search.cols })} />
      )}
      {calls.length > 0 && (
        <div className="list-frame">
          <TraceList
            calls={calls}
            columns={columns}
            isChosen={search.cols !== undefined}
            sort={sort}
            onSort={sortBy}
            selection={selection}
            hasMore={traces.hasNextPage}
            onMore={() => !traces.isFetching && void traces.fetchNextPage()}
            scroller={scroller}
            onTop={setTop}
          />
          {live.waiting > 0 && (
            <button
              className="button primary waiting"
              onClick={() => {
                live.show();
                scroller.current?.scrollTo({ top: 0 });
              }}
            >
              {count.format(live.waiting)} new
            </button>
          )}
          <p className="skip" role="status">
            {live.waiting > 0 && `${live.waiting} new calls`}
          </p>
        </div>
      )}
      {traces.data?.pages.at(-1)?.is_capped === true && (
        <p className="capped soft">
          In this order the first 10,000 calls are shown. Narrow the filter to see others.
        </p>
      )}
      {isExport && (
        <ExportDialog
          projectId={projectId}
          filter={filter}
          columns={columns}
          onClose={() => setExport(false)}
        />
      )}
    </div>
  );
}

const LIVE_WORDS: Readonly<Record<LiveState, string>> = {
  off: 'Paused',
  connecting: 'Live…',
  live: 'Live',
  polling: 'Every 5 s',
};

function LiveButton({
  state,
  isPaused,
  onChange,
}: {
  readonly state: LiveState;
  readonly isPaused: boolean;
  readonly onChange: (isPaused: boolean) => void;
}) {
  return (
    <button
      className={`button tail ${isPaused ? 'off' : state}`}
      aria-pressed={!isPaused}
      title={isPaused ? 'Show new calls as they come' : 'Stop showing new calls'}
      onClick={() => onChange(!isPaused)}
    >
      {isPaused ? 'Paused' : LIVE_WORDS[state]}
    </button>
  );
}

function NoCalls({
  search,
  projectId,
  onReset,
}: {
  readonly search: TracesSearch;
  readonly projectId: string;
  readonly onReset: () => void;
}) {
  if (Object.keys(filterOf(search)).length === 0) return <FirstTrace projectId={projectId} />;
  return (
    <Empty title="No trace matches">
      <p className="soft">
        {search.all !== true &&
          'Only the roots of traces are looked at: “every call” looks below them, too. '}
        {search.since !== undefined && 'Or they are older: choose “Any time”.'}
      </p>
      <p>
        <button className="button" onClick={onReset}>
          Show all traces
        </button>
      </p>
    </Empty>
  );
}
