import { randomBytes } from 'node:crypto';
import { utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect } from '@jest/globals';
import { blobStoreEnv, openBlobStore, type BlobInfo, type BlobStore } from '@weft/blob-store';
import { openEmbeddedEventLog, type EventLog } from '@weft/event-log';
import { blobKey, bytesSource, projectPrefix, trashKey, type BlobKind } from '@weft/file-storage';
import { createKey } from '@weft/http';
import { encodeCallClaims, type TraceEvent } from '@weft/model';
import { createLogger, loadConfig } from '@weft/runtime';
import { z } from 'zod';
import { startAllInOne, type StartedAllInOne } from '../src/start.ts';
import { batch, completed, newCallId } from './calls.ts';
import { digestOf } from './files.ts';
import { newDirectory, runBundle } from './server-process.ts';
import { baseUrl, PATIENT } from './stack.ts';

/** A whole server whose blobs are looked at from behind: for tests of its garbage collection. */

interface Amount {
  readonly blobs: number;
  readonly bytes: number;
}
type What = 'scanned' | 'referenced' | 'kept' | 'trashed' | 'restored' | 'deleted' | 'changed';
type Tally = Readonly<Record<What, Amount>>;
export interface Done {
  readonly kind: 'progress' | 'done';
  readonly dry_run: boolean;
  readonly total: Tally;
  readonly projects: readonly (Tally & { readonly project_id: string })[];
  readonly foreign: Amount & { readonly examples: readonly string[] };
  readonly unknown: Amount & { readonly examples: readonly string[] };
}

export const HOUR_MS = 3_600_000;
/** Its steps have a second each, on any machine. */
export const EASY_GRACE_MS = 16_000;

export let dataDir: string;
let keysFile: string;
/** The server under test. */
export let server: StartedAllInOne;
/** Where its blobs are. */
export let blobs: BlobStore;
export const keys = new Map<string, string>();

function startHere(dir: string, env: Record<string, string> = {}): Promise<StartedAllInOne> {
  const all = { ...PATIENT, WEFT_KEYS_FILE: keysFile, ...env };
  return startAllInOne({ dataDir: dir, env: all, minGarbageGraceMs: 1000, logLevel: 'error' });
}

/** A running cluster has a store and a clock of its own. */
export const here = baseUrl === undefined ? describe : describe.skip;

/** A server with blobs in its data directory, and keys: `admin` of all, `team` of `team/*`, `writer`. */
export async function open(): Promise<void> {
  dataDir = await newDirectory();
  keysFile = join(dataDir, 'keys.json');
  for (const [user, role, projects] of [
    ['admin', 'admin', '*'],
    ['writer', 'write', '*'],
    ['team', 'admin', 'team/*'],
  ] as const)
    keys.set(user, (await createKey(keysFile, { user, role, projects: [projects] })).key);
  server = await startHere(dataDir);
  blobs = openBlobStore(pathToFileURL(join(dataDir, 'blobs')).href, {});
}

/** Another server in its place, with blobs in the store that `env` names, which cannot be aged. */
export async function openIn(env: Record<string, string>): Promise<void> {
  await close();
  const config = loadConfig(z.object(blobStoreEnv), env);
  server = await startHere(join(dataDir, 'other'), env);
  blobs = openBlobStore(config.WF_FILE_STORAGE_URI!, config);
}

export async function close(): Promise<void> {
  await blobs?.close();
  await server?.stop();
}

/** GET without a body. */
export async function send(path: string, body: string | object | undefined, as = 'admin'): Promise<Response> {
  const isRaw = typeof body === 'string' || body instanceof FormData;
  return fetch(server.url + path, {
    method: body === undefined ? 'GET' : 'POST',
    ...(body !== undefined && { body: isRaw ? body : JSON.stringify(body) }),
    headers: { authorization: `Bearer ${keys.get(as)}` },
  });
}

export async function ok(path: string, body: string | object | undefined): Promise<Buffer> {
  const res = await send(path, body);
  const answer = Buffer.from(await res.arrayBuffer());
  if (res.status !== 200) throw new Error(`${path}: ${res.status} ${answer.toString('utf8', 0, 500)}`);
  return answer;
}

/** One run. Everything in it is older than the grace when `aged`. */
export async function gc(
  project: string | undefined,
  graceMs = EASY_GRACE_MS,
  more: object = {},
): Promise<Done> {
  const body = { project_id: project, grace_hours: graceMs / HOUR_MS, ...more };
  const lines = (await ok('/weft/v1/storage/gc', body)).toString().trim().split('\n');
  const done = JSON.parse(lines.at(-1)!) as Done;
  expect(done.kind).toBe('done');
  return done;
}

