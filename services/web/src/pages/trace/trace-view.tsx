import { useLocation, useNavigate, useSearch } from '@tanstack/react-router';
import { useCallback, useEffect, useState } from 'react';
import type { FirstPart } from '../../api/trace.ts';
import { ErrorNote, Loading } from '../../ui/notes.tsx';
import { CallTree } from './call-tree.tsx';
import { FlameView } from './flame-view.tsx';
import type { Picture, TimeWindow } from './picture.ts';
import { readTraceSearch, type TraceSearch } from './trace-search.ts';
import { TraceTools } from './trace-tools.tsx';
import { useFound } from './use-found.ts';
import { useTrace } from './use-trace.ts';
import './trace.css';

/** The calls around one call: a tree with its waterfall, or a flame picture. Loads them itself, part by part. */
export function TraceView({
  projectId,
  traceId,
  here: hereId,
  first,
}: {
  readonly projectId: string;
  readonly traceId: string;
  readonly here: string;
  readonly first?: FirstPart | undefined;
}) {
  const { session, state } = useTrace(projectId, traceId, first);
  const search = readTraceSearch(useSearch({ strict: false }));
  const here = state.version === 0 ? -1 : session.table.ids.findText(hereId);
  const { hrefOf, open, change } = useAddress(projectId, (row) => session.table.ids.textOf(row));
  const [chosen, setFocus] = useFocus(here);
  const [zoomed, zoom] = useState<TimeWindow>();
  const [isWide, setWide] = useState(false);
  const picture: Picture = {
    session,
    state,
    here,
    focus: chosen < session.table.count ? chosen : here,
    setFocus,
    open: (row) => {
      setWide(false);
      open(row);
    },
    hrefOf,
    zoom,
    window: zoomed ?? { fromUs: 0, toUs: state.nowUs },
    isZoomed: zoomed !== undefined,
  };
  const found = useFound(picture, search);
  if (state.version === 0)
    return state.error === undefined ? (
      <Loading what="the trace" />
    ) : (
      <ErrorNote error={state.error} retry={() => void session.load()} />
    );
  return (
    <div className={`trace${isWide ? ' trace-wide' : ''}`}>
      <TraceTools picture={picture} search={search} found={found} change={change} wide={[isWide, setWide]} />
      {state.error !== undefined && <ErrorNote error={state.error} retry={() => void session.load()} />}
      {search.view === 'flame' ? (
        <FlameView picture={picture} />
      ) : (
        <CallTree key={traceId} picture={picture} search={search} />
      )}
    </div>
  );
}

/** Starts at the call that the page shows, each time that is another one. */
function useFocus(here: number): [number, (row: number) => void] {
  const [focus, setFocus] = useState(here);
  useEffect(() => setFocus(here), [here]);
  return [focus, setFocus];
}

function useAddress(projectId: string, idOf: (row: number) => string) {
  const navigate = useNavigate();
  const searchText = useLocation({ select: (location) => location.searchStr });
  const [entity, project] = projectId.split('/') as [string, string];
  const base = `/${encodeURIComponent(entity)}/${encodeURIComponent(project)}/weave/calls/`;
  const change = useCallback(
    (changed: TraceSearch) =>
      void navigate({
        to: '.',
        search: ((before: Record<string, unknown>) => ({ ...before, ...changed })) as never,
        replace: true,
      }),
    [navigate],
  );
  return {
    hrefOf: (row: number) => `${base}${encodeURIComponent(idOf(row))}${searchText}`,
    open: (row: number) =>
      void navigate({
        to: '/$entity/$project/weave/calls/$id',
        params: { entity, project, id: idOf(row) },
        search: ((before: object) => before) as never,
      }),
    change,
  };
}
