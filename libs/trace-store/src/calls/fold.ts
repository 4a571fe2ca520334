import type { CallPart, EndGroup, RenameGroup, StartGroup } from '@weft/model';

/**
 * What is known of one call: per group the part with the highest version. Folding is a join of a semilattice
 * (commutative, associative, idempotent), so the result is a function of the *set* of parts, whatever their order,
 * repetition or batches.
 */
export interface CallState {
  readonly start?: StartGroup;
  readonly end?: EndGroup;
  readonly rename?: RenameGroup;
}

/** Versions of the groups of a state; 0 where there is none. */
export interface CallVersions {
  readonly start: bigint;
  readonly end: bigint;
  readonly rename: bigint;
}

export const NO_VERSIONS: CallVersions = { start: 0n, end: 0n, rename: 0n };

export function fold(a: CallState, b: CallState): CallState {
  return { start: newer(a.start, b.start), end: newer(a.end, b.end), rename: newer(a.rename, b.rename) };
}

export function foldParts(parts: readonly CallPart[]): CallState {
  return parts.reduce<CallState>(fold, {});
}

export function versionsOf(state: CallState): CallVersions {
  return {
    start: state.start?.version ?? 0n,
    end: state.end?.version ?? 0n,
    rename: state.rename?.version ?? 0n,
  };
}

export function foldVersions(a: CallVersions, b: CallVersions): CallVersions {
  return { start: max(a.start, b.start), end: max(a.end, b.end), rename: max(a.rename, b.rename) };
}

/** Version of the whole row: grows strictly when any group grows. Each group's is below 2^118, so it fits UInt128. */
export function rowVersion(versions: CallVersions): bigint {
  return versions.start + versions.end + versions.rename;
}

function newer<G extends { readonly version: bigint }>(a: G | undefined, b: G | undefined): G | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  return b.version > a.version ? b : a;
}

function max(a: bigint, b: bigint): bigint {
  return a > b ? a : b;
}
