import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { encodeSpans, readSpans } from '@weft/otlp';
import { eventually, freePort } from '@weft/testkit';
import { batch, completed, endItem, ended, newCallId, startItem, started, type Members } from './calls.ts';
import { bytesOf, digestOf, upload } from './files.ts';
import { baseUrl, newProject, openStack, type ReadCall, type Stack } from './stack.ts';

/** Payloads that are too large for a row: read back whole to the byte, found by what their heads show, never half there. */

const KIB = 1024;
const MIB = 1024 * KIB;
/** The default of WEFT_FILE_STORAGE_CLAIM_BYTES. */
const CLAIM_BYTES = 256 * KIB;

let stack: Stack;
/** Of the blob store of the stack that is started here. */
let blobs: string;
beforeAll(async () => {
  blobs = await mkdtemp(join(tmpdir(), 'weft-large-'));
  stack = await openStack({ env: { WF_FILE_STORAGE_URI: pathToFileURL(blobs).href } });
});
afterAll(async () => {
  await stack?.stop();
  await rm(blobs, { recursive: true, force: true });
});

const here = baseUrl === undefined ? describe : describe.skip;

let texts = 0;
/** JSON text of a string of about so many bytes, another one each time, with what is easily spoilt. */
function text(sizeBytes: number): string {
  const piece = `lörem \\" ipsum \\u0000 1.0 ${texts++} `;
  return `"${piece.repeat(Math.ceil(sizeBytes / Buffer.byteLength(piece)))}"`;
}

const ENVELOPES: Readonly<Record<string, (json: string) => string>> = {
  attributes: (json) => `{"n":1.0,"large":${json}}`,
  inputs: (json) => `{"model":"gpt-x","large":${json},"last":[1e2]}`,
  output: (json) => `[${json},{"a":1,"a":2}]`,
};
const MEMBERS = Object.keys(ENVELOPES);

/** The call's members, each with a text of so many bytes. */
function large(sizeBytes: number, members: readonly string[] = MEMBERS): Record<string, string> {
  return Object.fromEntries(members.map((name) => [name, ENVELOPES[name]!(text(sizeBytes))]));
}

async function accepted(path: string, body: string | Buffer, headers?: Record<string, string>, to = stack) {
  const res = await to.send(path, body, headers);
  const answer = await res.text();
  expect([path, res.status, answer.slice(0, 300)]).toEqual([path, 200, expect.anything()]);
}

type Send = (project: string, id: string, members: Members, to?: Stack) => Promise<void>;

const only = (members: Members, ...names: string[]): Members =>
  Object.fromEntries(Object.entries(members).filter(([name]) => names.includes(name)));

const PROTOCOLS: Readonly<Record<string, Send>> = {
  'start and end': async (project, id, members, to) => {
    const start = started(project, id, only(members, 'attributes', 'inputs'));
    await accepted('/call/start', `{"start":${start}}`, undefined, to);
    const end = ended(project, id, only(members, 'output', 'summary'));
    await accepted('/call/end', `{"end":${end}}`, undefined, to);
  },
  upsert_batch: (project, id, members, to) => {
    const start = started(project, id, only(members, 'attributes', 'inputs'));
    const end = ended(project, id, only(members, 'output', 'summary'));
    return accepted('/call/upsert_batch', batch(startItem(start), endItem(end)), undefined, to);
  },
  'calls/complete': (project, id, members, to) =>
    accepted(`/v2/${project}/calls/complete`, batch(completed(project, id, members)), undefined, to),
};

async function bodyOf(path: string, request: object, from = stack): Promise<Buffer> {
  const res = await from.send(path, request);
  const bytes = Buffer.from(await res.arrayBuffer());
  expect([path, res.status]).toEqual([path, 200]);
  return bytes;
}

/** Both reads have these very bytes. */
async function expectWhole(project: string, id: string, members: Members, from = stack): Promise<void> {
  for (const [path, request] of [
    ['/calls/stream_query', { project_id: project, filter: { call_ids: [id] } }],
    ['/call/read', { project_id: project, id }],
  ] as const) {
    const answer = await bodyOf(path, request, from);
    const wrong = Object.entries(members).filter(([name, json]) => !answer.includes(`"${name}":${json}`));
    expect([path, wrong.map(([name]) => name)]).toEqual([path, []]);
  }
}

