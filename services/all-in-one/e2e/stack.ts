import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { envString, loadConfig } from '@weft/runtime';
import { z } from 'zod';
import { startAllInOne } from '../src/start.ts';

const settings = loadConfig(
  z.object({
    /** A running stack; unset = one is started in this process, on embedded backends. */
    BASE_URL: envString().optional(),
    /** A key for that stack, which may write to projects of the entity `e2e`. */
    WEFT_API_KEY: envString({ default: 'local-0123456789012345678901234567890123456789' }),
    /** Python that has the packages of scripts/python-requirements.txt. */
    WEFT_PYTHON: envString().optional(),
    CI: envString().optional(),
    REQUIRE_BACKENDS: envString().optional(),
  }),
);

/** Where backends are promised, a missing one is a failure, not a skip. */
const promised = settings.CI === 'true' || settings.REQUIRE_BACKENDS === '1';

export const apiKey = settings.WEFT_API_KEY;
export const python = settings.WEFT_PYTHON;
export const skipPython = python === undefined && !promised;

export interface Stack {
  readonly url: string;
  /** JSON in, JSON out; throws on any status but 200. */
  post<T>(path: string, body: object): Promise<T>;
  /** JSON lines. */
  lines<T>(path: string, body: object): Promise<T[]>;
  send(
    path: string,
    body: string | Uint8Array | FormData | object,
    headers?: Record<string, string>,
  ): Promise<Response>;
  stop(): Promise<void>;
}

/** The stack under test: HTTP only, wherever it runs. */
export async function openStack(): Promise<Stack> {
  const started =
    settings.BASE_URL === undefined ? await startHere() : { url: settings.BASE_URL, stop: async () => {} };
  const { url } = started;
  const send: Stack['send'] = (path, body, headers = {}) => {
    const raw = typeof body === 'string' || body instanceof Uint8Array || body instanceof FormData;
    return fetch(url + path, {
      method: 'POST',
      body: (raw ? body : JSON.stringify(body)) as NonNullable<RequestInit['body']>,
      headers: { authorization: `Basic ${Buffer.from(`api:${apiKey}`).toString('base64')}`, ...headers },
    });
  };
  const text = async (path: string, body: object) => {
    const res = await send(path, body);
    const answer = await res.text();
    if (res.status !== 200) throw new Error(`${path}: ${res.status} ${answer.slice(0, 500)}`);
    return answer;
  };
  return {
    url,
    send,
    post: async <T>(path: string, body: object) => JSON.parse(await text(path, body)) as T,
    lines: async <T>(path: string, body: object) =>
      (await text(path, body))
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => JSON.parse(line) as T),
    stop: started.stop,
  };
}

/** A busy machine may take longer than the default of 2 s: then a read would be stale, and say so, by design. */
export const PATIENT = { QUERY_FRESHNESS_MAX_WAIT_MS: '30000' };

async function startHere(): Promise<{ url: string; stop(): Promise<void> }> {
  const dataDir = await mkdtemp(join(tmpdir(), 'weft-e2e-'));
  const server = await startAllInOne({ dataDir, env: PATIENT });
  return {
    url: server.url,
    stop: async () => {
      await server.stop();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}

let projects = 0;
const run = `${Date.now().toString(36)}${process.pid.toString(36)}`;

/** A project that nobody has written to. */
export function newProject(name: string): string {
  return `e2e/${name}-${run}-${projects++}`;
}

/** As clients read it. */
export interface ReadCall {
  readonly id: string;
  readonly project_id: string;
  readonly op_name: string;
  readonly trace_id: string;
  readonly parent_id: string | null;
  readonly exception: string | null;
  readonly started_at: string;
  readonly ended_at: string | null;
  readonly attributes: Record<string, unknown>;
  readonly inputs: Record<string, unknown>;
  readonly output: unknown;
  readonly summary: {
    readonly weave: {
      readonly status: string;
      readonly trace_name?: string;
      readonly latency_ms: number | null;
    };
  } & Record<string, unknown>;
}
