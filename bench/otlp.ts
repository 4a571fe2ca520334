/**
 * Spans per second and core of the OTLP path: `tsx bench/otlp.ts [rounds]`. Median of the rounds. The baselines: protobufjs
 * with the official .proto files, decode only and with a naive mapper behind it (plain objects, one look-up after the other,
 * JSON of everything), and JSON.parse.
 */
import { readSpans, spanToCall, splitTraceRequest } from '@weft/otlp';
import { ExportTraceServiceRequest as Request } from '../libs/otlp/src/testing/oracle.ts';

const SPANS = 512;
const TEXT_BYTES = 1400;
const rounds = Number(process.argv[2] ?? 40);

const body = Buffer.from(Request.encode(request()).finish());
const jsonBody = Buffer.from(JSON.stringify(jsonRequest()));
console.log(
  `${SPANS} LLM spans, ${body.length} B protobuf (${Math.round(body.length / SPANS)} B each), ${jsonBody.length} B JSON`,
);

const split = { encoding: 'protobuf', headerProject: 'acme/bench' } as const;
const baseline = measure('protobufjs decode', () => Request.decode(body), null);
measure('protobufjs + naive mapper', () => naiveCalls(Request.decode(body)), baseline);
measure('JSON.parse', () => JSON.parse(jsonBody.toString()), baseline);
measure('splitTraceRequest', () => splitTraceRequest(body, split), baseline);
const groupOf = (_project: string, traceId: string): string => traceId.slice(0, 2);
measure('splitTraceRequest, 64 groups', () => splitTraceRequest(body, { ...split, groupOf }), baseline);
measure(
  'splitTraceRequest, JSON',
  () => splitTraceRequest(jsonBody, { ...split, encoding: 'json' }),
  baseline,
);
measure('readSpans', () => readSpans(body, 'protobuf'), baseline);
const toCalls = (): unknown =>
  readSpans(body, 'protobuf').spans.map((span) =>
    spanToCall(span, { projectId: 'acme/bench', userId: null }),
  );
measure('readSpans + spanToCall', toCalls, baseline);

interface NaiveValue {
  readonly stringValue?: string;
  readonly intValue?: unknown;
  readonly doubleValue?: number;
  readonly boolValue?: boolean;
}

/** What one writes in an afternoon: no order between frameworks beyond the lists, no exact numbers, no duplicates. */
function naiveCalls(message: unknown): string[] {
  const pick = (attributes: Record<string, unknown>, keys: readonly string[]): unknown => {
    for (const key of keys) {
      const value = attributes[key];
      if (value === undefined || value === '') continue;
      return typeof value === 'string' && /^[[{]/.test(value) ? JSON.parse(value) : value;
    }
    return undefined;
  };
  const request = (Request.toObject as (message: unknown, options: object) => unknown)(message, { longs: String, bytes: String }) as {
    resourceSpans: { scopeSpans: { spans: { attributes: { key: string; value: NaiveValue }[] }[] }[] }[];
  };
  return request.resourceSpans.flatMap(({ scopeSpans }) =>
    scopeSpans.flatMap(({ spans }) =>
      spans.map((span) => {
        const attributes = Object.fromEntries(
          span.attributes.map(({ key, value }) => [key, value.stringValue ?? value.intValue ?? value.doubleValue ?? value.boolValue]),
        );
        const inputs = pick(attributes, ['ai.prompt', 'gen_ai.prompt', 'input.value', 'mlflow.spanInputs', 'gen_ai.input.messages', 'traceloop.entity.input', 'input']);
        const output = pick(attributes, ['ai.response', 'gen_ai.completion', 'output.value', 'mlflow.spanOutputs', 'gen_ai.output.messages', 'traceloop.entity.output', 'output']);
        const usage = { input: pick(attributes, ['gen_ai.usage.input_tokens', 'llm.token_count.prompt']), output: pick(attributes, ['gen_ai.usage.output_tokens', 'llm.token_count.completion']) };
        return JSON.stringify({ inputs, output, usage, model: pick(attributes, ['gen_ai.response.model', 'llm.model_name']), span });
      }),
    ),
  );
} // prettier-ignore

function measure(name: string, work: () => unknown, against: number | null): number {
  for (let i = 0; i < 5; i++) work();
  const times: number[] = [];
  for (let i = 0; i < rounds; i++) {
    const start = process.hrtime.bigint();
    work();
    times.push(Number(process.hrtime.bigint() - start) / 1e6);
  }
  times.sort((a, b) => a - b);
  const ms = times[Math.floor(times.length / 2)]!;
  const ratio = against === null ? '' : `  ${(against / ms).toFixed(2)} x baseline`;
  console.log(
    `${name.padEnd(30)} ${ms.toFixed(2).padStart(7)} ms  ${((ms * 1000) / SPANS).toFixed(1).padStart(6)} us/span  ${Math.round((SPANS * 1000) / ms)} spans/s  quiet ${times[Math.floor(times.length / 10)]!.toFixed(2)} ms${ratio}`,
  );
  return ms;
}

function request(): Record<string, unknown> {
  return convert(jsonRequest()) as Record<string, unknown>;
}

/** The JSON form with bytes for ids. */
function convert(value: unknown, key = ''): unknown {
  if (/^(?:traceId|spanId|parentSpanId)$/.test(key)) return Buffer.from(String(value), 'hex');
  if (Array.isArray(value)) return value.map((item) => convert(item));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, convert(item, name)]));
}