const query = async (project: string, request: object = {}, from = stack) =>
  await from.lines<ReadCall>('/calls/stream_query', { project_id: project, ...request });

describe('payloads come back whole', () => {
  const cases = Object.keys(PROTOCOLS).flatMap((protocol) => [
    [protocol, '300 KiB', 300 * KIB, MEMBERS] as const,
    [protocol, '5 MB', 5_000_000, MEMBERS] as const,
    ...(protocol === 'upsert_batch' ? [] : MEMBERS.map((name) => [protocol, `30 MB of ${name}`, 30_000_000, [name]] as const)),
  ]); // prettier-ignore

  it.each(cases)('through %s: %s', async (protocol, _, sizeBytes, names) => {
    const [project, id] = [newProject('large'), newCallId()];
    const members = large(sizeBytes, names);
    await PROTOCOLS[protocol]!(project, id, members);
    await expectWhole(project, id, members);
  }, 60_000); // prettier-ignore

  it.each(['json', 'protobuf'] as const)('through a span with an attribute of 5 MB, as %s', async (encoding) => {
    const project = newProject('large');
    const [prompt, other] = [text(5_000_000), text(5_000_000)];
    const attributes = [
      `{"key":"input.value","value":{"stringValue":${JSON.stringify(`{"prompt":${prompt}}`)}}}`,
      `{"key":"my.own","value":{"stringValue":${other}}}`,
    ];
    const span = `{"traceId":"0af7651916cd43dd8448eb211c80319c","spanId":"b7ad6b7169203331","name":"chat","startTimeUnixNano":"1767323045000000000","endTimeUnixNano":"1767323046000000000","attributes":[${attributes.join(',')}]}`;
    const json = Buffer.from(`{"resourceSpans":[{"scopeSpans":[{"spans":[${span}]}]}]}`);
    const [body, type] =
      encoding === 'json'
        ? [json, 'application/json']
        : [Buffer.from(encodeSpans(readSpans(json, 'json').spans)), 'application/x-protobuf'];
    await accepted('/otel/v1/traces', body, { 'content-type': type, project_id: project });
    const [listed] = await query(project);
    const read = await stack.post<{ call: ReadCall }>('/call/read', { project_id: project, id: listed!.id });
    for (const call of [listed!, read.call]) {
      const inputs = (call.inputs['input.value'] ?? call.inputs) as { prompt: string };
      expect(inputs.prompt === JSON.parse(prompt)).toBe(true);
      const { attributes: sent } = call.attributes.otel_span as { attributes: Record<string, unknown> };
      expect(JSON.stringify(sent).includes(JSON.stringify(JSON.parse(other)))).toBe(true);
    }
  }, 60_000); // prettier-ignore
});

interface Stub {
  readonly _weft: { readonly claimed: object };
  readonly head: Record<string, unknown>;
}

describe('payloads above a limit of the reader', () => {
  it('are stubs with heads; others are whole', async () => {
    const [project, id] = [newProject('large'), newCallId()];
    const { inputs } = large(2 * MIB, ['inputs']) as { inputs: string };
    const { output } = large(300 * KIB, ['output']) as { output: string };
    const small = ENVELOPES.attributes!(text(CLAIM_BYTES / 4));
    await PROTOCOLS['calls/complete']!(project, id, { inputs, output, attributes: small });
    const claimed = (column: string, json: string) => ({
      column,
      size_bytes: Buffer.byteLength(json),
      digest: digestOf(Buffer.from(json)),
    });
    const limited = { payload_limit_bytes: MIB };
    const [call] = await query(project, limited);
    const stub = call!.inputs as unknown as Stub;
    expect(stub._weft).toEqual({ claimed: claimed('inputs', inputs) });
    expect(Object.keys(stub)).toEqual(['_weft', 'head']);
    expect(stub.head).toEqual({ model: 'gpt-x', large: expect.stringMatching(/^lörem .*…$/s), last: [100] });
    expect(Buffer.byteLength(JSON.stringify(stub.head))).toBeLessThan(40 * KIB);
    expect(JSON.stringify(call!.output)).toBe(JSON.stringify(JSON.parse(output)));
    expect(JSON.stringify(call!.attributes)).toBe(JSON.stringify(JSON.parse(small)));
    const { calls } = await stack.post<{ calls: ReadCall[] }>('/calls/query', { project_id: project, ...limited }); // prettier-ignore
    const read = await stack.post<{ call: ReadCall }>('/call/read', { project_id: project, id, ...limited });
    expect([calls, read.call]).toEqual([[call], call]);
    // What was not claimed is never a stub, and a limit of exactly the size is none.
    const [bare] = await query(project, { payload_limit_bytes: 0 });
    expect((bare!.output as Stub)._weft).toEqual({ claimed: claimed('output', output) });
    expect(bare!.attributes).toEqual(call!.attributes);
    const [exact] = await query(project, { payload_limit_bytes: Buffer.byteLength(inputs) });
    expect(exact!.inputs.large === JSON.parse(inputs).large).toBe(true);
  }, 60_000);
});

