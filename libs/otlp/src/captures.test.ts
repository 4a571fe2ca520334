import { describe, expect, it } from '@jest/globals';
import { callsOf, readable } from './testing/build.ts';
import { fixture, TRACE_FIXTURES } from './testing/fixtures.ts';

/** Captures whose spans carry no content: it comes in log records, was switched off, or is never sent. */
const NO_CONTENT = /^(?:otel-genai-|vertex-adk-no-content|vercel-v7-embed-many)/;
/** Captures of embeddings where the vectors are not sent. */
const NO_VECTORS = /^(?:openlit-|langfuse-)/;

const SENDERS = /^(?:doc|openinference|traceloop|vercel|langfuse|openlit|vertex-adk|otel-genai)-(?!.*python)/;
const REAL = TRACE_FIXTURES.filter((name) => SENDERS.test(name));
const MODEL_CALL = /^(?:llm|generation|chat_model)$/i;
const isEmpty = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && Object.keys(value).length === 0;

/** What each call of a kind lacks, by the span's name. */
function lacking(name: string, kind: RegExp): string[] {
  const calls = callsOf(fixture(`${name}.bin`), 'protobuf').map(readable);
  return calls
    .filter(({ start }) => kind.test(String(start.attributes.kind)))
    .flatMap(({ opShortName, start, end }) => [
      ...(isEmpty(start.inputs) && end.exception === null ? [`${opShortName}: inputs`] : []),
      ...(isEmpty(end.output) && end.exception === null ? [`${opShortName}: output`] : []),
      ...(kind === MODEL_CALL && start.attributes.model === undefined ? [`${opShortName}: model`] : []),
    ]);
}

describe('requests of JavaScript instrumentations', () => {
  it.each(REAL.filter((name) => !NO_CONTENT.test(name)))(
    '%s: calls of models have all they were sent',
    (name) => {
      expect(lacking(name, MODEL_CALL)).toEqual([]);
    },
  );

  it.each(REAL.filter((name) => !NO_CONTENT.test(name)))('%s: tools have arguments and results', (name) => {
    expect(lacking(name, /^tool$/i)).toEqual([]);
  });

  it.each(REAL.filter((name) => !NO_CONTENT.test(name)))('%s: embeddings have texts and vectors', (name) => {
    const missing = lacking(name, /^embedding$/i).filter(
      (what) => !(NO_VECTORS.test(name) && what.endsWith('output')),
    );
    expect(missing).toEqual([]);
  });

  it.each([
    'openinference-2.3-tools',
    'openinference-langchain-3.4',
    'openinference-vercel-tools',
    'traceloop-0.22-tools',
    'vercel-v4-tools',
    'vercel-v5-stream-text',
    'vercel-v6-tools',
    'vercel-v7-supplemental-tools',
    'vercel-v7-legacy-stream-tools',
    'langfuse-openai-tools',
    'langfuse-4-agent-native',
    'openlit-1.7-tools',
    'openlit-1.10-chat',
    'otel-genai-tools',
  ])('%s: each request to the model used 43 + 17 = 60 tokens, and says why it stopped', (name) => {
    const requests = callsOf(fixture(`${name}.bin`), 'protobuf')
      .map(readable)
      .filter(({ start, end }) => MODEL_CALL.test(String(start.attributes.kind)) && end.exception === null);
    expect(requests.length).toBeGreaterThan(0);
    for (const { start, end } of requests) {
      const [usage] = Object.values(end.summary.usage as Record<string, Record<string, number>>);
      const { input_tokens: input, prompt_tokens: prompt } = usage!;
      const { output_tokens: output, completion_tokens: completion, total_tokens: total } = usage!;
      expect([input ?? prompt, output ?? completion, total]).toEqual([43, 17, 60]);
      // Langfuse keeps the message alone.
      if (!name.startsWith('langfuse')) expect(start.attributes.finish_reasons).toHaveLength(1);
    }
  });
});