function jsonRequest(): Record<string, unknown> {
  const spans = Array.from({ length: SPANS }, (_, i) => {
    const text = (i % 10 === 0 ? 'naïve 日本語 ' : 'plain words ').repeat(Math.ceil(TEXT_BYTES / 24));
    const attribute = (key: string, value: unknown): unknown => ({
      key,
      value:
        typeof value === 'number'
          ? Number.isInteger(value)
            ? { intValue: String(value) }
            : { doubleValue: value }
          : { stringValue: value },
    });
    return {
      traceId: ((i % 64) + 16).toString(16).padStart(2, '0') + '0'.repeat(28) + 'ff',
      spanId: (i + 1).toString(16).padStart(16, '0'),
      parentSpanId: '00000000000000ff',
      name: 'chat gpt-4o-mini',
      kind: 3,
      startTimeUnixNano: '1767225600123456789',
      endTimeUnixNano: '1767225601500000000',
      attributes: [
        attribute('gen_ai.operation.name', 'chat'),
        attribute('gen_ai.provider.name', 'openai'),
        attribute('gen_ai.system', 'openai'),
        attribute('gen_ai.request.model', 'gpt-4o-mini'),
        attribute('gen_ai.response.model', 'gpt-4o-mini-2024-07-18'),
        attribute('gen_ai.request.temperature', 0.2),
        attribute('gen_ai.request.max_tokens', 256),
        attribute('gen_ai.request.top_p', 1),
        attribute('server.address', 'api.openai.com'),
        attribute('server.port', 443),
        attribute('gen_ai.response.id', 'chatcmpl-lab1'),
        attribute('gen_ai.response.finish_reasons', 'stop'),
        attribute('gen_ai.usage.input_tokens', 43),
        attribute('gen_ai.usage.output_tokens', 17),
        attribute('gen_ai.usage.cache_read.input_tokens', 32),
        attribute('gen_ai.conversation.id', `conversation-${i % 7}`),
        attribute('gen_ai.agent.name', 'weather'),
        attribute(
          'gen_ai.input.messages',
          JSON.stringify([{ role: 'user', parts: [{ type: 'text', content: text }] }]),
        ),
        attribute(
          'gen_ai.output.messages',
          JSON.stringify([{ role: 'assistant', parts: [{ type: 'text', content: text.slice(0, 200) }] }]),
        ),
        attribute('app.release', '2026.11.1'),
      ],
      status: { code: 1 },
      flags: 257,
    };
  });
  const resource = { attributes: [{ key: 'service.name', value: { stringValue: 'bench' } }] };
  return { resourceSpans: [{ resource, scopeSpans: [{ scope: { name: 'bench', version: '1' }, spans }] }] };
}
