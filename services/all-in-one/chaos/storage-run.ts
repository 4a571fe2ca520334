import { mkdtempSync, rmSync } from 'node:fs';
import { readdir, stat, utimes } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { blobStoreEnv, openBlobStore } from '@weft/blob-store';
import { internalProjectId } from '@weft/model';
import { loadConfig } from '@weft/runtime';
import { mulberry32, s3At, startS3, tcpProxy, type TcpProxy } from '@weft/testkit';
import { z } from 'zod';
import { judgeStorage, type StorageVerdict } from './storage-judge.ts';
import { createStorageLoad, digestOf, type StorageLoad } from './storage-load.ts';
import type { StartStorageTarget, StorageTarget } from './storage-targets.ts';

export interface StorageChaosOptions {
  readonly target: StartStorageTarget;
  readonly rounds: number;
  readonly seed: number;
  readonly onProgress?: (text: string) => void;
}

export interface StorageChaosResult extends StorageVerdict {
  readonly kills: Readonly<Record<string, number>>;
  readonly outages: number;
  readonly ramps: readonly string[];
  readonly garbageRuns: number;
  readonly calls: number;
  readonly deleted: number;
  readonly files: number;
  readonly retries: number;
  /** Blobs of payloads of deleted calls that are still there in the end, and those that no event speaks of. */
  readonly leftOver: string[];
  readonly blobs: number;
  readonly collected: number;
}

/** What the ramp goes through, in percent. */
const RAMPS = ['0', '50', '100', '0', '50', '100'];
const PROJECTS = Array.from({ length: 8 }, (_, i) => `chaos/storage-${i}`);
/** Longest wait for calls of a round. */
const MOVES_MS = 20_000;
/** What was put longer ago is made so old, while load and kills go on, that garbage runs decide about it. */
const YOUNG_MS = 20_000;
/** Longer than any grace, and than the log keeps events. */
const OLD_MS = 8 * 24 * 3_600_000;

/**
 * Kills, outages of the bucket, a ramp that moves and garbage runs, all under load; then everything is read back, what was
 * deleted is collected, and everything is read back once more.
 */
export async function runStorageChaos(options: StorageChaosOptions): Promise<StorageChaosResult> {
  const { rounds, onProgress = () => undefined } = options;
  const random = mulberry32(options.seed);
  const dir = mkdtempSync(join(tmpdir(), 'weft-bucket-'));
  const objects = join(dir, 'data');
  const s3 = await startS3({ dir });
  const link = await tcpProxy({ target: { host: '127.0.0.1', port: s3.port } });
  const bucket = await s3.createBucket();
  const env = {
    ...s3At(`http://127.0.0.1:${link.port}`).environment(bucket),
    WF_FILE_STORAGE_PROJECT_RAMP_PCT: RAMPS[0]!,
    WEFT_FILE_STORAGE_TIMEOUT_MS: '4000',
    QUERY_FRESHNESS_MAX_WAIT_MS: '30000',
    QUERY_STORAGE_GC_INTERVAL_HOURS: '0',
  };
  let target: StorageTarget | undefined;
  try {
    target = await options.target({ env, random, onProgress });
    const { url } = target;
    const load = createStorageLoad({ url: () => url, projects: PROJECTS, random, clients: 4 });
    const stop = new AbortController();
    const sending = load.run(stop.signal);
    const collector = collectAlong(url, objects, stop.signal);
    const kills: Record<string, number> = {};
    const ramps: string[] = [RAMPS[0]!];
    let outages = 0;
    for (let round = 0; round < rounds; round++) {
      const ramp = RAMPS[Math.floor((round * RAMPS.length) / rounds)]!;
      if (ramp !== ramps.at(-1)) {
        ramps.push(ramp);
        await target.setEnv({ WF_FILE_STORAGE_PROJECT_RAMP_PCT: ramp });
      }
      await sleep(200 + random() * 1800);
      await moreCalls(load, 3);
      if (random() < 0.25) {
        outages++;
        await outage(link, random);
      }
      const victim = await target.kill();
      kills[victim] = (kills[victim] ?? 0) + 1;
      if ((round + 1) % 10 === 0) onProgress(`${round + 1}/${rounds} kills, ramp ${ramp} %, ${load.calls.length} calls, ${load.files.length} files, ${collector.runs} garbage runs`); // prettier-ignore
    }
    stop.abort();
    await sending;
    await collector.done;
    onProgress('load is over: reading everything back');
    const before = await judgeStorage(url, load);
    onProgress('collecting what is garbage now');
    const collected = await collectAll(url, objects);
    const after = await judgeStorage(url, load);
    const left = await leftOver(env, load);
    return {
      ...merged(before, after),
      kills,
      outages,
      ramps,
      garbageRuns: collector.runs,
      calls: load.calls.length,
      deleted: load.calls.filter((call) => call.isDeleted).length,
      files: load.files.length,
      retries: load.retries,
      ...left,
      collected,
    };
  } finally {
    await target?.stop();
    await link.stop();
    await s3.stop();
    rmSync(dir, { recursive: true, force: true });
  }
}