describe('filters and sorting', () => {
  it('see heads: small members beside a prompt of 30 MB, the beginning of it, and all refs', async () => {
    const project = newProject('large');
    const ref = `weave:///${project}/object/deep:${'x'.repeat(43)}`;
    const filler = 'lorem ipsum '.repeat(2_400_000);
    const [id, other] = [newCallId(), newCallId()];
    const prompt = `"starts with a needle ${filler} ends with a thimble"`;
    await PROTOCOLS['calls/complete']!(project, id, {
      inputs: `{"prompt":${prompt},"model":"gpt-x","n":7,"list":["${'y'.repeat(100_000)}","${ref}"]}`,
    });
    await PROTOCOLS['calls/complete']!(project, other, { inputs: '{"model":"gpt-y","n":3}' });
    const found = async (request: object) => (await query(project, { columns: ['id'], ...request })).map((call) => call.id); // prettier-ignore
    const where = (expression: object) => found({ query: { $expr: expression } });
    const field = (name: string) => ({ $getField: name });
    const contains = (substr: string) =>
      where({ $contains: { input: field('inputs.prompt'), substr: { $literal: substr } } });
    expect(await where({ $eq: [field('inputs.model'), { $literal: 'gpt-x' }] })).toEqual([id]);
    expect(await where({ $gt: [field('inputs.n'), { $literal: 5 }] })).toEqual([id]);
    expect(await contains('needle')).toEqual([id]);
    expect(await contains('thimble')).toEqual([]);
    expect(await found({ filter: { input_refs: [ref] } })).toEqual([id]);
    expect(await found({ sort_by: [{ field: 'inputs.n', direction: 'desc' }] })).toEqual([id, other]);
    expect(await found({ sort_by: [{ field: 'inputs.n', direction: 'asc' }] })).toEqual([other, id]);
  }, 60_000);
});

describe('more than 32 MiB', () => {
  it.each([
    ['/call/start', (call: string) => `{"start":${call}}`],
    ['/call/upsert_batch', (call: string) => batch(startItem(call))],
    ['calls/complete', (call: string) => batch(call)],
  ])('is refused by %s before anything is stored', async (route, frame) => {
    const project = newProject('large');
    const make = route === 'calls/complete' ? completed : started;
    const picture = Buffer.alloc(400 * KIB, 7);
    Buffer.from('89504e470d0a1a0a', 'hex').copy(picture);
    const uri = `data:image/png;base64,${picture.toString('base64')}`;
    const inputs = `{"image":"${uri}","large":"${'x'.repeat(33 * MIB)}"}`;
    const path = route === 'calls/complete' ? `/v2/${project}/${route}` : route;
    const res = await stack.send(path, frame(make(project, newCallId(), { inputs })));
    expect([res.status, ((await res.json()) as { reason: string }).reason]).toEqual([413, expect.stringContaining('too large')]);
    const { count } = await stack.post<{ count: number }>('/calls/query_stats', { project_id: project });
    const { objs } = await stack.post<{ objs: unknown[] }>('/objs/query', { project_id: project });
    const files = await stack.post('/files/query_stats', { project_id: project });
    expect([count, objs, files]).toEqual([0, [], { total_size_bytes: 0 }]);
  }, 60_000); // prettier-ignore
});

/** Keys of blobs of the kind, of whatever project. */
async function keysOf(kind: 'events' | 'payloads'): Promise<string[]> {
  const all = await readdir(blobs, { recursive: true });
  return all.filter((key) => key.includes(`/${kind}/`) && !key.includes('trash'));
}

