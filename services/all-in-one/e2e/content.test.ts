import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { encodeSpans, readSpans } from '@weft/otlp';
import { requireBackend } from '@weft/testkit';
import { batch, completed, newCallId } from './calls.ts';
import { bytesOf, digestOf, sha256 } from './files.ts';
import { NPM_SDKS, NPM_TIMEOUT_MS } from './npm.ts';
import { runProgram } from './program.ts';
import { apiKey, baseUrl, newProject, openStack, type ReadCall, type Stack } from './stack.ts';

/** Pictures and sound that are sent as base64 become files: each byte that was sent can be opened by the ref in its place. */

let stack: Stack;
beforeAll(async () => {
  stack = await openStack();
});
afterAll(() => stack.stop());

const KIB = 1024;
const PNG_HEAD = Buffer.from('89504e470d0a1a0a', 'hex');
/** Only the head is looked at. */
const png = (size: number) => Buffer.concat([PNG_HEAD, randomBytes(size)]);
const uri = (bytes: Buffer) => `data:image/png;base64,${bytes.toString('base64')}`;

const callsOf = (from: Stack, project: string) =>
  from.lines<ReadCall>('/calls/stream_query', { project_id: project });

interface ContentValue {
  readonly weave_type: { readonly type: string };
  readonly files: Readonly<Record<string, string>>;
}

/** What the ref leads to, as the SDKs go: object, then file. */
async function opened(ref: unknown, from = stack): Promise<Buffer> {
  const [, project] = /^weave:\/\/\/([^/]+\/[^/]+)\/object\/image-[0-9a-f]{4}\.png:/.exec(String(ref)) ?? [];
  if (project === undefined) throw new Error(`not a ref of a picture: ${String(ref).slice(0, 100)}`);
  const { vals } = await from.post<{ vals: [ContentValue] }>('/refs/read_batch', { refs: [ref] });
  expect(vals[0].weave_type.type).toBe('weave.type_wrappers.Content.content.Content');
  return bytesOf(from, project, vals[0].files.content!);
}

async function stored(project: string, from = stack): Promise<{ bytes: number; objects: string[] }> {
  const { total_size_bytes: bytes } = await from.post<{ total_size_bytes: number }>('/files/query_stats', {
    project_id: project,
  });
  const { objs } = await from.post<{ objs: { object_id: string; kind: string }[] }>('/objs/query', {
    project_id: project,
  });
  return { bytes, objects: objs.filter(({ kind }) => kind === 'object').map(({ object_id: id }) => id) };
}

async function sendCall(
  project: string,
  members: { inputs: object; output?: unknown },
  to = stack,
): Promise<string> {
  const id = newCallId();
  const { inputs, output = null } = members;
  const call = completed(project, id, { inputs: JSON.stringify(inputs), output: JSON.stringify(output) });
  const res = await to.send(`/v2/${project}/calls/complete`, batch(call));
  expect([res.status, await res.text()]).toEqual([200, expect.any(String)]);
  return id;
}

/** One span of a chat that was shown a picture. */
function spanWith(attributes: Record<string, string>, spanId = 'b7ad6b7169203331'): Buffer {
  const span = {
    traceId: '0af7651916cd43dd8448eb211c80319c',
    spanId,
    name: 'chat',
    startTimeUnixNano: '1767323045000000000',
    endTimeUnixNano: '1767323046000000000',
    attributes: Object.entries(attributes).map(([key, stringValue]) => ({ key, value: { stringValue } })),
  };
  return Buffer.from(JSON.stringify({ resourceSpans: [{ scopeSpans: [{ spans: [span] }] }] }));
}

const ENCODINGS = {
  json: { type: 'application/json', encode: (json: Buffer) => json },
  protobuf: {
    type: 'application/x-protobuf',
    encode: (json: Buffer) => Buffer.from(encodeSpans(readSpans(json, 'json').spans)),
  },
} as const;

async function sendSpans(project: string, json: Buffer, encoding: keyof typeof ENCODINGS, to = stack) {
  const { type, encode } = ENCODINGS[encoding];
  const res = await to.send('/otel/v1/traces', encode(json), { 'content-type': type, project_id: project });
  expect([res.status, await res.text()]).toEqual([200, expect.any(String)]);
}

const chatAttributes = (picture: Buffer) => ({
  'gen_ai.operation.name': 'chat',
  'gen_ai.input.messages': JSON.stringify([
    { role: 'user', parts: [{ type: 'text', content: 'what is it?' }, { type: 'blob', modality: 'image', mime_type: 'image/png', content: picture.toString('base64') }] },
  ]),
  'gen_ai.output.messages': JSON.stringify([{ role: 'assistant', parts: [{ type: 'text', content: 'noise' }] }]),
}); // prettier-ignore

