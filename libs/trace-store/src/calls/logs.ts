import type { SpanLog } from '@weft/model';

/**
 * Log records of a span are a set: folding is union, known by their hashes. Lists of them are in the order of the hashes,
 * each once.
 */

export const NO_HASHES: readonly bigint[] = [];

export function hashesOf(logs: readonly SpanLog[] | undefined): readonly bigint[] {
  return logs === undefined || logs.length === 0 ? NO_HASHES : logs.map(({ hash }) => hash);
}

export function sumOf(hashes: readonly bigint[]): bigint {
  return hashes.reduce((sum, hash) => sum + hash, 0n);
}

/** Either may be in any order and repeat records, as parts do. */
export function foldLogs(a: readonly SpanLog[], b: readonly SpanLog[]): readonly SpanLog[] {
  return merge(inOrder(a, hashOf), inOrder(b, hashOf), hashOf);
}

/** Of many parts at once: as `foldLogs` of them all. */
export function foldAllLogs(lists: readonly (readonly SpanLog[])[]): readonly SpanLog[] {
  return lists.length === 1 ? inOrder(lists[0]!, hashOf) : inOrder(lists.flat(), hashOf);
}

export function foldHashes(a: readonly bigint[], b: readonly bigint[]): readonly bigint[] {
  return merge(a, b, itself);
}

/** True if `all` has each of `some`. */
export function hasAll(all: readonly bigint[], some: readonly bigint[]): boolean {
  return some.length === 0 || (some.length <= all.length && foldHashes(all, some).length === all.length);
}

const hashOf = (log: SpanLog): bigint => log.hash;
const itself = (hash: bigint): bigint => hash;

function merge<T>(a: readonly T[], b: readonly T[], key: (item: T) => bigint): readonly T[] {
  if (a.length === 0 || b.length === 0) return a.length === 0 ? b : a;
  const out: T[] = [];
  let [i, j] = [0, 0];
  while (i < a.length && j < b.length) {
    const [x, y] = [key(a[i]!), key(b[j]!)];
    if (x === y) j++;
    out.push(x <= y ? a[i++]! : b[j++]!);
  }
  while (i < a.length) out.push(a[i++]!);
  while (j < b.length) out.push(b[j++]!);
  return out;
}

function inOrder<T>(items: readonly T[], key: (item: T) => bigint): readonly T[] {
  if (items.every((item, i) => i === 0 || key(items[i - 1]!) < key(item))) return items;
  const sorted = [...items].sort((a, b) => (key(a) < key(b) ? -1 : key(a) > key(b) ? 1 : 0));
  return sorted.filter((item, i) => i === 0 || key(sorted[i - 1]!) < key(item));
}

/** Records of one span. What is more is refused. */
export const MAX_LOGS = 1024;
export const MAX_LOG_BYTES = 8 * 1024 * 1024;

export function logBytes(logs: readonly SpanLog[] | undefined): number {
  return logs === undefined ? 0 : logs.reduce((sum, { bytes }) => sum + bytes.length, 0);
}

/** True if a span has room for all of them. */
export function fit(logs: readonly SpanLog[] | undefined): boolean {
  return logs === undefined || (logs.length <= MAX_LOGS && logBytes(logs) <= MAX_LOG_BYTES);
}

/**
 * What is stored stays, whatever it is; of the incoming records those with the lowest hashes are taken that there is room for.
 * @returns hash of each record that is not taken → why.
 */
export function refusedLogs(
  stored: readonly SpanLog[],
  incoming: readonly SpanLog[],
): ReadonlyMap<bigint, string> {
  const refused = new Map<bigint, string>();
  const known = new Set(stored.map(hashOf));
  let [count, sizeBytes] = [stored.length, logBytes(stored)];
  for (const { hash, bytes } of incoming) {
    if (known.has(hash)) continue;
    if (count >= MAX_LOGS) refused.set(hash, `a span has at most ${MAX_LOGS} log records`);
    else if (sizeBytes + bytes.length > MAX_LOG_BYTES)
      refused.set(hash, `the log records of a span have at most ${MAX_LOG_BYTES} bytes`);
    else {
      count++;
      sizeBytes += bytes.length;
    }
  }
  return refused;
}
