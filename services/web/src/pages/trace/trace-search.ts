/** What the address says of the trace's picture. */
export interface TraceSearch {
  readonly view?: 'flame' | undefined;
  readonly errors?: true | undefined;
  readonly find?: string | undefined;
}

const MAX_FIND = 200;

/** Other members are those of the page around. */
export function readTraceSearch(search: Record<string, unknown>): TraceSearch {
  const { view, errors, find } = search;
  return {
    ...(view === 'flame' && { view }),
    ...(errors === true && { errors }),
    ...(typeof find === 'string' && find !== '' && { find: find.slice(0, MAX_FIND) }),
  };
}
