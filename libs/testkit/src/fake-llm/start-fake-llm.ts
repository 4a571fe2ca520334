import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { misbehave } from './faults.ts';
import { defaultReply, sendReply } from './replies.ts';
import type { FakeLlmAnswer, FakeLlmAnswerer, FakeLlmRequest } from './types.ts';

/** A provider of models for tests, and what it was asked. */
export interface FakeLlm {
  /** Base URL, with `/v1`. */
  readonly url: string;
  /** In the order of arrival; the oldest are dropped after `maxKept`. */
  readonly requests: readonly FakeLlmRequest[];
  /** Requests that came, dropped ones included. */
  readonly asked: number;
  /** Good answers that were sent. */
  readonly answered: number;
  /** Requests that are being answered now, and the most there were at a time. */
  readonly open: number;
  readonly mostOpen: number;
  /** Tokens of the good answers: what a provider would bill. */
  readonly billed: { readonly promptTokens: number; readonly completionTokens: number };
  /** Requests whose texts hold `part`. */
  countOf(part: string): number;
  /** How often each idempotency key was asked with. Requests without one are not in it. */
  byIdempotencyKey(): ReadonlyMap<string, number>;
  /** Says what is answered from now on; undefined = something that fits the format that was asked for. */
  answer(answerer: FakeLlmAnswerer | FakeLlmAnswer | undefined): void;
  /** These come first, one for each request. */
  script(...answers: readonly FakeLlmAnswer[]): void;
  /** Forgets what was asked, and the script. */
  reset(): void;
  stop(): Promise<void>;
}

export interface FakeLlmOptions {
  readonly answer?: FakeLlmAnswerer | FakeLlmAnswer;
  readonly port?: number;
  /** Default: 100,000. */
  readonly maxKept?: number;
}

/** Starts an OpenAI-compatible server on this machine: chat completions, whole or streamed, good or bad as the test says. */
export async function startFakeLlm(options: FakeLlmOptions = {}): Promise<FakeLlm> {
  const maxKept = options.maxKept ?? 100_000;
  let answerer = toAnswerer(options.answer);
  let script: FakeLlmAnswer[] = [];
  let requests: FakeLlmRequest[] = [];
  let keys = new Map<string, number>();
  let counts = emptyCounts();

  async function serve(req: IncomingMessage, res: ServerResponse): Promise<void> {
    const request = toRequest(req, await bodyOf(req), counts.asked++);
    requests.push(request);
    if (requests.length > maxKept) requests.shift();
    const key = request.idempotencyKey;
    if (key !== undefined) keys.set(key, (keys.get(key) ?? 0) + 1);
    if (!request.path.endsWith('/chat/completions')) return void res.writeHead(404).end('{}');
    const counted = counts;
    counted.mostOpen = Math.max(counted.mostOpen, ++counted.open);
    res.once('close', () => counted.open--);
    const usage = await send(res, request, script.shift() ?? (await answerer(request)), answerer);
    if (usage === undefined) return;
    counted.answered++;
    counted.promptTokens += usage.promptTokens;
    counted.completionTokens += usage.completionTokens;
  }

  const server = createServer((req, res) => {
    res.on('error', () => undefined);
    void serve(req, res).catch(() => res.destroy());
  });
  await new Promise<void>((resolve) => server.listen(options.port ?? 0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
    get requests() {
      return requests;
    },
    get asked() {
      return counts.asked;
    },
    get answered() {
      return counts.answered;
    },
    get open() {
      return counts.open;
    },
    get mostOpen() {
      return counts.mostOpen;
    },
    get billed() {
      return { promptTokens: counts.promptTokens, completionTokens: counts.completionTokens };
    },
    countOf: (part) => requests.filter(({ text }) => text.includes(part)).length,
    byIdempotencyKey: () => keys,
    answer: (next) => (answerer = toAnswerer(next)),
    script: (...answers) => script.push(...answers),
    reset() {
      [requests, keys, script, counts] = [[], new Map(), [], emptyCounts()];
    },
    stop: () => new Promise((resolve) => (server.closeAllConnections(), server.close(() => resolve()))),
  };
}

function emptyCounts() {
  return { asked: 0, answered: 0, open: 0, mostOpen: 0, promptTokens: 0, completionTokens: 0 };
}

function toAnswerer(answer: FakeLlmOptions['answer']): FakeLlmAnswerer {
  if (answer === undefined) return defaultReply;
  return typeof answer === 'function' ? answer : () => answer;
}

/** @returns what it cost; undefined = it was no good answer. */
async function send(
  res: ServerResponse,
  request: FakeLlmRequest,
  answer: FakeLlmAnswer,
  answerer: FakeLlmAnswerer,
): Promise<ReturnType<typeof sendReply> | undefined> {
  if (typeof answer === 'string') return sendReply(res, request, { content: answer });
  if (!('fault' in answer)) return sendReply(res, request, answer);
  if (answer.fault !== 'slow') return void misbehave(res, answer);
  if (!(await waited(res, answer.ms))) return undefined;
  const next = answer.then ?? (await answerer(request));
  return send(res, request, isSlow(next) ? defaultReply(request) : next, answerer);
}

function isSlow(answer: FakeLlmAnswer): boolean {
  return typeof answer === 'object' && 'fault' in answer && answer.fault === 'slow';
}

/** @returns false where the client left before. */
function waited(res: ServerResponse, ms: number): Promise<boolean> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve(true), ms);
    res.once('close', () => {
      clearTimeout(timer);
      resolve(false);
    });
  });
}

function toRequest(req: IncomingMessage, text: string, index: number): FakeLlmRequest {
  const body = (text === '' ? {} : JSON.parse(text)) as Record<string, unknown>;
  const key = req.headers['idempotency-key'];
  return {
    index,
    path: new URL(req.url ?? '/', 'http://localhost').pathname,
    headers: req.headers,
    model: typeof body.model === 'string' ? body.model : '',
    idempotencyKey: typeof key === 'string' ? key : undefined,
    text: textsOf(body.messages).join('\n'),
    body,
  };
}

function textsOf(messages: unknown): string[] {
  if (!Array.isArray(messages)) return [];
  return messages.flatMap(({ content }: { content?: unknown }) => {
    if (typeof content === 'string') return content;
    if (!Array.isArray(content)) return [];
    return content.flatMap(({ text }: { text?: unknown }) => (typeof text === 'string' ? text : []));
  });
}

async function bodyOf(req: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of req) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}
