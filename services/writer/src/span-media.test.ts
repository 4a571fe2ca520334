import { describe, expect, it } from '@jest/globals';
import { encodeSpans, otelSpanJson, readSpans } from '@weft/otlp';
import type { FileStore } from '@weft/content';
import { AppError, type TraceEvent } from '@weft/model';
import { createLogger, createMetrics } from '@weft/runtime';
import { createSpanMedia, type SpanMedia } from './span-media.ts';
import { createOpPlaceholders } from './spans-to-rows.ts';
import { RowBatch } from './to-rows.ts';

const projectId = 'acme/vision';
const logger = createLogger({ name: 'test', level: 'silent' });

function media(fileStorage?: FileStore): SpanMedia {
  return createSpanMedia({ fileStorage, logger, metrics: createMetrics('', { processMetrics: false }) });
}

function png(size: number, seed: number): Buffer {
  const bytes = Buffer.alloc(size, Buffer.from([seed, 62, 255, seed >> 8]));
  Buffer.from('89504e470d0a1a0a', 'hex').copy(bytes);
  return bytes;
}

const PICTURE = png(9000, 1);
const BASE64 = PICTURE.toString('base64');
const URI = `data:image/png;base64,${BASE64}`;
const REF = /^weave:\/\/\/acme\/vision\/object\/image-[0-9a-f]{4}\.png:[0-9A-Za-z]{43}$/;

type Value = string | { bytesValue: string };

/** One span with these attributes, as one of the two encodings. */
function spans(attributes: Record<string, Value>, encoding: 'json' | 'protobuf' = 'json'): TraceEvent {
  const span = {
    traceId: '0af7651916cd43dd8448eb211c80319c',
    spanId: 'b7ad6b7169203331',
    name: 'chat',
    startTimeUnixNano: '1767323045000000000',
    endTimeUnixNano: '1767323046000000000',
    attributes: Object.entries(attributes).map(([key, value]) => ({
      key,
      value: typeof value === 'string' ? { stringValue: value } : value,
    })),
  };
  const json = Buffer.from(JSON.stringify({ resourceSpans: [{ scopeSpans: [{ spans: [span] }] }] }));
  const payload = encoding === 'json' ? json : encodeSpans(readSpans(json, 'json').spans);
  const note = encoding === 'json' ? 'json' : '';
  return { kind: 'otlp.spans', projectId, id: 's', userId: 'ada', receivedAtUs: 1e15, note, payload };
}

async function lift(event: TraceEvent, by = media().begin()): Promise<RowBatch['rows']> {
  const batch = new RowBatch(createOpPlaceholders());
  batch.add(event);
  await batch.lift(by);
  expect(batch.rejected).toEqual([]);
  return batch.rows;
}

const parsed = (bytes: Uint8Array) => JSON.parse(Buffer.from(bytes).toString()) as never;
const inputsOf = ({ calls }: RowBatch['rows']) => Buffer.from(calls[0]!.start!.inputs).toString();
const contents = ({ files }: RowBatch['rows']) => files.filter(({ name }) => name === 'content');

const message = (part: object) => JSON.stringify([{ role: 'user', parts: [part] }]);
const content = (part: object) => JSON.stringify([{ role: 'user', content: [part] }]);

/** As frameworks spell them. */
const SPELLINGS: readonly (readonly [string, Record<string, Value>])[] = [
  ['gen_ai blob', { 'gen_ai.input.messages': message({ type: 'blob', mime_type: 'image/png', modality: 'image', content: BASE64 }) }],
  ['gen_ai output', { 'gen_ai.output.messages': message({ type: 'blob', mime_type: 'image/png', modality: 'image', content: BASE64 }) }],
  ['OpenInference, flat', { 'openinference.span.kind': 'LLM', 'llm.input_messages.0.message.role': 'user', 'llm.input_messages.0.message.contents.0.message_content.type': 'image', 'llm.input_messages.0.message.contents.0.message_content.image.image.url': URI }],
  ['OpenInference, input.value', { 'openinference.span.kind': 'LLM', 'input.mime_type': 'application/json', 'input.value': JSON.stringify({ messages: [{ role: 'user', content: [{ type: 'image_url', image_url: { url: URI } }] }] }) }],
  ['Vercel AI prompt', { 'ai.operationId': 'ai.generateText', 'ai.prompt': JSON.stringify({ messages: [{ role: 'user', content: [{ type: 'image', image: URI }] }] }) }],
  ['Vercel AI messages', { 'ai.operationId': 'ai.generateText.doGenerate', 'ai.prompt.messages': content({ type: 'file', mediaType: 'image/png', data: BASE64 }) }],
  ['Traceloop', { 'gen_ai.prompt.0.role': 'user', 'gen_ai.prompt.0.content': JSON.stringify([{ type: 'image_url', image_url: { url: URI } }]) }],
  ['Logfire', { all_messages_events: JSON.stringify([{ 'event.name': 'gen_ai.user.message', role: 'user', content: [{ kind: 'binary', media_type: 'image/png', binary_content: BASE64 }] }]) }],
  ['Langfuse', { 'langfuse.observation.input': JSON.stringify([{ role: 'user', content: [{ type: 'image_url', image_url: { url: URI } }] }]) }],
  ['MLflow', { 'mlflow.spanInputs': JSON.stringify({ messages: [{ role: 'user', content: [{ type: 'image_url', image_url: { url: URI } }] }] }) }],
  ['Anthropic blocks', { 'gen_ai.input.messages': content({ type: 'image', source: { type: 'base64', media_type: 'image/png', data: BASE64 } }) }],
  ['a text of its own', { 'input.value': URI }],
  ['bytes', { 'gen_ai.prompt': { bytesValue: BASE64 } }],
]; // prettier-ignore

