import { setTimeout as pause } from 'node:timers/promises';
import { AppError } from '@weft/model';
import type { Logger } from '@weft/runtime';
import type { CallChange, TraceReader } from '@weft/trace-store';

/** What a watch tells: calls of which something was stored, or that there is more than can be told. */
export type Change =
  { readonly kind: 'calls'; readonly calls: readonly CallChange[] } | { readonly kind: 'reset' };

export interface LiveCalls {
  /**
   * Calls of the project as they change, each about half a second after it can be read. `reset`: so much changed, or so much may
   * have been missed, that the listener does better to read anew. @returns ends it.
   */
  watch(projectId: string, listener: (change: Change) => void): () => void;
}

const EVERY_MS = 500;
/** Rows stored within this time are looked at again each time: what several writers store comes in no order. */
const WINDOW_S = 6;
const MAX_CHANGES = 500;
const MAX_PAUSE_MS = 5000;

/** One look at the store for all who watch a project, however many; none where nobody does. */
export function createLiveCalls(reader: Pick<TraceReader, 'changedCalls'>, logger: Logger): LiveCalls {
  const watches = new Map<string, Set<(change: Change) => void>>();

  async function look(projectId: string, seen: Map<string, number>): Promise<CallChange[]> {
    const query = { projectId, withinSeconds: WINDOW_S, limit: MAX_CHANGES + 1 };
    const found = await reader.changedCalls(query);
    const now = Date.now();
    const fresh = found.filter(({ row }) => !seen.has(row));
    for (const { row } of found) seen.set(row, now);
    for (const [row, at] of seen) if (now - at > 2000 * WINDOW_S) seen.delete(row);
    return fresh;
  }

  async function run(projectId: string, listeners: Set<(change: Change) => void>): Promise<void> {
    const seen = new Map<string, number>();
    let isFirst = true;
    let failures = 0;
    while (listeners.size > 0) {
      let change: Change | undefined;
      try {
        const calls = await look(projectId, seen);
        const mayHaveMissed = failures > 0 || calls.length > MAX_CHANGES;
        if (mayHaveMissed) change = { kind: 'reset' };
        else if (calls.length > 0 && !isFirst) change = { kind: 'calls', calls };
        isFirst = false;
        failures = 0;
      } catch (error) {
        // The store is away for a while: the streams stay.
        if (!(error instanceof AppError)) logger.error({ err: error, projectId }, 'cannot look for changes');
        failures++;
      }
      if (change !== undefined) for (const listener of listeners) listener(change);
      await pause(Math.min(EVERY_MS * 2 ** failures, MAX_PAUSE_MS), undefined, { ref: false });
    }
    if (watches.get(projectId) === listeners) watches.delete(projectId);
  }

  return {
    watch(projectId, listener) {
      let listeners = watches.get(projectId);
      if (listeners === undefined || listeners.size === 0) {
        listeners = new Set();
        watches.set(projectId, listeners);
        listeners.add(listener);
        void run(projectId, listeners);
      } else listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}