describe('what is no call', () => {
  const claimedEvents = async () => (baseUrl === undefined ? (await keysOf('events')).length : undefined);

  async function comesThroughBlob(send: () => Promise<void>): Promise<void> {
    const before = await claimedEvents();
    await send();
    if (before !== undefined) expect(await claimedEvents()).toBeGreaterThan(before);
  }

  it('an object of 5 MB comes back', async () => {
    const project = newProject('large');
    const val = `{"large":${text(5_000_000)},"n":1.0}`;
    await comesThroughBlob(() =>
      accepted('/obj/create', `{"obj":{"project_id":"${project}","object_id":"big","val":${val}}}`),
    );
    const read = { project_id: project, object_id: 'big', digest: 'latest' };
    expect((await bodyOf('/obj/read', read)).includes(`"val":${val}}`)).toBe(true);
  }, 60_000);

  it('a table with 20 MB of rows comes back', async () => {
    const project = newProject('large');
    const rows = Array.from({ length: 4000 }, (_, i) => `{"i":${i},"text":${text(5200)}}`);
    const body = `{"table":{"project_id":"${project}","rows":[${rows.join(',')}]}}`;
    expect(body.length).toBeGreaterThan(20_000_000);
    let digest = '';
    await comesThroughBlob(async () => {
      const res = await stack.send('/table/create', body);
      expect(res.status).toBe(200);
      ({ digest } = (await res.json()) as { digest: string });
    });
    const lines = (await bodyOf('/table/query_stream', { project_id: project, digest })).toString().split('\n').filter((line) => line !== ''); // prettier-ignore
    expect(lines.length).toBe(4000);
    expect(rows.filter((row, i) => !lines[i]!.includes(`"val":${row}`))).toHaveLength(0);
  }, 120_000);

  it('feedback of 900 KB comes back', async () => {
    const project = newProject('large');
    const payload = `{"large":${text(900_000)},"n":1.0}`;
    await comesThroughBlob(() =>
      accepted('/feedback/create', `{"project_id":"${project}","weave_ref":"weave:///${project}/call/${newCallId()}","feedback_type":"custom","payload":${payload}}`),
    ); // prettier-ignore
    expect((await bodyOf('/feedback/query', { project_id: project })).includes(`"payload":${payload}`)).toBe(
      true,
    );
  }, 60_000);
});

here('a blob that somebody deleted', () => {
  it('is missing in its field only: the call is shown', async () => {
    const project = newProject('large');
    const [id, neighbour] = [newCallId(), newCallId()];
    const before = new Set(await keysOf('payloads'));
    const members = large(400 * KIB, ['inputs', 'output']);
    await PROTOCOLS['calls/complete']!(project, id, members);
    await PROTOCOLS['calls/complete']!(project, neighbour, { inputs: '{"n":1}' });
    const digest = digestOf(Buffer.from(members.inputs!));
    const key = (await keysOf('payloads')).find((each) => !before.has(each) && each.endsWith(digest))!;
    await rm(join(blobs, key));
    const calls = await query(project);
    const broken = calls.find((call) => call.id === id)!;
    const stub = broken.inputs as unknown as Stub;
    expect(stub._weft).toEqual({
      claimed: { column: 'inputs', size_bytes: Buffer.byteLength(members.inputs!), digest, error: 'blob_unavailable' },
    }); // prettier-ignore
    expect(stub.head).toMatchObject({ model: 'gpt-x', large: expect.stringMatching(/…$/) });
    expect(JSON.stringify(broken.output)).toBe(JSON.stringify(JSON.parse(members.output!)));
    expect(calls.find((call) => call.id === neighbour)!.inputs).toEqual({ n: 1 });
    const { call } = await stack.post<{ call: ReadCall }>('/call/read', { project_id: project, id });
    expect(call).toEqual(broken);
    // Sent again it is there again.
    await PROTOCOLS['calls/complete']!(project, newCallId(), { inputs: members.inputs! });
    await expectWhole(project, id, members);
  }, 60_000);
});

