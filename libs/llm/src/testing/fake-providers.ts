import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What the wires have in common, as far as answers depend on it. */
interface Body {
  readonly model?: string;
  readonly stream?: boolean;
  readonly n?: number;
}

/** What a provider was asked. */
export interface Asked {
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: Body;
}

export interface FakeProviders {
  readonly url: string;
  readonly asked: Asked[];
  /** Connections that were closed before their answer was out. */
  readonly abandoned: { count: number };
  stop(): Promise<void>;
}

/**
 * One server that speaks the wires of OpenAI, Anthropic, Gemini and Bedrock as their references describe them. Models:
 * `fail` is refused quoting the key, `slow` never answers, `tool` calls a tool, `huge` does not stop, `moved` is a redirect.
 */
export async function startFakeProviders(): Promise<FakeProviders> {
  const asked: Asked[] = [];
  const abandoned = { count: 0 };
  const server = createServer((req, res) => {
    res.once('close', () => {
      if (!res.writableFinished) abandoned.count++;
    });
    void answer(req, res, asked).catch(() => res.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    abandoned,
    stop: () => new Promise((resolve) => (server.closeAllConnections(), server.close(() => resolve()))),
  };
}

async function answer(req: IncomingMessage, res: ServerResponse, asked: Asked[]): Promise<void> {
  const text = await bodyOf(req);
  const path = req.url!;
  const body = JSON.parse(text) as Body;
  asked.push({ path, headers: req.headers, body });
  const model = String(body.model ?? /models?\/([^/:]+)/.exec(path)?.[1] ?? '');
  if (model === 'slow') return;
  if (model === 'moved') return void res.writeHead(307, { location: 'http://127.0.0.1:1/elsewhere' }).end();
  if (model === 'fail') return refuse(req, res);
  if (model === 'huge') return flood(res);
  if (path.includes('/chat/completions')) return openAi(res, body);
  if (path.endsWith('/messages')) return anthropic(res, body);
  if (path.includes(':generateContent')) return json(res, gemini(model));
  if (path.includes(':streamGenerateContent')) return events(res, geminiChunks(model));
  if (path.endsWith('/converse')) return json(res, BEDROCK);
  res.writeHead(404).end('{}');
}

function refuse(req: IncomingMessage, res: ServerResponse): void {
  const key = req.headers.authorization ?? req.headers['x-api-key'] ?? req.headers['x-goog-api-key'];
  const message = `Incorrect API key provided: ${String(key)}`;
  json(res, { type: 'error', error: { message, type: 'invalid_request_error', code: 401, status: 'UNAUTHENTICATED' }, message }, 401); // prettier-ignore
}

function flood(res: ServerResponse): void {
  res.writeHead(200, { 'content-type': 'application/json' });
  res.write('{"id":"');
  const more = () => {
    while (!res.destroyed && res.write('x'.repeat(1024 * 1024)));
    if (!res.destroyed) res.once('drain', more);
  };
  more();
}

const OPENAI_USAGE = { prompt_tokens: 7, completion_tokens: 2, total_tokens: 9 };

function openAi(res: ServerResponse, body: Body): void {
  const head = {
    id: 'chatcmpl-1',
    created: 1_700_000_000,
    model: `${body.model}-2026-01-01`,
    system_fingerprint: 'fp',
  };
  const call = { id: 'call_1', type: 'function', function: { name: 'add', arguments: '{"a":1}' } };
  const message =
    body.model === 'tool'
      ? { role: 'assistant', content: null, tool_calls: [call] }
      : { role: 'assistant', content: 'hello there', refusal: null };
  if (body.stream !== true) {
    const choices = Array.from({ length: body.n ?? 1 }, (_, index) => ({ index, finish_reason: 'stop', logprobs: null, message })); // prettier-ignore
    return json(res, {
      ...head,
      object: 'chat.completion',
      choices,
      usage: OPENAI_USAGE,
      service_tier: 'default',
    });
  }
  const chunk = (delta: object, finish_reason: string | null = null) => ({
    ...head,
    object: 'chat.completion.chunk',
    choices: [{ index: 0, delta, finish_reason }],
  });
  if (body.model === 'breaks')
    return events(res, [chunk({ role: 'assistant', content: 'hel' }), { error: { message: 'overloaded', type: 'server_error' } }]); // prettier-ignore
  const deltas =
    body.model === 'tool'
      ? [
          chunk({ tool_calls: [{ index: 0, ...call, function: { name: 'add', arguments: '' } }] }),
          chunk({ tool_calls: [{ index: 0, function: { arguments: '{"a"' } }] }),
          chunk({ tool_calls: [{ index: 0, function: { arguments: ':1}' } }] }),
        ]
      : ['hello', ' ', 'there'].map((content) => chunk({ role: 'assistant', content }));
  events(res, [...deltas, chunk({}, 'stop'), { ...head, object: 'chat.completion.chunk', choices: [], usage: OPENAI_USAGE }, '[DONE]']); // prettier-ignore
}

function anthropic(res: ServerResponse, body: Body): void {
  const tool = body.model === 'tool';
  const message = { id: 'msg_1', type: 'message', role: 'assistant', model: body.model };
  const usage = {
    input_tokens: 7,
    cache_creation_input_tokens: 0,
    cache_read_input_tokens: 3,
    output_tokens: 2,
  };
  const text = { type: 'text', text: 'hello there' };
  const call = { type: 'tool_use', id: 'toolu_1', name: 'add', input: { a: 1 } };
  const stop = { stop_reason: tool ? 'tool_use' : 'end_turn', stop_sequence: null };
  if (body.stream !== true)
    return json(res, { ...message, content: tool ? [text, call] : [text], ...stop, usage });
  const deltas = tool
    ? [
        { type: 'content_block_start', index: 0, content_block: { ...call, input: {} } },
        { type: 'content_block_delta', index: 0, delta: { type: 'input_json_delta', partial_json: '{"a"' } },
        { type: 'content_block_delta', index: 0, delta: { type: 'input_json_delta', partial_json: ':1}' } },
      ]
    : [
        { type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } },
        { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: 'hello' } },
        { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: ' there' } },
      ];
  events(res, [
    { type: 'message_start', message: { ...message, content: [], stop_reason: null, stop_sequence: null, usage: { ...usage, output_tokens: 1 } } },
    ...deltas,
    { type: 'content_block_stop', index: 0 },
    { type: 'message_delta', delta: stop, usage: { output_tokens: 2 } },
    { type: 'message_stop' },
  ]); // prettier-ignore
}

