import { randomFillSync } from 'node:crypto';

/**
 * The load of the measurements: OTLP/protobuf requests of 100 spans (11 traces of one agent root, 2 retrievals, 3 tools and
 * 3 model calls, and one single span), gen_ai attributes, 2.5 KB of text per model call, about 1.7 KB per span on the wire.
 * Built once; ids and times are patched in for each request, so that the generator costs next to nothing.
 */
export interface SpanRequest {
  readonly body: Buffer;
  readonly spans: number;
  /** Fresh ids and the current time. Returns the span ids, hex. */
  renew(): string[];
}

export const SPANS_PER_REQUEST = 100;

export function buildSpanRequest(seed: number, entity = 'bench', project = 'spans'): SpanRequest {
  const words = vocabulary(seed);
  const traceMarks: { readonly spans: { id: Buffer; parent: Buffer | null; trace: Buffer }[] }[] = [];
  const spans: Buffer[] = [];
  for (let t = 0; t < 12; t++) {
    const trace = marker();
    const root = marker().subarray(0, 8);
    const kinds =
      t === 11
        ? ['agent']
        : ['agent', 'retrieval', 'retrieval', 'tool', 'tool', 'tool', 'chat', 'chat', 'chat'];
    const marks: { id: Buffer; parent: Buffer | null; trace: Buffer }[] = [];
    kinds.forEach((kind, i) => {
      const id = i === 0 ? root : marker().subarray(0, 8);
      const parent = i === 0 ? null : root;
      marks.push({ id, parent, trace });
      spans.push(span(kind, trace, id, parent, words));
    });
    traceMarks.push({ spans: marks });
  }
  const resource = message(
    1,
    attributes([
      ['service.name', 'bench'],
      ['wandb.entity', entity],
      ['wandb.project', project],
    ]),
  );
  const scope = message(1, Buffer.concat([text(1, 'bench'), text(2, '1.0.0')]));
  const scopeSpans = message(2, Buffer.concat([scope, ...spans.map((s) => message(2, s))]));
  const body = message(1, Buffer.concat([resource, scopeSpans]));

  // Where each id and time stands in the body.
  const places = traceMarks.map(({ spans: marks }) => ({
    trace: marks[0]!.trace,
    traceAt: allOf(body, marks[0]!.trace),
    ids: [...new Set(marks.map((m) => m.id))].map((id) => ({ at: allOf(body, id) })),
  }));
  const timesAt = allOf(body, TIME_MARK);
  return {
    body,
    spans: spans.length,
    renew() {
      const fresh = randomFillSync(Buffer.alloc(16 * places.length + 8 * spans.length));
      let at = 0;
      const ids: string[] = [];
      for (const place of places) {
        const trace = fresh.subarray(at, (at += 16));
        for (const p of place.traceAt) trace.copy(body, p);
        for (const { at: positions } of place.ids) {
          const id = fresh.subarray(at, (at += 8));
          for (const p of positions) id.copy(body, p);
          ids.push(id.toString('hex'));
        }
      }
      const now = BigInt(Date.now()) * 1_000_000n;
      timesAt.forEach((p, i) => body.writeBigUInt64LE(now + BigInt(i) * 1000n, p));
      return ids;
    },
  };
}

const TIME_MARK = Buffer.from('7f5a5b5c5d5e5f60', 'hex');