type BlobInputs = Record<string, { parts: { content: string }[] }[]>;
const blobOf = (call: ReadCall) =>
  (call.inputs as BlobInputs)['gen_ai.input.messages']![0]!.parts[1]!.content;

describe('media in calls', () => {
  it('are opened by refs; sent twice they are one file', async () => {
    const project = newProject('content');
    const picture = png(300 * KIB);
    await sendCall(project, { inputs: { n: 1, image: uri(picture) }, output: [uri(picture)] });
    await sendCall(project, { inputs: { image: picture.toString('base64') } });
    const calls = await callsOf(stack, project);
    const refs = calls.map(({ inputs }) => inputs.image);
    expect((calls[0]!.output as string[] | null)?.[0] ?? (calls[1]!.output as string[])[0]).toBe(refs[0]);
    for (const ref of refs) expect((await opened(ref)).equals(picture)).toBe(true);
    const { bytes, objects } = await stored(project);
    // The one spelling and the other differ in what is said of the file, not in its bytes.
    expect([bytes > picture.length, bytes < picture.length + KIB, new Set(objects).size]).toEqual([
      true,
      true,
      1,
    ]);
  });

  it('larger than a claim are lifted before anything is claimed', async () => {
    const project = newProject('content');
    const picture = png(900 * KIB);
    const text = 'lorem ipsum '.repeat(40_000);
    await sendCall(project, { inputs: { image: uri(picture) } });
    await sendCall(project, { inputs: { image: uri(picture), text } });
    const query = { project_id: project, payload_limit_bytes: 1024 };
    const stubs = await stack.lines<ReadCall>('/calls/stream_query', query);
    const claimed = stubs.find(({ inputs }) => '_weft' in inputs)!;
    const whole = stubs.find((call) => call !== claimed)!;
    expect((await opened(whole.inputs.image)).equals(picture)).toBe(true);
    // Of the claimed one the head shows the same ref, and the rest is what is left without the picture.
    const { _weft, head } = claimed.inputs as unknown as {
      _weft: { claimed: { column: string; size_bytes: number } };
      head: { image: string; text: string };
    };
    expect(head.image).toBe(whole.inputs.image);
    expect(_weft.claimed.column).toBe('inputs');
    expect(_weft.claimed.size_bytes).toBeLessThan(text.length + KIB);
    const calls = await callsOf(stack, project);
    expect(calls.map(({ inputs }) => inputs)).toContainEqual({ image: whole.inputs.image, text });
  });

  it('are what the chat of a call shows, with an address that opens', async () => {
    const project = newProject('content');
    const picture = png(20 * KIB);
    const content = [{ type: 'text', text: 'see' }, { type: 'image_url', image_url: { url: uri(picture) } }]; // prettier-ignore
    const id = await sendCall(project, { inputs: { messages: [{ role: 'user', content }] } });
    const authorization = `Bearer ${apiKey}`;
    const get = (path: string) => fetch(stack.url + path, { headers: { authorization } });
    const res = await get(`/weft/v1/chat?${new URLSearchParams({ project_id: project, call_id: id })}`);
    const chat = (await res.json()) as { messages: { parts: Record<string, string>[] }[] };
    const [, image] = chat.messages[0]!.parts;
    const [call] = await callsOf(stack, project);
    const { messages } = call!.inputs as { messages: [{ content: [unknown, { image_url: { url: string } }] }] }; // prettier-ignore
    const ref = messages[0].content[1].image_url.url;
    expect(image).toEqual({
      type: 'image',
      url: `/weft/v1/files/${project}/${digestOf(picture)}`,
      fileId: ref,
      name: /image-[0-9a-f]{4}\.png/.exec(ref)![0],
    });
    const file = await get(image!.url!);
    expect(Buffer.from(await file.arrayBuffer()).equals(picture)).toBe(true);
  });
});