here('while the blob store is away', () => {
  let away: Stack;
  beforeAll(async () => {
    away = await openStack({
      logLevel: 'error',
      env: {
        WF_FILE_STORAGE_URI: 's3://weft-away',
        WEFT_FILE_STORAGE_AWS_ENDPOINT: `http://127.0.0.1:${await freePort()}`,
        WF_FILE_STORAGE_AWS_REGION: 'us-east-1',
        WF_FILE_STORAGE_AWS_ACCESS_KEY_ID: 'key',
        WF_FILE_STORAGE_AWS_SECRET_ACCESS_KEY: 'secret',
        WEFT_FILE_STORAGE_TIMEOUT_MS: '1000',
      },
    });
  }, 60_000);
  afterAll(() => away?.stop());

  async function refused(path: string, body: string | FormData): Promise<void> {
    const res = await away.send(path, body);
    await res.text();
    expect([path, res.status, res.headers.get('retry-after')]).toEqual([path, 503, expect.stringMatching(/^\d+$/)]); // prettier-ignore
  }

  it('calls, files, objects and spans of ordinary size are taken and read', async () => {
    const [project, id] = [newProject('away'), newCallId()];
    const members = large(10 * KIB);
    await PROTOCOLS['calls/complete']!(project, id, members, away);
    await expectWhole(project, id, members, away);
    await accepted('/obj/create', `{"obj":{"project_id":"${project}","object_id":"o","val":{"a":1}}}`, undefined, away); // prettier-ignore
    const bytes = Buffer.alloc(200 * KIB, 3);
    expect((await bytesOf(away, project, await upload(away, project, bytes))).equals(bytes)).toBe(true);
  }, 60_000);

  it('large ones are refused with 503 and Retry-After, and nothing of them is stored', async () => {
    const [project, id] = [newProject('away'), newCallId()];
    const inputs = large(400 * KIB, ['inputs']);
    const call = completed(project, id, inputs);
    await refused(`/v2/${project}/calls/complete`, batch(call, completed(project, newCallId(), {})));
    await refused('/call/upsert_batch', batch(startItem(started(project, id, inputs))));
    await refused('/call/start', `{"start":${started(project, id, inputs)}}`);
    await refused(
      '/obj/create',
      `{"obj":{"project_id":"${project}","object_id":"o","val":${text(400 * KIB)}}}`,
    );
    const row = `{"a":${text(400 * KIB)}}`;
    await refused('/table/create', `{"table":{"project_id":"${project}","rows":[${row}]}}`);
    const payload = `{"a":${text(400 * KIB)}}`;
    await refused('/feedback/create', `{"project_id":"${project}","weave_ref":"weave:///${project}/call/${id}","feedback_type":"custom","payload":${payload}}`); // prettier-ignore
    const form = new FormData();
    form.append('file', new Blob([Buffer.alloc(300 * KIB)]), 'large.bin');
    form.append('project_id', project);
    await refused('/file/create', form);
    const { objs } = await away.post<{ objs: unknown[] }>('/objs/query', { project_id: project });
    const feedback = await away.post<{ result: unknown[] }>('/feedback/query', { project_id: project });
    const files = await away.post('/files/query_stats', { project_id: project });
    expect([await query(project, {}, away), objs, feedback.result, files]).toEqual([[], [], [], { total_size_bytes: 0 }]); // prettier-ignore
  }, 60_000);

  it('small pictures are files that ride the log', async () => {
    const project = newProject('away');
    const picture = Buffer.alloc(100 * KIB, 7);
    Buffer.from('89504e470d0a1a0a', 'hex').copy(picture);
    const image = `data:image/png;base64,${picture.toString('base64')}`;
    const span = `{"traceId":"0af7651916cd43dd8448eb211c80319c","spanId":"b7ad6b7169203331","name":"chat","startTimeUnixNano":"1767323045000000000","attributes":[{"key":"input.value","value":{"stringValue":${JSON.stringify(JSON.stringify({ image }))}}}]}`; // prettier-ignore
    await accepted('/otel/v1/traces', `{"resourceSpans":[{"scopeSpans":[{"spans":[${span}]}]}]}`, { 'content-type': 'application/json', project_id: project }, away); // prettier-ignore
    await PROTOCOLS['calls/complete']!(project, newCallId(), { inputs: JSON.stringify({ image }) }, away);
    const calls = await eventually(async () => {
      const read = await query(project, {}, away);
      return read.length === 2 ? read : undefined;
    });
    for (const call of calls) {
      const ref = /weave:\/\/\/[^"]*/.exec(JSON.stringify(call.inputs))![0];
      const { vals } = await away.post<{ vals: [{ files: { content: string } }] }>('/refs/read_batch', { refs: [ref] }); // prettier-ignore
      expect((await bytesOf(away, project, vals[0].files.content)).equals(picture)).toBe(true);
    }
  }, 60_000);
});