describe('media in spans', () => {
  it.each(SPELLINGS.flatMap(([name, attributes]) => [['json', name, attributes] as const, ['protobuf', name, attributes] as const]))('are lifted out of %s: %s', async (encoding, _, attributes) => {
    const rows = await lift(spans(attributes, encoding));
    const { start, end } = rows.calls[0]!;
    const payload = Buffer.concat([start!.inputs, end!.output]).toString();
    expect(payload).not.toContain(BASE64);
    const [ref] = [...(start!.inputRefs ?? []), ...(end!.outputRefs ?? [])];
    expect(ref).toMatch(REF);
    expect(payload).toContain(ref);
    const object = rows.objects.find(({ objectId }) => objectId.startsWith('image-'))!;
    expect(ref!.endsWith(`/${object.objectId}:${object.digest}`)).toBe(true);
    const { files } = parsed(object.val) as { files: Record<string, string> };
    const byName = new Map(rows.files.map((file) => [file.name, file]));
    expect(files).toEqual({ content: byName.get('content')!.digest, 'metadata.json': byName.get('metadata.json')!.digest });
    expect(Buffer.compare(byName.get('content')!.bytes!, PICTURE)).toBe(0);
    expect(object).toMatchObject({ projectId, userId: 'ada', createdAtUs: 1e15, deletedAtUs: null });
  }); // prettier-ignore

  it('leave the span as it was sent', async () => {
    const sent = spans(SPELLINGS[0]![1]);
    const { start, end } = (await lift(sent)).calls[0]!;
    const shown = parsed(otelSpanJson(start!.otelDump!, start!.inputs, end!.output, []));
    expect(JSON.stringify(shown)).toContain(BASE64);
    const plain = await lift(spans({ 'gen_ai.input.messages': message({ type: 'text', content: 'x'.repeat(9000) }) })); // prettier-ignore
    // Without media its texts are not kept twice.
    expect(plain.calls[0]!.start!.otelDump!.length).toBeLessThan(2000);
    expect(plain.objects.map(({ kind }) => kind)).toEqual(['op']);
  });

  it('are the same files, objects and call when the span comes again', async () => {
    const [first, again] = [await lift(spans(SPELLINGS[2]![1])), await lift(spans(SPELLINGS[2]![1]))];
    expect(again).toEqual(first);
  });

  it('are made once per batch, and not again once they are stored', async () => {
    const by = media();
    const attributes = { 'input.value': JSON.stringify([{ a: URI }, { b: URI }]), 'output.value': JSON.stringify({ c: URI }) }; // prettier-ignore
    const begun = by.begin();
    const first = await lift(spans(attributes), begun);
    expect(contents(first)).toHaveLength(1);
    // A write that failed: what was made may not be there.
    expect(contents(await lift(spans(attributes), by.begin()))).toHaveLength(1);
    begun.stored();
    const later = await lift(spans(attributes), by.begin());
    expect(contents(later)).toEqual([]);
    expect(inputsOf(later)).toBe(inputsOf(first));
  });

  it('are blobs where the project has a blob store', async () => {
    const kept = new Map<string, number>();
    const store: FileStore = {
      smallFileBytes: 0,
      takes: () => true,
      putFile: async (_, { digest, size }) => {
        kept.set(digest, size);
        return 's3://bucket';
      },
    };
    const rows = await lift(spans(SPELLINGS[0]![1]), media(store).begin());
    expect(contents(rows)).toMatchObject([{ blob: { uri: 's3://bucket', sizeBytes: 9000 } }]);
    expect(kept.get(contents(rows)[0]!.digest)).toBe(9000);
  });

  it('that are large stay in their calls while the blob store is away; small ones do not', async () => {
    const store: FileStore = {
      smallFileBytes: 0,
      takes: () => true,
      putFile: async () => {
        throw new AppError('storage_unavailable', 'away');
      },
    };
    const large = `data:image/png;base64,${png(300_000, 3).toString('base64')}`;
    const rows = await lift(spans({ 'input.value': JSON.stringify({ large, small: URI }) }), media(store).begin()); // prettier-ignore
    const inputs = JSON.parse(inputsOf(rows)) as Record<string, Record<string, string>>;
    const { large: left, small } = inputs['input.value'] ?? (inputs as never);
    expect(left).toBe(large);
    expect(small).toMatch(REF);
    expect(contents(rows)).toHaveLength(1);
  });
});
