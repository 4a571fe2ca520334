import type { BlobInfo, BlobStore } from '@weft/blob-store';
import {
  parseBlobKey,
  projectPrefix,
  PROJECTS_PREFIX,
  TRASH_PREFIX,
  trashKey,
  type BlobKind,
  type BlobName,
} from '../keys.ts';
import { createPace, storeAheadMs, sweepProbes, systemClock } from './clock.ts';
import { createDecide, type Found, type Steps } from './decide.ts';
import { Moves } from './moves.ts';
import { GcReport } from './report.ts';
import type { GcClock, GcDone, GcOptions, GcProgress, References, Unstored } from './types.ts';

export interface GcDeps {
  readonly store: BlobStore;
  readonly references: References;
  readonly unstored: Unstored;
  readonly clock?: GcClock;
}

const PAGE_BLOBS = 1000;
const PER_SECOND = 500;
const TIMEOUT_MS = 10_000;

/**
 * Finds blobs that nothing refers to, and gets rid of them in two steps, at least a grace apart, so that nobody has to be
 * locked out: what is old and unreferenced goes to the trash, from where it is still read; what has been in the trash for a
 * grace goes back when something refers to it now, else it is deleted. Between putting a blob, or finding that it is there,
 * and its event's being in the log there may be almost a grace; from there on `unstored` waits for it.
 *
 * Memory is flat. A run may be cut short anywhere, repeated, and overlap with others (moves.ts).
 * @throws StorageUnavailable, and what the seams throw. What is done until then stays good.
 */
export async function* collectGarbage(
  { store, references, unstored, clock = systemClock }: GcDeps,
  options: GcOptions,
): AsyncGenerator<GcProgress | GcDone> {
  const { graceMs, eventsRetentionMs, dryRun = false, projectId, after, signal } = options;
  const report = new GcReport();
  const aheadMs = dryRun ? 0 : await storeAheadMs(store, clock, signal);
  // Before the log's end is looked up: what was put a grace before this is below that end, or will never be in the log.
  const startedMs = clock.nowMs() + aheadMs;
  const held = await unstored.settle(signal);
  const limitMs = (kind: BlobKind): number =>
    startedMs - (kind === 'events' ? Math.max(graceMs, eventsRetentionMs) : graceMs);
  const moves = new Moves({ store, clock, aheadMs, graceMs, timeoutMs: options.timeoutMs ?? TIMEOUT_MS });
  const pace = createPace(options.perSecond ?? PER_SECOND, clock);
  const decide = createDecide({ references, held, report, limitMs, pace, dryRun, signal });
  const isKnown = createKnown(references, signal);

  async function* look(
    prefix: string,
    toKey: (key: string) => string,
    steps: Steps,
  ): AsyncGenerator<GcProgress> {
    const given = {
      ...(after?.startsWith(prefix) && { after }),
      ...(signal !== undefined && { signal }),
    };
    for await (const listed of store.list(prefix, given))
      for (const page of pagesOf(listed)) {
        for (const blobs of groupsOf(page, toKey, report)) {
          signal?.throwIfAborted();
          const [{ projectId }] = blobs as [Found];
          if (await isKnown(projectId)) await decide(blobs, steps);
          else for (const { info } of blobs) report.addUnknown(projectId, info.size);
        }
        await moves.settle(false, signal);
        yield { kind: 'progress', after: page.at(-1)!.key, total: report.total };
      }
  }

  const prefix = projectId === undefined ? PROJECTS_PREFIX : projectPrefix(projectId);
  // The trash comes first: what goes there in this run is not looked at again.
  if (after === undefined || after.startsWith(TRASH_PREFIX))
    yield* look(trashKey(prefix), (key) => key.slice(TRASH_PREFIX.length), {
      referenced: { outcome: 'restored', take: ({ key }) => moves.restore(key) },
      unreferenced: { outcome: 'deleted', take: ({ key, kind }) => moves.drop(key, limitMs(kind)) },
    });
  yield* look(prefix, (key) => key, {
    referenced: undefined,
    unreferenced: { outcome: 'trashed', take: ({ key, kind }) => moves.toTrash(key, limitMs(kind)) },
  });
  await moves.settle(true, signal);
  if (!dryRun) await sweepProbes(store, startedMs - graceMs, signal);
  yield report.done();
}

/** Whether a run may go on behind it: `GcProgress.after`. */
export function isGcCursor(text: string): boolean {
  return text.startsWith(PROJECTS_PREFIX) || text.startsWith(trashKey(PROJECTS_PREFIX));
}

function* pagesOf(listed: readonly BlobInfo[]): Generator<readonly BlobInfo[]> {
  for (let at = 0; at < listed.length; at += PAGE_BLOBS) yield listed.slice(at, at + PAGE_BLOBS);
}

/** Neighbours of one project and kind; what is not ours is only counted. */
function groupsOf(page: readonly BlobInfo[], toKey: (key: string) => string, report: GcReport): Found[][] {
  const groups: Found[][] = [];
  for (const info of page) {
    const key = toKey(info.key);
    const name = parseBlobKey(key);
    if (name === undefined) {
      report.addForeign(info.key, info.size);
      continue;
    }
    const found = { ...name, key, info };
    const last = groups.at(-1);
    if (last !== undefined && isAlike(last[0]!, name)) last.push(found);
    else groups.push([found]);
  }
  return groups;
}

function isAlike(a: BlobName, b: BlobName): boolean {
  return a.projectId === b.projectId && a.kind === b.kind;
}

/** Keys come by project: only the last answer is wanted again. */
function createKnown(references: References, signal?: AbortSignal): (projectId: string) => Promise<boolean> {
  let last: { projectId: string; isKnown: boolean } | undefined;
  return async (projectId) => {
    if (last?.projectId !== projectId)
      last = { projectId, isKnown: await references.knows(projectId, signal) };
    return last.isKnown;
  };
}
