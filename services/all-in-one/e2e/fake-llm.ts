import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

const USAGE = { prompt_tokens: 7, completion_tokens: 2, total_tokens: 9 };

/** What images are made of: `data[0].b64_json`. */
export const FAKE_IMAGE = Buffer.from('\x89PNG\r\n\x1a\n and a dot', 'latin1').toString('base64');

/**
 * An OpenAI that always says the same: chat completions and responses, plain and streamed, and images; the model `fail`
 * answers 400.
 */
export async function startFakeLlm(): Promise<{ url: string; stop(): Promise<void> }> {
  const server = createServer(async (req, res) => {
    const { model, stream } = JSON.parse(await bodyOf(req)) as { model: string; stream?: boolean };
    if (model === 'fail') {
      res.writeHead(400, { 'content-type': 'application/json' });
      return res.end(
        JSON.stringify({
          error: { message: 'no such model', type: 'invalid_request_error', code: 'model_not_found' },
        }),
      );
    }
    if (req.url?.endsWith('/images/generations')) return sendJson(res, { created: 1_700_000_000, data: [{ b64_json: FAKE_IMAGE }] }); // prettier-ignore
    if (req.url?.endsWith('/responses')) return sendResponse(res, model, stream === true);
    const base = { id: 'chatcmpl-1', created: 1_700_000_000, model };
    if (stream !== true) {
      const choices = [
        { index: 0, finish_reason: 'stop', message: { role: 'assistant', content: 'hello there' } },
      ];
      return sendJson(res, { ...base, object: 'chat.completion', choices, usage: USAGE });
    }
    res.writeHead(200, { 'content-type': 'text/event-stream' });
    const send = (data: object) =>
      res.write(`data: ${JSON.stringify({ ...base, object: 'chat.completion.chunk', ...data })}\n\n`);
    for (const content of ['hello', ' ', 'there'])
      send({ choices: [{ index: 0, delta: { role: 'assistant', content }, finish_reason: null }] });
    send({ choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] });
    send({ choices: [], usage: USAGE });
    res.end('data: [DONE]\n\n');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
    stop: () => new Promise((resolve) => (server.closeAllConnections(), server.close(() => resolve()))),
  };
}

function sendJson(res: ServerResponse, body: object): void {
  res.writeHead(200, { 'content-type': 'application/json' });
  res.end(JSON.stringify(body));
}

/** The API of 2025: one response, or the events that it is made of. */
function sendResponse(res: ServerResponse, model: string, streamed: boolean): void {
  const begun = { id: 'resp_1', object: 'response', created_at: 1_700_000_000, model, output: [] };
  const part = { type: 'output_text', text: 'hello there', annotations: [] };
  const message = { id: 'msg_1', type: 'message', role: 'assistant', status: 'completed', content: [part] };
  const usage = { input_tokens: 7, output_tokens: 2, total_tokens: 9 };
  const completed = { ...begun, status: 'completed', output: [message], usage };
  if (!streamed) return sendJson(res, completed);
  res.writeHead(200, { 'content-type': 'text/event-stream' });
  let sequence_number = 0;
  const send = (type: string, data: object) =>
    res.write(
      `event: ${type}\ndata: ${JSON.stringify({ type, sequence_number: sequence_number++, ...data })}\n\n`,
    );
  const at = { item_id: 'msg_1', output_index: 0, content_index: 0 };
  send('response.created', { response: { ...begun, status: 'in_progress' } });
  send('response.output_item.added', { output_index: 0, item: { ...message, content: [] } });
  send('response.content_part.added', { ...at, part: { ...part, text: '' } });
  for (const delta of ['hello', ' there']) send('response.output_text.delta', { ...at, delta });
  send('response.output_text.done', { ...at, text: part.text });
  send('response.output_item.done', { output_index: 0, item: message });
  send('response.completed', { response: completed });
  res.end();
}

async function bodyOf(req: IncomingMessage): Promise<string> {
  let body = '';
  for await (const chunk of req.setEncoding('utf8')) body += chunk as string;
  return body;
}