/** Counts that are not 0. */
export const blobsOf = (tally: Tally) =>
  Object.fromEntries(
    Object.entries(tally)
      .filter(([, { blobs }]) => blobs > 0)
      .map(([what, { blobs }]) => [what, blobs]),
  );

export async function listed(prefix: string): Promise<BlobInfo[]> {
  const found: BlobInfo[] = [];
  for await (const page of blobs.list(prefix)) found.push(...page);
  return found;
}

/** Keys of a project's blobs, in the bucket and in the trash. */
export async function stored(project: string) {
  const prefix = projectPrefix(project);
  const shortOf = (from: string) => async () =>
    (await listed(from)).map(({ key }) => key.slice(from.length)).sort();
  return { live: await shortOf(prefix)(), trash: await shortOf(trashKey(prefix))() };
}

/** As if the project's blobs were put that long ago, here and in the trash. */
export async function age(project: string, ms = HOUR_MS): Promise<void> {
  const prefix = projectPrefix(project);
  const then = new Date(Date.now() - ms);
  for (const { key } of [...(await listed(prefix)), ...(await listed(trashKey(prefix)))])
    await utimes(join(dataDir, 'blobs', key), then, then);
}

/** What a crash between the blob and its event leaves. */
export async function putOrphan(project: string, kind: BlobKind, bytes: Buffer): Promise<string> {
  const source = await bytesSource(bytes);
  await blobs.put(blobKey({ projectId: project, kind, digest: source.digest }), source);
  return source.digest;
}

/** JSON text of an object above the size that is claimed. */
export const largeJson = (bytes = 200_000) => `{"text":"${randomBytes(bytes).toString('hex')}","n":1.0}`;
export const nameOf = (json: string) => `payloads/${digestOf(Buffer.from(json))}`;

export async function sendCall(project: string, members: Record<string, string>): Promise<string> {
  const id = newCallId();
  await ok(`/v2/${project}/calls/complete`, batch(completed(project, id, members)));
  return id;
}

export async function expectRead(
  project: string,
  id: string,
  members: Record<string, string>,
): Promise<void> {
  const answer = (await ok('/calls/stream_query', { project_id: project, filter: { call_ids: [id] } })).toString(); // prettier-ignore
  for (const [name, json] of Object.entries(members))
    if (!answer.includes(`"${name}":${json}`)) throw new Error(`${name} of ${id} is not what was sent: ${answer.slice(0, 300)}`); // prettier-ignore
}

export const deleteCalls = (project: string, ...ids: string[]) =>
  ok('/calls/delete', { project_id: project, call_ids: ids });

export async function uploadFile(project: string, bytes: Buffer): Promise<string> {
  const form = new FormData();
  form.append('file', new Blob([bytes as Uint8Array<ArrayBuffer>]), 'file.bin');
  form.append('project_id', project);
  return (JSON.parse((await ok('/file/create', form)).toString()) as { digest: string }).digest;
}

export const readFile = (project: string, digest: string) =>
  ok('/file/content', { project_id: project, digest });

export async function withLog(work: (log: EventLog) => Promise<void>): Promise<void> {
  await server.stop();
  const logger = createLogger({ name: 'test', level: 'silent' });
  const log = await openEmbeddedEventLog({ dir: join(dataDir, 'log'), groups: { 'trace-events': ['writer'] }, logger }); // prettier-ignore
  try {
    await work(log);
  } finally {
    await log.close();
    server = await startHere(dataDir);
  }
}

/** As the gateway appends it, when the payload was put before. */
export function claimedCall(project: string, id: string, inputs: string): TraceEvent {
  const sizeBytes = Buffer.byteLength(inputs);
  const digest = digestOf(Buffer.from(inputs));
  const claim = { column: 'inputs', digest, sizeBytes, uri: blobs.uri } as const;
  return {
    kind: 'call.completed',
    projectId: project,
    id,
    userId: 'ada',
    receivedAtUs: Date.now() * 1000,
    note: encodeCallClaims({ claims: [claim] }),
    payload: Buffer.from(completed(project, id, { inputs: '{"text":"…","n":1.0}' })),
  };
}

export const weft = (as: string, ...args: string[]) =>
  runBundle('cli', args, { WEFT_URL: server.url, WEFT_API_KEY: keys.get(as)! });
