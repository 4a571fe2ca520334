import type { CallPart } from '@weft/model';
import type { StoredRow } from './cache.ts';
import { fold, NO_VERSIONS, type CallState, type CallVersions } from './fold.ts';
import { callKey, type Wanted } from './lookup.ts';
import type { CallIdentity, CallRow } from './row.ts';

/** One call of the batch on its way into the store. */
export interface Work extends Wanted {
  incoming: CallState;
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
}

/** The calls that the parts speak of, by key. */
export function group(parts: readonly CallPart[]): Map<string, Work> {
  const calls = new Map<string, Work>();
  parts.forEach((part, index) => {
    const identity = { projectId: part.projectId, id: part.id, spanTraceId: part.spanTraceId ?? '' };
    const key = callKey(identity);
    const call = calls.get(key);
    if (call === undefined) {
      calls.set(key, newWork(key, identity, part, [index]));
      return;
    }
    call.incoming = fold(call.incoming, part);
    call.indexes.push(index);
  });
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
    indexes,
    stored: [],
    content: undefined,
    versions: NO_VERSIONS,
    ver: 0n,
    row: undefined,
  };
}
