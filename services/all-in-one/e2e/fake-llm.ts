import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';

const USAGE = { prompt_tokens: 7, completion_tokens: 2, total_tokens: 9 };

/** An OpenAI that always says the same: chat completions, plain and streamed; the model `fail` answers 400. */
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
    const base = { id: 'chatcmpl-1', created: 1_700_000_000, model };
    if (stream !== true) {
      res.writeHead(200, { 'content-type': 'application/json' });
      const choices = [
        { index: 0, finish_reason: 'stop', message: { role: 'assistant', content: 'hello there' } },
      ];
      return res.end(JSON.stringify({ ...base, object: 'chat.completion', choices, usage: USAGE }));
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

async function bodyOf(req: IncomingMessage): Promise<string> {
  let body = '';
  for await (const chunk of req.setEncoding('utf8')) body += chunk as string;
  return body;
}
