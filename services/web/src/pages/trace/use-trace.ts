import { useSyncExternalStore } from 'react';
import { TraceSession, type TraceState } from './data/trace-session.ts';

/** The trace that was looked at last: pages come and go with each call. */
let latest: TraceSession | undefined;

function sessionOf(projectId: string, traceId: string): TraceSession {
  if (latest?.projectId === projectId && latest.traceId === traceId) return latest;
  latest?.close();
  latest = new TraceSession(projectId, traceId);
  return latest;
}

/** The trace of a call that is on the picture: it is known before the call is. */
export function shownTraceOf(projectId: string, callId: string): string | undefined {
  return latest?.projectId === projectId && latest.table.ids.findText(callId) >= 0
    ? latest.traceId
    : undefined;
}

export function useTrace(
  projectId: string,
  traceId: string,
): { readonly session: TraceSession; readonly state: TraceState } {
  const session = sessionOf(projectId, traceId);
  return { session, state: useSyncExternalStore(session.subscribe, session.current) };
}
