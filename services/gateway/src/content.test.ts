import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { pathToFileURL } from 'node:url';
import { afterEach, describe, expect, it } from '@jest/globals';
import { fileStorageEnv, openFileStorage, type FileStorage } from '@weft/file-storage';
import { readObjectEvent, readStoredFileEvent, type TraceEvent } from '@weft/model';
import { createLogger, createMetrics, loadConfig } from '@weft/runtime';
import { z } from 'zod';
import { startGateway, type GatewayServer } from './testing/gateway-server.ts';

const KIB = 1024;

let gateway: GatewayServer;
const closing: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  await gateway.stop();
  for (const close of closing.splice(0).reverse()) await close();
});

/** On disk; with `isAway` something stands in its place. */
async function storage({ isAway = false } = {}): Promise<FileStorage> {
  const directory = await mkdtemp(join(tmpdir(), 'weft-content-'));
  const blobs = join(directory, 'blobs');
  if (isAway) await writeFile(blobs, 'no directory');
  const config = loadConfig(z.object(fileStorageEnv), {
    WF_FILE_STORAGE_URI: pathToFileURL(blobs).href,
    WEFT_FILE_STORAGE_TIMEOUT_MS: '300',
  });
  const logger = createLogger({ name: 'test', level: 'silent' });
  const metrics = createMetrics('t_', { processMetrics: false });
  const opened = openFileStorage({ config, logger, metrics });
  closing.push(async () => rm(directory, { recursive: true, force: true }));
  closing.push(() => opened.close());
  return opened;
}

function png(size: number, seed: number): Buffer {
  const bytes = Buffer.alloc(size, Buffer.from([seed, 62, 255, seed >> 8]));
  Buffer.from('89504e470d0a1a0a', 'hex').copy(bytes);
  return bytes;
}

function uri(bytes: Buffer): string {
  return `data:image/png;base64,${bytes.toString('base64')}`;
}

const started_at = '2026-01-02T03:04:05Z';
const ended_at = '2026-01-02T03:04:06Z';

function call(id: string, inputs: object, output?: unknown): object {
  const start = { project_id: 'e/p', id, trace_id: 't', op_name: 'op', started_at, attributes: {}, inputs };
  return output === undefined ? start : { ...start, ended_at, output, summary: {} };
}

function complete(...calls: object[]): Promise<{ status: number }> {
  return gateway.post('/v2/e/p/calls/complete', { batch: calls });
}

function json(event: TraceEvent): any {
  return JSON.parse(Buffer.from(event.payload).toString());
}

const REF = /^weave:\/\/\/e\/p\/object\/image-[0-9a-f]{4}\.png:[0-9A-Za-z]{43}$/;

