import type { CallPart, SpanLog } from '@weft/model';
import type { StoredRow } from './cache.ts';
import { fold, NO_VERSIONS, type CallState, type CallVersions } from './fold.ts';
import { callKey, type Wanted } from './lookup.ts';
import { foldAllLogs } from './logs.ts';
import type { CallIdentity, CallRow } from './row.ts';

/** One call of the batch on its way into the store. */
export interface Work extends Wanted {
  incoming: CallState;
  hasMoved: boolean;
  /** Places of its parts in the batch. */
  readonly indexes: number[];
  stored: readonly StoredRow[];
  /** Of the stored row, where it was remembered. */
  content: CallState | undefined;
  /** Of everything known, stored and incoming. */
  versions: CallVersions;
  ver: bigint;
  /** What has to be written; undefined = all of it is stored. */
  row: CallRow | undefined;
  /** Log records that there is no room for: hash → reason. */
  refusedLogs: ReadonlyMap<bigint, string>;
}

const NOTHING_REFUSED: ReadonlyMap<bigint, string> = new Map();

/** The calls that the parts speak of, by key. */
export function group(parts: readonly CallPart[]): Map<string, Work> {
  const calls = new Map<string, Work>();
  // A span may have very many records, each a part: they are put in order once.
  const logs = new Map<Work, (readonly SpanLog[])[]>();
  parts.forEach((part, index) => {
    const identity = { projectId: part.projectId, id: part.id, spanTraceId: part.spanTraceId ?? '' };
    const key = callKey(identity);
    const { start, end, rename, hasMoved = false } = part;
    let call = calls.get(key);
    if (call === undefined) {
      call = newWork(key, identity, { start, end, rename }, [index]);
      calls.set(key, call);
    } else {
      call.incoming = fold(call.incoming, { start, end, rename });
      call.indexes.push(index);
    }
    call.hasMoved ||= hasMoved;
    if (part.logs === undefined || part.logs.length === 0) return;
    const lists = logs.get(call);
    if (lists === undefined) logs.set(call, [part.logs]);
    else lists.push(part.logs);
  });
  for (const [call, lists] of logs) call.incoming = { ...call.incoming, logs: foldAllLogs(lists) };
  return calls;
}

export function newWork(
  key: string,
  { projectId, id, spanTraceId }: CallIdentity,
  incoming: CallState,
  indexes: number[],
): Work {
  return {
    key,
    projectId,
    id,
    spanTraceId,
    incoming,
    hasMoved: false,
    indexes,
    stored: [],
    content: undefined,
    versions: NO_VERSIONS,
    ver: 0n,
    row: undefined,
    refusedLogs: NOTHING_REFUSED,
  };
}
