import { expect, it } from '@jest/globals';
import { readSpans, spanToCall } from '@weft/otlp';
import { readAgentSpan } from './agent-span.ts';

const ID = { traceId: '0102030405060708090a0b0c0d0e0f10', spanId: '1112131415161718' };

function agentSpan(attributes: Record<string, string>, inputs?: object, output?: object) {
  const span = {
    ...ID,
    name: 'chat gpt-4o',
    startTimeUnixNano: '1767225600000000000',
    attributes: Object.entries(attributes).map(([key, stringValue]) => ({ key, value: { stringValue } })),
  };
  const body = Buffer.from(JSON.stringify({ resourceSpans: [{ scopeSpans: [{ spans: [span] }] }] }));
  const [read] = readSpans(body, 'json').spans;
  const { start, end } = spanToCall(read!, { projectId: 'a/b', userId: null });
  const json = (given: object | undefined, own: Uint8Array) =>
    given === undefined ? own : Buffer.from(JSON.stringify(given));
  return readAgentSpan({
    ...ID,
    parentId: null,
    conversationId: '',
    startedAtUs: start.startedAtUs,
    endedAtUs: end.endedAtUs,
    userId: '',
    runId: '',
    runStep: -1,
    runStepEnd: -1,
    otelDump: start.otelDump!,
    inputs: json(inputs, start.inputs),
    output: json(output, end.output),
    claims: [],
  });
}

it('takes messages from log records where its span has none', () => {
  const inputs = { 'gen_ai.input.messages': [{ role: 'user', content: 'Paris?' }] };
  const output = {
    'gen_ai.output.messages': [
      { index: 0, finish_reason: 'stop', message: { role: 'assistant', content: 'Yes.' } },
    ],
  };
  expect(agentSpan({}, inputs, output)).toMatchObject({
    input_messages: [{ role: 'user', content: 'Paris?' }],
    output_messages: [{ role: 'assistant', content: 'Yes.', finish_reason: 'stop' }],
  });
});

it('prefers what its span says, and needs neither', () => {
  const said = JSON.stringify([{ role: 'user', content: 'Rome?' }]);
  const { input_messages, output_messages } = agentSpan({ 'gen_ai.input.messages': said }, undefined, {});
  expect(input_messages).toMatchObject([{ content: 'Rome?' }]);
  expect(output_messages).toEqual([]);
  expect(agentSpan({}, { 'gen_ai.input.messages': [null, 1, { message: null }] })).toMatchObject({
    output_messages: [],
  });
});
