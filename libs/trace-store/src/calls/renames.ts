import type { ClickHouse } from '../clickhouse.ts';
import type { CallCache } from './cache.ts';
import { fold } from './fold.ts';
import { callKey, readStates, type FoundCall } from './lookup.ts';
import type { CallIdentity } from './row.ts';
import { newWork, type Work } from './work.ts';

/**
 * A rename names an id, and spans of several traces may share it: it is kept under the id alone and folded into every such
 * span, whichever comes first. So spans that are stored join the batch of their rename, and spans of the batch take the
 * rename that is stored.
 */
export async function shareRenames(
  db: ClickHouse,
  cache: CallCache,
  calls: Map<string, Work>,
  found: ReadonlyMap<string, FoundCall>,
): Promise<void> {
  // Nearly always: renames are rare.
  if (found.size === 0 && !cache.hasRenames && !isRenaming(calls)) return;
  for (const [key, span] of found) {
    if (span.spanTraceId === '' || calls.has(key)) continue;
    const renamed = calls.get(nameKey(span));
    if (renamed?.incoming.rename === undefined) continue;
    const work = newWork(key, span, {}, renamed.indexes);
    work.stored = span.rows;
    calls.set(key, work);
  }
  const unread = new Map<Work, FoundCall>();
  for (const span of calls.values()) {
    if (span.spanTraceId === '') continue;
    const key = nameKey(span);
    const rename = calls.get(key)?.incoming.rename;
    if (rename !== undefined) span.incoming = fold(span.incoming, { rename });
    const known = cache.get(key);
    const rows = known === undefined ? found.get(key)?.rows : [known.row];
    if (rows === undefined || !rows.some((row) => row.versions.rename > 0n)) continue;
    if (known?.state !== undefined) span.incoming = fold(span.incoming, { rename: known.state.rename });
    else unread.set(span, { ...nameOf(span), rows });
  }
  const states = await readStates(db, [...unread.values()]);
  for (const [span, name] of unread) {
    span.incoming = fold(span.incoming, { rename: states.get(callKey(name))?.rename });
  }
}

function isRenaming(calls: ReadonlyMap<string, Work>): boolean {
  for (const { incoming } of calls.values()) if (incoming.rename !== undefined) return true;
  return false;
}

function nameOf({ projectId, id }: CallIdentity): CallIdentity {
  return { projectId, id, spanTraceId: '' };
}

function nameKey(span: CallIdentity): string {
  return callKey(nameOf(span));
}