/** On a slow machine, as long as it takes: a round in which nothing was acknowledged shows nothing. */
async function moreCalls({ calls }: StorageLoad, more: number): Promise<void> {
  const [wanted, until] = [calls.length + more, performance.now() + MOVES_MS];
  while (calls.length < wanted && performance.now() < until) await sleep(50);
}

async function outage(link: TcpProxy, random: () => number): Promise<void> {
  const ms = 500 + random() * 5_000;
  if (random() < 0.5) return link.cut(ms);
  link.set({ latencyMs: 300, bytesPerSecond: 400_000 });
  await sleep(ms);
  link.set({});
}

/** As if what was put before were days old: the store is a folder, and its times are those of the files. */
async function age(directory: string, youngerMs: number): Promise<void> {
  const now = Date.now();
  for (const entry of await readdir(directory, { withFileTypes: true, recursive: true })) {
    const path = join(entry.parentPath, entry.name);
    // Gone meanwhile, or about to be.
    const at = entry.isFile() ? await stat(path).catch(() => undefined) : undefined;
    if (at === undefined || at.mtimeMs > now - youngerMs || at.mtimeMs < now - OLD_MS) continue;
    const old = new Date(at.mtimeMs - OLD_MS);
    await utimes(path, old, old).catch(() => undefined);
  }
}

interface Amounts {
  readonly trashed: { readonly blobs: number };
  readonly deleted: { readonly blobs: number };
}

/** One garbage run; undefined when it did not come to its end. */
async function collect(url: string): Promise<Amounts | undefined> {
  const res = await fetch(`${url}/weft/v1/storage/gc`, { method: 'POST', body: '{}' }).catch(() => undefined);
  const text = await res?.text().catch(() => undefined);
  if (res?.status !== 200 || text === undefined) return undefined;
  const last = JSON.parse(text.trim().split('\n').at(-1)!) as { kind?: string; total: Amounts };
  return last.kind === 'done' ? last.total : undefined;
}

/** Garbage runs beside everything else, whether they come to their end or not. */
function collectAlong(
  url: string,
  directory: string,
  signal: AbortSignal,
): { readonly runs: number; readonly done: Promise<void> } {
  let runs = 0;
  const done = (async () => {
    while (!signal.aborted) {
      await age(directory, YOUNG_MS);
      if ((await collect(url)) !== undefined) runs++;
      await sleep(2_000, undefined, { signal }).catch(() => undefined);
    }
  })();
  return {
    get runs() {
      return runs;
    },
    done,
  };
}

/** Until runs find nothing more. @returns blobs that were deleted for good. */
async function collectAll(url: string, directory: string): Promise<number> {
  let deleted = 0;
  for (let quiet = 0; quiet < 2;) {
    await age(directory, 0);
    const total = await collect(url);
    if (total === undefined) {
      await sleep(1_000);
      continue;
    }
    deleted += total.deleted.blobs;
    quiet = total.trashed.blobs + total.deleted.blobs === 0 ? quiet + 1 : 0;
  }
  return deleted;
}

/** Blobs that no call which is there, and no file, can refer to. */
async function leftOver(
  env: Readonly<Record<string, string>>,
  load: StorageLoad,
): Promise<{ leftOver: string[]; blobs: number }> {
  const config = loadConfig(z.object(blobStoreEnv), env);
  const store = openBlobStore(env['WF_FILE_STORAGE_URI']!, config);
  const wanted = new Set<string>();
  for (const { project, inputs, output, isDeleted } of load.calls)
    if (!isDeleted) for (const payload of [inputs, output]) wanted.add(`weave/projects/${internalProjectId(project)}/payloads/${digestOf(payload)}`); // prettier-ignore
  for (const { project, digest } of load.files)
    wanted.add(`weave/projects/${internalProjectId(project)}/files/${digest}`);
  const left: string[] = [];
  let blobs = 0;
  try {
    for await (const page of store.list('weave/')) {
      blobs += page.length;
      left.push(...page.map(({ key }) => key).filter((key) => !wanted.has(key)));
    }
  } finally {
    await store.close();
  }
  return { leftOver: left, blobs };
}

function merged(a: StorageVerdict, b: StorageVerdict): StorageVerdict {
  const names = Object.keys(a) as (keyof StorageVerdict)[];
  return Object.fromEntries(names.map((name) => [name, [...new Set([...a[name], ...b[name]])]])) as unknown as StorageVerdict; // prettier-ignore
}
