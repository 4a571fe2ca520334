import { useQueryClient, type InfiniteData, type QueryKey } from '@tanstack/react-query';
import { useEffect, useRef, useState } from 'react';
import type { Call } from '../../api/calls.ts';
import { liveCalls } from '../../api/live.ts';
import type { TracesFilter } from '../../api/trace-filters.ts';
import type { CallsPage, TracesShown } from '../../api/traces.ts';

type Pages = InfiniteData<CallsPage, string | undefined>;

/** `off`: nobody wants it. `polling`: the server has no stream for us now. */
export type LiveState = 'off' | 'connecting' | 'live' | 'polling';

export interface Live {
  readonly state: LiveState;
  /** Calls that came and are held back. */
  readonly waiting: number;
  /** Puts them into the list. */
  show(): void;
}

const RETRY_MS = 15_000;
const AGAIN_MS = 1000;
/** A list that has grown this long by itself is read anew. */
const MAX_FIRST_PAGE = 1000;
const MAX_WAITING = 999;
const MAX_PAGES_ANEW = 5;

/**
 * Keeps a list as it is in the store. What changes is put right where it stands; what is new goes on top, or is held back
 * while `isHeld`.
 */
export function useLive({
  projectId,
  filter,
  shown,
  queryKey,
  isWanted,
  isHeld,
}: {
  readonly projectId: string;
  readonly filter: TracesFilter;
  readonly shown: TracesShown;
  readonly queryKey: QueryKey;
  readonly isWanted: boolean;
  readonly isHeld: boolean;
}): Live {
  const queries = useQueryClient();
  const [state, setState] = useState<LiveState>('off');
  const [waiting, setWaiting] = useState<ReadonlyMap<string, Call>>(new Map());
  const held = useRef(isHeld);
  held.current = isHeld;
  const key = JSON.stringify(queryKey);
  const asked = useRef({ filter, shown, queryKey });
  asked.current = { filter, shown, queryKey };

  useEffect(() => {
    setWaiting(new Map());
    if (!isWanted) return setState('off');
    const stop = new AbortController();
    // Of a long list only who is at its top would see it.
    const readAnew = () => {
      const pages = queries.getQueryData<Pages>(asked.current.queryKey)?.pages.length ?? 0;
      if (pages <= MAX_PAGES_ANEW) void queries.invalidateQueries({ queryKey: asked.current.queryKey });
    };
    let isReset = false;
    const reset = () => {
      // Floods ask for it twice a second.
      if (isReset) return;
      isReset = true;
      setTimeout(() => {
        isReset = false;
        if (!stop.signal.aborted && !held.current) readAnew();
      }, AGAIN_MS);
    };
    const take = (changed: readonly string[], calls: readonly Call[]) => {
      const { queryKey: at } = asked.current;
      const data = queries.getQueryData<Pages>(at);
      if (data === undefined || queries.isFetching({ queryKey: at, exact: true }) > 0) return reset();
      const { pages, fresh } = merge(data, changed, calls);
      if (fresh.length > 0 && held.current)
        setWaiting((before) => new Map([...before, ...fresh.map((call) => [call.id, call] as const)]));
      else if (fresh.length + (pages[0]?.calls.length ?? 0) > MAX_FIRST_PAGE) return reset();
      queries.setQueryData<Pages>(at, { ...data, pages: held.current ? pages : onTop(pages, fresh) });
    };
    const run = async () => {
      while (!stop.signal.aborted) {
        let waitMs = AGAIN_MS;
        try {
          setState((before) => (before === 'live' ? before : 'connecting'));
          const { filter: wanted, shown: members } = asked.current;
          for await (const event of liveCalls(projectId, wanted, members, stop.signal)) {
            setState('live');
            if (event.kind === 'calls') take(event.changed, event.calls);
            // What came before the stream began.
            else reset();
          }
        } catch {
          if (stop.signal.aborted) return;
          setState('polling');
          waitMs = RETRY_MS;
        }
        await new Promise((resolve) => setTimeout(resolve, waitMs));
      }
    };
    void run();
    return () => stop.abort();
  }, [queries, projectId, key, isWanted]);

  return {
    state,
    waiting: Math.min(waiting.size, MAX_WAITING),
    show() {
      const data = queries.getQueryData<Pages>(queryKey);
      if (data !== undefined && data.pages.length === 1 && waiting.size < 200)
        queries.setQueryData<Pages>(queryKey, { ...data, pages: onTop(data.pages, [...waiting.values()]) });
      else void queries.resetQueries({ queryKey });
      setWaiting(new Map());
    },
  };
}

/** The pages with what changed put right, and the calls that no page has. */
function merge(
  { pages }: Pages,
  changed: readonly string[],
  calls: readonly Call[],
): { pages: CallsPage[]; fresh: Call[] } {
  const now = new Map(calls.map((call) => [call.id, call]));
  const ids = new Set(changed);
  const known = new Set<string>();
  const merged = pages.map((page) => {
    if (!page.calls.some(({ id }) => ids.has(id))) return page;
    for (const { id } of page.calls) if (ids.has(id)) known.add(id);
    return {
      ...page,
      calls: page.calls.flatMap((call) => (ids.has(call.id) ? (now.get(call.id) ?? []) : [call])),
    };
  });
  // Older than what is loaded: it comes with the page that it is on.
  const last = pages.at(-1);
  const oldest = last?.next == null ? '' : (last.calls.at(-1)?.started_at ?? '');
  return {
    pages: merged,
    fresh: calls.filter(({ id, started_at: at }) => !known.has(id) && at >= oldest),
  };
}

function onTop(pages: readonly CallsPage[], fresh: readonly Call[]): CallsPage[] {
  const [first, ...others] = pages;
  if (first === undefined || fresh.length === 0) return [...pages];
  const there = new Set(pages.flatMap(({ calls }) => calls.map(({ id }) => id)));
  const added = fresh.filter(({ id }) => !there.has(id));
  const calls = [...added, ...first.calls].sort((a, b) =>
    a.started_at < b.started_at ? 1 : a.started_at > b.started_at ? -1 : a.id < b.id ? 1 : -1,
  );
  return [{ ...first, calls }, ...others];
}
