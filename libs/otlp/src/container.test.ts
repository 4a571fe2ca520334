import { describe, expect, it } from '@jest/globals';
import { callsOf, jsonBody, spanJson, type JsonObject } from './testing/build.ts';

/** Whether the only span of a request is marked. */
function isMarked(attributes: JsonObject, scope = 'test', usage: JsonObject = { 'gen_ai.usage.input_tokens': 1 }): boolean {
  const span = spanJson({ ...attributes, ...usage });
  const [call] = callsOf(jsonBody({ resourceSpans: [{ scopeSpans: [{ scope: { name: scope }, spans: [span] }] }] }), 'json');
  return call!.end.mayRepeatUsage ?? false;
} // prettier-ignore

describe('spans that may tell again what others used', () => {
  it.each<JsonObject>([
    { 'gen_ai.operation.name': 'invoke_agent' },
    { 'gen_ai.operation.name': 'agent_step' },
    { 'gen_ai.operation.name': 'invoke_workflow' },
    { 'gen_ai.operation.name': 'embeddings' },
    { 'ai.operationId': 'ai.generateText' },
    { 'ai.operationId': 'ai.streamText' },
    { 'ai.operationId': 'ai.embedMany' },
    { 'openinference.span.kind': 'AGENT' },
    { 'openinference.span.kind': 'CHAIN' },
    { 'langfuse.observation.type': 'agent' },
    { 'traceloop.span.kind': 'workflow' },
    { agent_name: 'unknown frameworks' },
  ])('are %j', (attributes) => expect(isMarked(attributes)).toBe(true));

  it.each<JsonObject>([
    { 'gen_ai.operation.name': 'chat' },
    { 'gen_ai.operation.name': 'text_completion' },
    { 'gen_ai.operation.name': 'generate_content' },
    { 'ai.operationId': 'ai.generateText.doGenerate' },
    { 'ai.operationId': 'ai.streamText.doStream', 'gen_ai.operation.name': 'invoke_agent' },
    { 'ai.operationId': 'ai.embed.doEmbed' },
    { 'openinference.span.kind': 'LLM' },
    { 'openinference.span.kind': 'EMBEDDING' },
    { 'langfuse.observation.type': 'generation' },
    { 'llm.request.type': 'chat' },
  ])('are not %j', (attributes) => expect(isMarked(attributes)).toBe(false));

  it('are requests told by what may sit on an instrumented client', () => {
    const llm = { 'openinference.span.kind': 'LLM' };
    expect(isMarked(llm, '@arizeai/openinference-instrumentation-langchain')).toBe(true);
    expect(isMarked(llm, 'openinference.instrumentation.llama_index')).toBe(true);
    expect(isMarked(llm, 'openinference.instrumentation.openai')).toBe(false);
  });

  it('are none without usage', () =>
    expect(isMarked({ 'gen_ai.operation.name': 'invoke_agent' }, 'test', {})).toBe(false));
});