describe('media in calls', () => {
  it('become an object and its files, which the log has before the call', async () => {
    gateway = await startGateway({ user: { name: 'ada', projects: ['e/*'] } });
    const picture = png(9000, 1);
    const answer = await gateway.post('/call/start', { start: call('1', { n: 1, image: uri(picture) }) });
    expect(answer.json).toEqual({ id: '1', trace_id: 't' });
    const events = await gateway.events();
    expect(events.map(({ kind, note, userId }) => [kind, note, userId])).toEqual([
      ['file.created', 'content', 'ada'],
      ['file.created', 'metadata.json', 'ada'],
      ['object.created', '', 'ada'],
      ['call.started', '', 'ada'],
    ]);
    const [content, metadata, object, started] = events as [TraceEvent, TraceEvent, TraceEvent, TraceEvent];
    expect(Buffer.compare(content.payload, picture)).toBe(0);
    expect(json(metadata)).toMatchObject({ size: 9000, mimetype: 'image/png' });
    const record = readObjectEvent(object);
    expect(JSON.parse(Buffer.from(record.val).toString()).files).toEqual({
      content: content.id,
      'metadata.json': metadata.id,
    });
    expect(json(started).inputs).toEqual({ n: 1, image: `weave:///e/p/object/${object.id}` });
  });

  it('of inputs and outputs alike, and of nothing else', async () => {
    gateway = await startGateway();
    const media = [1, 2, 3, 4].map((seed) => uri(png(9000, seed)));
    await gateway.post('/call/upsert_batch', {
      batch: [
        { mode: 'start', req: { start: { ...call('1', { a: media[0] }), attributes: { a: media[3] } } } },
        { mode: 'end', req: { end: { project_id: 'e/p', id: '1', ended_at, output: media[1], summary: { a: media[3] } } } }, // prettier-ignore
      ],
    });
    await complete(call('2', { a: [{ b: media[2] }] }, { c: { d: media[2] } }));
    const [started, ended, completed] = (await gateway.events()).filter(({ kind }) =>
      kind.startsWith('call.'),
    );
    expect(json(started!)).toMatchObject({ inputs: { a: expect.stringMatching(REF) }, attributes: { a: media[3] } }); // prettier-ignore
    expect(json(ended!)).toMatchObject({ output: expect.stringMatching(REF), summary: { a: media[3] } });
    const { inputs, output } = json(completed!);
    expect(inputs.a[0].b).toMatch(REF);
    expect(output.c.d).toBe(inputs.a[0].b);
  });

  it('are told once per request and not again when the log has them', async () => {
    gateway = await startGateway();
    const image = uri(png(9000, 5));
    await complete(call('1', { image }, { image }), call('2', { image }, null));
    await complete(call('3', { image }, null));
    await complete({ ...call('4', { image }, null), project_id: 'e/p' });
    const events = await gateway.events();
    expect(events.filter(({ kind }) => kind === 'object.created')).toHaveLength(1);
    const refs = events
      .filter(({ kind }) => kind === 'call.completed')
      .map((event) => json(event).inputs.image);
    expect(new Set(refs).size).toBe(1);
    expect(await gateway.metrics()).toMatch(/weft_gateway_contents_total\{result="known"\} 4\n/);
  });

  it('leave secrets redacted, whichever side of them they stand on', async () => {
    gateway = await startGateway();
    const image = uri(png(9000, 6));
    await complete(call('1', { api_key: 'sk-1', image, self: { apiKey: 'sk-2', list: [image] } }, null));
    const event = (await gateway.events()).at(-1)!;
    expect(json(event).inputs).toEqual({
      api_key: 'REDACTED',
      image: expect.stringMatching(REF),
      self: { apiKey: 'REDACTED', list: [expect.stringMatching(REF)] },
    });
  });

  it('stay where they are when that is the setting', async () => {
    gateway = await startGateway({ extractContent: false });
    const image = uri(png(9000, 7));
    await complete(call('1', { image }, null));
    expect((await gateway.events()).map((event) => [event.kind, json(event).inputs])).toEqual([
      ['call.completed', { image }],
    ]);
  });

  it('are blobs where the project has a blob store', async () => {
    const fileStorage = await storage();
    gateway = await startGateway({ fileStorage });
    const picture = png(700 * KIB, 8);
    await complete(call('1', { image: uri(picture) }, null));
    const [content, metadata, object, completed] = await gateway.events();
    expect([content, metadata, object, completed].map((event) => event!.kind)).toEqual([
      'file.stored',
      'file.stored',
      'object.created',
      'call.completed',
    ]);
    const file = { digest: content!.id, ...readStoredFileEvent(content!) };
    const bytes = await buffer((await fileStorage.openFile('e/p', file))!);
    expect([file.name, file.sizeBytes, Buffer.compare(bytes, picture)]).toEqual(['content', 700 * KIB, 0]);
    // What is left of the call is small: nothing of it had to be claimed.
    expect(completed!.note).toBe('');
    expect(completed!.payload.length).toBeLessThan(KIB);
  });

  it('stay in the call while the blob store is away, unless they are small', async () => {
    gateway = await startGateway({ fileStorage: await storage({ isAway: true }) });
    const [small, large] = [uri(png(9000, 9)), uri(png(280 * KIB, 10))];
    expect((await complete(call('1', { small }, null))).status).toBe(200);
    // The call is too large for the log as well.
    expect((await complete(call('2', { large, small }, null))).status).toBe(503);
    const events = await gateway.events();
    expect(events.map(({ kind }) => kind)).toEqual([
      'file.created',
      'file.created',
      'object.created',
      'call.completed',
    ]);
    expect(json(events[3]!).inputs.small).toMatch(REF);
  });
});