describe('media in spans', () => {
  it.each(['json', 'protobuf'] as const)('sent as %s are opened by refs; sent twice they are one file', async (encoding) => {
    const project = newProject('content');
    const picture = png(300 * KIB);
    const span = spanWith(chatAttributes(picture));
    await sendSpans(project, span, encoding);
    const [first] = await callsOf(stack, project);
    await sendSpans(project, span, encoding);
    await sendSpans(project, spanWith(chatAttributes(picture), 'b7ad6b7169203332'), encoding);
    const calls = await callsOf(stack, project);
    expect(calls).toHaveLength(2);
    for (const call of calls) expect(blobOf(call)).toBe(blobOf(first!));
    expect((await opened(blobOf(first!))).equals(picture)).toBe(true);
    const { bytes, objects } = await stored(project);
    // With the source of the placeholder of the op.
    expect([bytes < picture.length + 2 * KIB, objects.length]).toEqual([true, 1]);
    // The span itself is as it was sent.
    expect(JSON.stringify(first!.attributes.otel_span)).toContain(picture.toString('base64'));
    expect(first!.output).toEqual({ 'gen_ai.output.messages': JSON.parse(chatAttributes(picture)['gen_ai.output.messages']) as unknown });
  }, 60_000); // prettier-ignore

  it('are what a remap finds again: nothing has changed', async () => {
    const project = newProject('content');
    await sendSpans(project, spanWith(chatAttributes(png(20 * KIB))), 'json');
    await callsOf(stack, project);
    const request = { project_id: project, from: '2025-12-01T00:00:00Z', dry_run: true };
    const lines = await stack.lines<Record<string, unknown>>('/weft/v1/remap', request);
    expect(lines.filter(({ kind }) => kind === 'sample' || kind === 'failure')).toEqual([]);
    expect(lines.at(-1)).toMatchObject({ kind: 'done', scanned: 1, unchanged: 1 });
  });

  it('of a data URI in an attribute of its own', async () => {
    const project = newProject('content');
    const picture = png(50 * KIB);
    const attributes = { 'openinference.span.kind': 'LLM', 'llm.input_messages.0.message.role': 'user', 'llm.input_messages.0.message.contents.0.message_content.type': 'image', 'llm.input_messages.0.message.contents.0.message_content.image.image.url': uri(picture) }; // prettier-ignore
    await sendSpans(project, spanWith(attributes), 'json');
    const [call] = await callsOf(stack, project);
    const ref = /weave:\/\/\/[^"]*/.exec(JSON.stringify(call!.inputs))?.[0];
    expect((await opened(ref)).equals(picture)).toBe(true);
  });

  it('of 5 MB, beside texts that are claimed', async () => {
    const project = newProject('content');
    const picture = png(5_000_000);
    const text = 'lorem ipsum '.repeat(40_000);
    await sendSpans(project, spanWith({ 'input.value': JSON.stringify({ image: uri(picture), text }) }), 'protobuf'); // prettier-ignore
    const [call] = await callsOf(stack, project);
    const inputs = (call!.inputs['input.value'] ?? call!.inputs) as { image: string; text: string };
    expect(inputs.text).toBe(text);
    expect(sha256(await opened(inputs.image))).toBe(sha256(picture));
  }, 60_000);
});

(baseUrl === undefined ? describe : describe.skip)('with WEFT_EXTRACT_CONTENT=false', () => {
  let plain: Stack;
  beforeAll(async () => {
    plain = await openStack({ env: { WEFT_EXTRACT_CONTENT: 'false' } });
  });
  afterAll(() => plain?.stop());

  it('all is read as it was sent', async () => {
    const project = newProject('content');
    const picture = png(20 * KIB);
    await sendCall(project, { inputs: { image: uri(picture) }, output: uri(picture) }, plain);
    await sendSpans(project, spanWith(chatAttributes(picture)), 'json', plain);
    const [call, span] = (await callsOf(plain, project)).sort((a) => ('image' in a.inputs ? -1 : 1));
    expect(call).toMatchObject({ inputs: { image: uri(picture) }, output: uri(picture) });
    expect(blobOf(span!)).toBe(picture.toString('base64'));
    expect((await stored(project, plain)).objects).toEqual([]);
  });
});

requireBackend('python', describe)('Python weave', () => {
  it('opens pictures and sound that it sent as base64', async () => {
    const project = newProject('content-py');
    const out = await runProgram<{
      sent: Record<string, string>;
      read: Record<string, string>;
      mimetypes: string[];
      rest: unknown[];
      calls: number;
    }>(stack, 'content.py', project);
    expect(out.read).toEqual(out.sent);
    expect(out).toMatchObject({ mimetypes: ['image/png', 'audio/wav'], rest: [1, 'bare'], calls: 3 });
  }, 120_000);
});

describe.each(NPM_SDKS)('npm %s', (sdk) => {
  it('sends pictures as base64, which are files', async () => {
    const project = newProject('content-npm');
    const sent = await runProgram<{ photo: string; drawing: string }>(stack, 'content.cjs', sdk, project);
    const [call] = await callsOf(stack, project);
    const input = call!.inputs.arg0 as { image: string; note: string };
    const output = call!.output as { drawn: string; n: number };
    expect([input.note, output.n]).toEqual(['kept', 1]);
    expect(sha256(await opened(input.image))).toBe(sent.photo);
    expect(sha256(await opened(output.drawn))).toBe(sent.drawing);
  }, NPM_TIMEOUT_MS); // prettier-ignore
});
