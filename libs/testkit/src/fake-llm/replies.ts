import type { ServerResponse } from 'node:http';
import type { FakeLlmReply, FakeLlmRequest } from './types.ts';

/** The rule that usage is counted by: four characters are a token. */
export function tokensOf(text: string): number {
  return Math.ceil(text.length / 4);
}

export interface FakeLlmUsage {
  readonly promptTokens: number;
  readonly completionTokens: number;
}

/** Sends a good answer, whole or in chunks. */
export function sendReply(res: ServerResponse, request: FakeLlmRequest, reply: FakeLlmReply): FakeLlmUsage {
  const content = typeof reply.content === 'string' ? reply.content : JSON.stringify(reply.content);
  const toolCalls = reply.toolCalls?.map(({ name, arguments: args }, i) => ({
    id: `call_${i}`,
    type: 'function',
    function: { name, arguments: typeof args === 'string' ? args : JSON.stringify(args) },
  }));
  const said = toolCalls === undefined ? content : (content ?? '') + JSON.stringify(reply.toolCalls);
  const prompt = reply.usage?.prompt ?? tokensOf(request.text);
  const completion = reply.usage?.completion ?? tokensOf(said ?? '');
  const usage = { prompt_tokens: prompt, completion_tokens: completion, total_tokens: prompt + completion };
  const head = { id: `chatcmpl-${request.index}`, created: 1_700_000_000, model: request.model };
  const message = {
    role: 'assistant',
    content: toolCalls === undefined ? (content ?? null) : null,
    refusal: reply.refusal ?? null,
    ...(toolCalls !== undefined && { tool_calls: toolCalls }),
  };
  const finishReason = reply.finishReason ?? (toolCalls === undefined ? 'stop' : 'tool_calls');
  if (request.body.stream === true) sendChunks(res, head, message, finishReason, usage);
  else {
    res.writeHead(200, { 'content-type': 'application/json', ...reply.headers });
    const choices = [{ index: 0, finish_reason: finishReason, logprobs: null, message }];
    res.end(
      JSON.stringify({
        ...head,
        object: 'chat.completion',
        choices,
        ...(reply.usage !== null && { usage }),
      }),
    );
  }
  return { promptTokens: prompt, completionTokens: completion };
}

function sendChunks(
  res: ServerResponse,
  head: object,
  message: object,
  finishReason: string,
  usage: object,
): void {
  res.writeHead(200, { 'content-type': 'text/event-stream' });
  const send = (data: object) =>
    res.write(`data: ${JSON.stringify({ ...head, object: 'chat.completion.chunk', ...data })}\n\n`);
  send({ choices: [{ index: 0, delta: message, finish_reason: null }] });
  send({ choices: [{ index: 0, delta: {}, finish_reason: finishReason }] });
  send({ choices: [], usage });
  res.end('data: [DONE]\n\n');
}

interface Format {
  readonly type?: unknown;
  readonly json_schema?: { readonly schema?: Schema };
}

/** What is said where a test has not said what: something that fits the format that was asked for. */
export function defaultReply({ body }: FakeLlmRequest): FakeLlmReply {
  const format = body.response_format as Format | undefined;
  if (format?.type === 'json_schema') return { content: sampleOf(format.json_schema?.schema ?? {}) };
  if (format?.type === 'json_object') return { content: { score: 1, reason: 'as asked' } };
  const tools = body.tools as readonly { function: { name: string; parameters?: Schema } }[] | undefined;
  const tool = tools?.[0]?.function;
  if (tool !== undefined && typeof body.tool_choice === 'object')
    return { content: null, toolCalls: [{ name: tool.name, arguments: sampleOf(tool.parameters ?? {}) }] };
  return { content: 'hello there' };
}

type Schema = Readonly<Record<string, unknown>>;

/** A value that fits a plain JSON schema. */
export function sampleOf(schema: Schema): unknown {
  if (schema.const !== undefined) return schema.const;
  if (Array.isArray(schema.enum)) return schema.enum[0];
  if (Array.isArray(schema.anyOf)) return sampleOf(schema.anyOf[0] as Schema);
  switch (schema.type) {
    case 'object':
      return Object.fromEntries(
        Object.entries(schema.properties ?? {}).map(([name, inner]) => [name, sampleOf(inner as Schema)]),
      );
    case 'array':
      return [];
    case 'boolean':
      return true;
    case 'integer':
    case 'number':
      return schema.maximum ?? schema.minimum ?? 1;
    case 'string':
      return 'because';
    default:
      return null;
  }
}
