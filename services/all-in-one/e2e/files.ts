import { createHash } from 'node:crypto';
import { setTimeout } from 'node:timers/promises';
import { expect } from '@jest/globals';
import { callsOf } from './npm.ts';
import { runProgram } from './program.ts';
import { apiKey, newProject, type ReadCall, type Stack } from './stack.ts';

/** Files as their users see them: every byte that is sent is the byte that is read. */

export const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

/** As clients compute it. */
export const digestOf = (bytes: Uint8Array): string =>
  createHash('sha256').update(bytes).digest('base64url').replaceAll('-', 'X').replaceAll('_', 'Y');

const ATTEMPTS = 6;

/** Sent again after a 503, as clients do: a disk may be busy for longer than a request waits. */
export async function upload(
  stack: Stack,
  project: string,
  bytes: Uint8Array,
  name = 'file.bin',
): Promise<string> {
  const form = new FormData();
  form.append('file', new Blob([bytes as Uint8Array<ArrayBuffer>]), name);
  form.append('project_id', project);
  let res = await stack.send('/file/create', form);
  for (let attempt = 1; res.status === 503 && attempt < ATTEMPTS; attempt++) {
    await setTimeout(1000 * attempt);
    res = await stack.send('/file/create', form);
  }
  const answer = (await res.json()) as { digest?: string };
  if (res.status !== 200) throw new Error(`/file/create: ${res.status} ${JSON.stringify(answer)}`);
  expect(answer.digest).toBe(digestOf(bytes));
  return answer.digest!;
}

/** As a browser or curl does it. */
export function download(
  stack: Stack,
  project: string,
  digest: string,
  options: { readonly method?: 'GET' | 'HEAD'; readonly headers?: Record<string, string> } = {},
): Promise<Response> {
  const authorization = `Bearer ${apiKey}`;
  return fetch(`${stack.url}/weft/v1/files/${project}/${digest}`, {
    method: options.method ?? 'GET',
    headers: { authorization, ...options.headers },
  });
}

export async function bytesOf(stack: Stack, project: string, digest: string): Promise<Buffer> {
  const res = await stack.send('/file/content', { project_id: project, digest });
  const bytes = Buffer.from(await res.arrayBuffer());
  if (res.status !== 200) throw new Error(`/file/content: ${res.status} ${String(bytes.subarray(0, 500))}`);
  return bytes;
}

/** Media and a prompt of 30 MB of the Python SDK, there and back. */
export async function checkPython(stack: Stack): Promise<string> {
  const project = newProject('media-py');
  const out = await runProgram<{
    sent: Record<string, string>;
    read: Record<string, string>;
    paper: object;
    op: string;
    op_sent: string;
  }>(stack, 'media.py', project);
  expect(out.read).toEqual(out.sent);
  expect(Object.keys(out.sent)).toHaveLength(16);
  expect(out.paper).toEqual({ filename: 'lärm.pdf', metadata: { shelf: 4 }, size: 600_009 });
  expect(out.op).toBe(out.op_sent);
  return project;
}

interface Media {
  readonly files: Record<string, string>;
}

/** Media and a prompt of 30 MB of npm `weave`, which does not read media itself. */
export async function checkNpm(stack: Stack, sdk: string): Promise<string> {
  const project = newProject('media-npm');
  const { sent, uris } = await runProgram<NpmMedia>(stack, 'media.cjs', sdk, project);
  const calls = await stack.lines<ReadCall>('/calls/stream_query', { project_id: project });
  const refs = { refs: uris };
  const { vals } = await stack.post<{ vals: [Media & { rows: never }, { rows: string }] }>('/refs/read_batch', refs); // prettier-ignore
  const [album, dataset] = vals;
  const digest = dataset.rows.split('/').at(-1);
  const { rows } = await stack.post<{ rows: { val: { image: File; more?: [File] } }[] }>('/table/query', { project_id: project, digest }); // prettier-ignore
  const [drawn] = callsOf(calls, 'draw');
  const output = drawn!.output as { picture: File; sound: File };
  const seen: [File | undefined, string][] = [
    [(drawn!.inputs as { arg0: File }).arg0, sent.image],
    [output.picture, sent.image],
    [output.sound, sent.audio],
    [album.image, sent.image],
    [album.audio, sent.audio],
    [rows[0]?.val.image, sent.rows[0]],
    [rows[1]?.val.image, sent.rows[1]],
    [rows[1]?.val.more?.[0], sent.image],
  ];
  for (const [file, hash] of seen) {
    const [stored] = Object.values(file!.files);
    expect(sha256(await bytesOf(stack, project, stored!))).toBe(hash);
  }
  const [completed] = callsOf(calls, 'complete');
  const { arg0: prompt } = completed!.inputs as { arg0: string };
  expect(sha256(Buffer.from(prompt))).toBe(sent.prompt);
  expect(completed!.output).toEqual({ characters: prompt.length });
  return project;
}

interface NpmMedia {
  /** sha256 of each. */
  readonly sent: {
    readonly image: string;
    readonly rows: readonly [string, string];
    readonly audio: string;
    readonly prompt: string;
  };
  /** Of the album and of the dataset. */
  readonly uris: readonly [string, string];
}

interface Media {
  readonly image: File;
  readonly audio: File;
}

/** As clients store one: its only file by its name. */
interface File {
  readonly files: Readonly<Record<string, string>>;
}

/** Uploads, downloads, a range across it, what is known already, in a project of its own. */
export async function checkRawBytes(stack: Stack, bytes: Buffer): Promise<void> {
  const project = newProject('raw');
  const { length } = bytes;
  const digest = await upload(stack, project, bytes, 'größe (x).bin');
  expect(await upload(stack, project, bytes, 'größe (x).bin')).toBe(digest);
  expect(sha256(await bytesOf(stack, project, digest))).toBe(sha256(bytes));
  const whole = await download(stack, project, digest);
  const name = 'attachment; filename="gr__e (x).bin"; filename*=UTF-8\'\'gr%C3%B6%C3%9Fe%20%28x%29.bin';
  expect(Object.fromEntries(['content-disposition', 'content-length', 'etag', 'content-type'].map((each) => [each, whole.headers.get(each)]))).toEqual(
    { 'content-disposition': name, 'content-length': String(length), etag: `"${digest}"`, 'content-type': 'application/octet-stream' },
  ); // prettier-ignore
  expect(sha256(Buffer.from(await whole.arrayBuffer()))).toBe(sha256(bytes));
  const [from, to] = [Math.floor(length / 3), Math.floor(length / 2)];
  const part = await download(stack, project, digest, { headers: { range: `bytes=${from}-${to}` } });
  expect([part.status, part.headers.get('content-range')]).toEqual([206, `bytes ${from}-${to}/${length}`]);
  expect(Buffer.from(await part.arrayBuffer()).equals(bytes.subarray(from, to + 1))).toBe(true);
  const past = await download(stack, project, digest, { headers: { range: `bytes=${length}-` } });
  expect([past.status, past.headers.get('content-range')]).toEqual([416, `bytes */${length}`]);
  await past.arrayBuffer();
  const known = await download(stack, project, digest, { headers: { 'if-none-match': `"${digest}"` } });
  expect([known.status, (await known.arrayBuffer()).byteLength]).toEqual([304, 0]);
  const head = await download(stack, project, digest, { method: 'HEAD' });
  expect([head.status, head.headers.get('content-length')]).toEqual([200, String(length)]);
  expect(await stack.post('/files/query_stats', { project_id: project })).toEqual({ total_size_bytes: length }); // prettier-ignore
}
