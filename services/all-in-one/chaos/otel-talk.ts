import { randomFillSync } from 'node:crypto';
import type { JournalEntry, Said } from './oracle.ts';

/** What a client writes down of one span or log record, beside what it was told. */
export type Sent = Omit<JournalEntry, 'outcome'>;

/** One log record of a span. */
export interface Record {
  readonly name: string;
  readonly body?: object;
  readonly attributes: Readonly<{ [key: string]: string }>;
  readonly timeNs: bigint;
  readonly said: Said;
}

/** What a model was asked and said, and where that is told. */
export interface Talk {
  readonly attributes: Readonly<{ [key: string]: string | number }>;
  readonly records: readonly Record[];
  /** Content that the span itself tells: JSON objects, `{}` = none. */
  readonly inputs: string;
  readonly output: string;
  readonly tokens: number;
}

/** Every text has a token of its own, so that a judge sees where it turns up. */
export function token(): string {
  return `tok-${randomFillSync(Buffer.alloc(8)).toString('hex')}`;
}

/**
 * A talk whose content is told in attributes of the span (4 in 10), in its log records, message by message (4 in 10) or in
 * one, or in both: then what the span tells is meant.
 */
export function makeTalk(random: () => number, atNs: bigint): Talk {
  const text = () => `${token()} ${'dolor sit amet '.repeat(1 + Math.floor(random() * 20))}`;
  const [input, output] = [1 + Math.floor(random() * 500), 1 + Math.floor(random() * 500)];
  const dice = random();
  const [asked, answered] = [text(), text()];
  const own: [string, string][] =
    dice < 0.5
      ? [
          ['input.value', asked],
          ['output.value', answered],
        ]
      : [];
  const [inputs, outputs] = own.map(([key, value]) => JSON.stringify({ [key]: value }));
  return {
    attributes: {
      'gen_ai.operation.name': 'chat',
      'gen_ai.request.model': 'chaos-model',
      'gen_ai.usage.input_tokens': input,
      'gen_ai.usage.output_tokens': output,
      ...Object.fromEntries(own),
    },
    records: dice < 0.4 ? [] : dice < 0.8 ? messages(text, atNs) : details(text, atNs),
    inputs: inputs ?? '{}',
    output: outputs ?? '{}',
    tokens: input + output,
  };
}

function messages(text: () => string, atNs: bigint): Record[] {
  const spoken = ['system', 'user'].map((role, i): Record => {
    const content = text();
    return {
      name: `gen_ai.${role}.message`,
      body: { content },
      attributes: {},
      timeNs: atNs + BigInt(i) * 1_000n,
      said: { at: atNs + BigInt(i) * 1_000n, inputs: [{ role, content }], output: [] },
    };
  });
  const body = { index: 0, finish_reason: 'stop', message: { role: 'assistant', content: text() } };
  const timeNs = atNs + 5_000n;
  const said = { at: timeNs, inputs: [], output: [{ role: 'assistant', ...body }] };
  return [...spoken, { name: 'gen_ai.choice', body, attributes: {}, timeNs, said }];
}

function details(text: () => string, timeNs: bigint): Record[] {
  const said = (role: string) => [{ role, parts: [{ type: 'text', content: text() }] }];
  const [inputs, output] = [said('user'), said('assistant')];
  return [
    {
      name: 'gen_ai.client.inference.operation.details',
      attributes: {
        'gen_ai.input.messages': JSON.stringify(inputs),
        'gen_ai.output.messages': JSON.stringify(output),
      },
      timeNs,
      said: { at: timeNs, inputs, output },
    },
  ];
}

/** Of the span around the talks: it tells again what they used. */
export function agentAttributes(tokens: readonly Talk[]): { readonly [key: string]: string | number } {
  const sum = (name: string) => tokens.reduce((all, talk) => all + Number(talk.attributes[name]), 0);
  return {
    'gen_ai.operation.name': 'invoke_agent',
    'gen_ai.request.model': 'chaos-model',
    'gen_ai.usage.input_tokens': sum('gen_ai.usage.input_tokens'),
    'gen_ai.usage.output_tokens': sum('gen_ai.usage.output_tokens'),
  };
}

/** The journal's name of a span: its id is its own only within its trace. */
export function spanKey(traceId: string, spanId: string): string {
  return `${traceId}/${spanId}`;
}

export function sentSpan(key: string, parentId: string | null, talk: Partial<Talk>): Sent {
  const { inputs = '{}', output = '{}', tokens = 0 } = talk;
  return { callId: key, part: 'span', inputs, output, parentId, tokens };
}

export function sentRecord(key: string, { said }: Record): Sent {
  return { callId: key, part: 'log', said };
}