function span(kind: string, trace: Buffer, id: Buffer, parent: Buffer | null, words: () => string): Buffer {
  const llm = kind === 'chat';
  const prose = (n: number) => {
    let out = '';
    while (out.length < n) out += `${words()} `;
    return out.slice(0, n);
  };
  const common: [string, string | number][] = [
    [
      'gen_ai.operation.name',
      llm ? 'chat' : kind === 'tool' ? 'execute_tool' : kind === 'agent' ? 'invoke_agent' : 'retrieval',
    ],
    ['gen_ai.provider.name', 'openai'],
    ['gen_ai.conversation.id', prose(24)],
  ];
  const own: [string, string | number][] = llm
    ? [
        ['gen_ai.request.model', 'gpt-4o-mini'],
        ['gen_ai.response.model', 'gpt-4o-mini-2024-07-18'],
        ['gen_ai.usage.input_tokens', 431],
        ['gen_ai.usage.output_tokens', 117],
        [
          'gen_ai.input.messages',
          JSON.stringify([
            { role: 'system', parts: [{ type: 'text', content: prose(400) }] },
            { role: 'user', parts: [{ type: 'text', content: prose(1150) }] },
          ]),
        ],
        [
          'gen_ai.output.messages',
          JSON.stringify([
            { role: 'assistant', parts: [{ type: 'text', content: prose(800) }], finish_reason: 'stop' },
          ]),
        ],
      ]
    : kind === 'tool'
      ? [
          ['gen_ai.tool.name', 'get_weather'],
          ['gen_ai.tool.call.arguments', JSON.stringify({ query: prose(300) })],
          ['gen_ai.tool.call.result', JSON.stringify({ text: prose(500) })],
        ]
      : kind === 'agent'
        ? [
            ['gen_ai.agent.name', 'planner'],
            ['input.value', prose(300)],
            ['output.value', prose(500)],
          ]
        : [
            ['gen_ai.retrieval.query.text', prose(120)],
            ['gen_ai.retrieval.documents', JSON.stringify([{ id: 1, text: prose(800) }])],
          ];
  return Buffer.concat([
    bytes(1, trace),
    bytes(2, id),
    ...(parent === null ? [] : [bytes(4, parent)]),
    text(5, llm ? 'chat gpt-4o-mini' : kind),
    Buffer.from([0x30, llm ? 3 : 1]),
    Buffer.from([0x39]),
    TIME_MARK,
    Buffer.from([0x41]),
    TIME_MARK,
    ...[...common, ...own].map(([k, v]) => message(9, attribute(k, v))),
    message(15, Buffer.from([0x18, 1])),
  ]);
}

function attributes(list: readonly [string, string | number][]): Buffer {
  return Buffer.concat(list.map(([k, v]) => message(1, attribute(k, v))));
}

function attribute(key: string, value: string | number): Buffer {
  return Buffer.concat([
    text(1, key),
    message(
      2,
      typeof value === 'number' ? Buffer.concat([Buffer.from([0x18]), varint(value)]) : text(1, value),
    ),
  ]);
}

function varint(n: number): Buffer {
  const out: number[] = [];
  while (n > 127) {
    out.push((n & 127) | 128);
    n >>>= 7;
  }
  return Buffer.from([...out, n]);
}

function bytes(field: number, data: Buffer): Buffer {
  return Buffer.concat([varint((field << 3) | 2), varint(data.length), data]);
}
const message = bytes;
const text = (field: number, value: string) => bytes(field, Buffer.from(value));

let marks = 0;
function marker(): Buffer {
  const b = Buffer.alloc(16, 0xa5);
  b.writeUInt32BE(0xfeed0000 + ++marks, 0);
  b.writeUInt32BE(0xbeef0000 + marks, 8);
  return b;
}

function allOf(haystack: Buffer, needle: Buffer): number[] {
  const at: number[] = [];
  for (let i = haystack.indexOf(needle); i >= 0; i = haystack.indexOf(needle, i + 1)) at.push(i);
  return at;
}

/** Words of natural lengths, drawn with natural frequencies: text that compresses as prose does. */
export function vocabulary(seed: number): () => string {
  let state = seed >>> 0 || 1;
  const next = () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 4294967296;
  };
  const syllables = [
    'ka',
    'lo',
    'mi',
    'ter',
    'an',
    'ing',
    'so',
    'pre',
    'con',
    'ble',
    'er',
    'ly',
    'ta',
    'ri',
    'ne',
    'us',
    'or',
    'de',
  ];
  const list = Array.from({ length: 20_000 }, () =>
    Array.from(
      { length: 1 + Math.floor(next() * 3) },
      () => syllables[Math.floor(next() * syllables.length)],
    ).join(''),
  );
  return () => list[Math.floor(list.length * next() ** 1.5)]!;
}
