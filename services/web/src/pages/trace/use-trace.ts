import { useSyncExternalStore } from 'react';
import type { FirstPart } from '../../api/trace.ts';
import { TraceSession, type TraceState } from './data/trace-session.ts';

/** The trace that was looked at last: pages come and go with each call. */
let latest: TraceSession | undefined;

/** A part that is older is asked for again. */
const FRESH_MS = 10_000;

function sessionOf(projectId: string, traceId: string, first: FirstPart | undefined): TraceSession {
  if (latest?.projectId === projectId && latest.traceId === traceId) return latest;
  latest?.close();
  const isFresh = first?.part.trace_id === traceId && performance.now() - first.askedAtMs < FRESH_MS;
  latest = new TraceSession(projectId, traceId, isFresh ? first : undefined);
  return latest;
}

/** The trace of a call that is on the picture: it is known before the call is. */
export function shownTraceOf(projectId: string, callId: string): string | undefined {
  return latest?.projectId === projectId && latest.table.ids.findText(callId) >= 0
    ? latest.traceId
    : undefined;
}

/** @param first if it is there already: only the rest is loaded. */
export function useTrace(
  projectId: string,
  traceId: string,
  first?: FirstPart,
): { readonly session: TraceSession; readonly state: TraceState } {
  const session = sessionOf(projectId, traceId, first);
  return { session, state: useSyncExternalStore(session.subscribe, session.current) };
}
