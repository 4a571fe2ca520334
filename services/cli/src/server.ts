import type { ReadableStream } from 'node:stream/web';
import type { Command } from 'commander';
import { envSecret, envString, loadConfig } from '@weft/runtime';
import { z } from 'zod';
import { CliError, UsageError, type CliPort } from './port.ts';

const ANSWER_MS = 120_000;

const serverEnv = {
  /** Where a server answers; default: an all-in-one of this machine. */
  WEFT_URL: envString({ default: 'http://127.0.0.1:6345' }),
  /** A key with the admin role, for servers that have keys. */
  WEFT_API_KEY: envSecret().optional(),
};

export interface ServerFlags {
  readonly url?: string;
  readonly key?: string;
}

/** A Weft server, as an operator's client. */
export interface Server {
  readonly url: string;
  /** Parsed JSON lines, as they come. @throws CliError */
  lines(path: string): AsyncIterable<unknown>;
  /** As `lines`, for an answer that takes as long as it takes: lines have to keep coming. @throws CliError */
  postLines(path: string, body: object): AsyncIterable<unknown>;
  /** @throws CliError */
  get(path: string): Promise<unknown>;
  /** @throws CliError */
  post(path: string, body: object): Promise<unknown>;
}

/** @param inCluster who serves it there. */
export function withServerOptions(command: Command, inCluster = 'the writer'): Command {
  return command
    .option(
      '--url <url>',
      `the server; default: WEFT_URL, else http://127.0.0.1:6345. In a cluster: ${inCluster}`,
    )
    .option('--key <key>', 'an API key with the admin role; better: WEFT_API_KEY, which no other user sees');
}

/** @throws ConfigError, UsageError */
export function serverOf(flags: ServerFlags, port: CliPort): Server {
  const env = loadConfig(z.object(serverEnv), port.env);
  const url = parseUrl(flags.url ?? env.WEFT_URL);
  const key = flags.key ?? env.WEFT_API_KEY?.reveal();
  const headers: Record<string, string> = key === undefined ? {} : { authorization: `Bearer ${key}` };

  async function ask(path: string, init: RequestInit, signal?: AbortSignal): Promise<Response> {
    let res: Response;
    try {
      res = await fetch(url + path, {
        ...init,
        headers,
        redirect: 'error',
        signal: signal ?? AbortSignal.timeout(ANSWER_MS),
      });
    } catch (error) {
      throw unreachable(url, error);
    }
    if (res.ok) return res;
    throw refused(url, res.status, (await res.text()).slice(0, 2_000), key !== undefined);
  }
  const parse = (text: string): unknown => {
    try {
      return JSON.parse(text);
    } catch {
      throw new CliError(`${url} answers, but not as Weft does: is it another server? (--url, WEFT_URL)`);
    }
  };

  async function* parsedLines(res: Response, onLine?: () => void): AsyncGenerator<unknown> {
    if (res.body === null) return;
    try {
      for await (const line of linesOf(res.body as ReadableStream<Uint8Array>)) {
        onLine?.();
        yield parse(line);
      }
    } catch (error) {
      throw error instanceof CliError ? error : brokeOff(url, error);
    }
  }

  const whole = async (res: Response): Promise<unknown> => {
    let text: string;
    try {
      text = await res.text();
    } catch (error) {
      throw brokeOff(url, error);
    }
    return parse(text);
  };

  return {
    url,
    async *lines(path) {
      yield* parsedLines(await ask(path, {}));
    },
    async *postLines(path, body) {
      const silence = new AbortController();
      const timer = setTimeout(() => silence.abort(new DOMException('silence', 'TimeoutError')), ANSWER_MS);
      try {
        const init = { method: 'POST', body: JSON.stringify(body) };
        yield* parsedLines(await ask(path, init, silence.signal), () => timer.refresh());
      } finally {
        clearTimeout(timer);
      }
    },
    get: async (path) => whole(await ask(path, {})),
    post: async (path, body) => whole(await ask(path, { method: 'POST', body: JSON.stringify(body) })),
  };
}

async function* linesOf(body: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const chunk of body) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n');
    rest = lines.pop()!;
    yield* lines;
  }
  if (rest !== '') yield rest;
}

function parseUrl(text: string): string {
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    throw new UsageError(`--url (WEFT_URL): expected a URL such as http://127.0.0.1:6345, got "${text}"`);
  }
  if (url.protocol !== 'http:' && url.protocol !== 'https:')
    throw new UsageError('--url (WEFT_URL): expected http:// or https://');
  return url.href.replace(/\/+$/, '');
}

function unreachable(url: string, error: unknown): CliError {
  return new CliError(
    `cannot reach Weft at ${url} (${whyOf(error)}). Start it, or say where it is with --url or WEFT_URL`,
  );
}

function brokeOff(url: string, error: unknown): CliError {
  return new CliError(`the answer of ${url} broke off (${whyOf(error)}): its log may say why`);
}

function whyOf(error: unknown): string {
  const { name, message, cause } = error as Error;
  if (name === 'TimeoutError') return `nothing for ${ANSWER_MS / 1000} s`;
  if (!(cause instanceof Error)) return message;
  return (cause as NodeJS.ErrnoException).code ?? cause.message;
}

function refused(url: string, status: number, text: string, hasKey: boolean): CliError {
  if (status === 401)
    return new CliError(
      hasKey
        ? `${url} does not know this API key: it is unknown or revoked (--key, WEFT_API_KEY)`
        : `${url} wants an API key: set WEFT_API_KEY, or give --key`,
    );
  const { reason, detail } = toBody(text);
  if (status === 404 && reason === undefined)
    return new CliError(
      `${url} does not serve this. In a cluster give --url: the service that does, which --help of the command names, or the front door`,
    );
  const said = reason ?? (detail === undefined ? text.slice(0, 300) : JSON.stringify(detail));
  return new CliError(`${url} says ${status}: ${said}`);
}

function toBody(text: string): { reason?: string; detail?: unknown } {
  try {
    return JSON.parse(text) as { reason?: string; detail?: unknown };
  } catch {
    return {};
  }
}