const GEMINI_USAGE = { promptTokenCount: 7, candidatesTokenCount: 2, totalTokenCount: 9 };

function gemini(model: string): object {
  const part = model === 'tool' ? { functionCall: { name: 'add', args: { a: 1 } } } : { text: 'hello there' };
  return {
    candidates: [{ content: { parts: [part], role: 'model' }, finishReason: 'STOP', index: 0 }],
    usageMetadata: GEMINI_USAGE,
    modelVersion: model,
    responseId: 'r1',
  };
}

function geminiChunks(model: string): object[] {
  const chunk = (text: string, more = {}) => ({
    candidates: [{ content: { parts: [{ text }], role: 'model' }, index: 0, ...more }],
    usageMetadata: GEMINI_USAGE,
    modelVersion: model,
    responseId: 'r1',
  });
  return [chunk('hello'), chunk(' there', { finishReason: 'STOP' })];
}

const BEDROCK = {
  output: { message: { role: 'assistant', content: [{ text: 'hello there' }] } },
  stopReason: 'end_turn',
  usage: { inputTokens: 7, outputTokens: 2, totalTokens: 9 },
  metrics: { latencyMs: 1 },
};

function json(res: ServerResponse, value: object, status = 200): void {
  res.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value));
}

/** Server-sent events, with the event's name where the value has a type (Anthropic). */
function events(res: ServerResponse, values: readonly (object | string)[]): void {
  res.writeHead(200, { 'content-type': 'text/event-stream' });
  for (const value of values) {
    const type = typeof value === 'object' ? (value as { type?: unknown }).type : undefined;
    if (typeof type === 'string') res.write(`event: ${type}\n`);
    res.write(`data: ${typeof value === 'string' ? value : JSON.stringify(value)}\n\n`);
  }
  res.end();
}

async function bodyOf(req: IncomingMessage): Promise<string> {
  let body = '';
  for await (const chunk of req.setEncoding('utf8')) body += chunk as string;
  return body;
}
