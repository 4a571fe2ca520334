import type { CallPart, EndGroup, RenameGroup, SpanLog, StartGroup } from '@weft/model';
import { foldHashes, foldLogs, hashesOf, NO_HASHES, sumOf } from './logs.ts';

/**
 * What is known of one call: per group the part with the highest version, and all log records. Folding is a join of a
 * semilattice (commutative, associative, idempotent), so the result is a function of the *set* of parts, whatever their
 * order, repetition or batches.
 */
export interface CallState {
  readonly start?: StartGroup;
  readonly end?: EndGroup;
  readonly rename?: RenameGroup;
  /** In the order of their hashes, each once; not there = none. */
  readonly logs?: readonly SpanLog[];
}

/** Versions of the groups of a state; 0 where there is none. */
export interface CallVersions {
  readonly start: bigint;
  readonly end: bigint;
  readonly rename: bigint;
  /** Hashes of the log records, lowest first, each once. Their sum does not tell which of them are known: they are a set. */
  readonly logs: readonly bigint[];
}

export const NO_VERSIONS: CallVersions = { start: 0n, end: 0n, rename: 0n, logs: NO_HASHES };

export function fold(a: CallState, b: CallState): CallState {
  const groups = {
    start: newer(a.start, b.start),
    end: newer(a.end, b.end),
    rename: newer(a.rename, b.rename),
  };
  if (a.logs === undefined && b.logs === undefined) return groups;
  const logs = foldLogs(a.logs ?? [], b.logs ?? []);
  return logs.length === 0 ? groups : { ...groups, logs };
}

export function foldParts(parts: readonly CallPart[]): CallState {
  return parts.reduce<CallState>(fold, {});
}

export function versionsOf(state: CallState): CallVersions {
  return {
    start: state.start?.version ?? 0n,
    end: state.end?.version ?? 0n,
    rename: state.rename?.version ?? 0n,
    logs: hashesOf(state.logs),
  };
}

export function foldVersions(a: CallVersions, b: CallVersions): CallVersions {
  return {
    start: max(a.start, b.start),
    end: max(a.end, b.end),
    rename: max(a.rename, b.rename),
    logs: a.logs === NO_HASHES && b.logs === NO_HASHES ? NO_HASHES : foldHashes(a.logs, b.logs),
  };
}

/**
 * Version of the whole row: grows strictly when any group grows. Each group's is below 2^118, and so is the sum of any
 * number of hashes that memory holds, so it fits UInt128.
 */
export function rowVersion(versions: CallVersions): bigint {
  const { start, end, rename, logs } = versions;
  return start + end + rename + (logs.length === 0 ? 0n : sumOf(logs));
}

function newer<G extends { readonly version: bigint }>(a: G | undefined, b: G | undefined): G | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  return b.version > a.version ? b : a;
}

function max(a: bigint, b: bigint): bigint {
  return a > b ? a : b;
}
