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
    /** Of that stack, host:port. Unset: its gRPC is not tested. */
    OTLP_GRPC_ADDRESS: envString().optional(),
    /** Ports where that stack looks for the models of the tests: JSON of names and numbers (cluster/test-models.ts). */
    E2E_MODEL_PORTS: envString({ default: '{}' }),
    /** A key for that stack, of the role `admin`. It believes what requests say of their users only where it has no keys. */
    WEFT_API_KEY: envString({ default: 'local-0123456789012345678901234567890123456789' }),
    /** Python that has the packages of scripts/python-requirements.txt. */
    WEFT_PYTHON: envString().optional(),
    /** Python that has those of scripts/python-requirements-2025.txt. */
    WEFT_PYTHON_2025: envString().optional(),
    /** Python that has those of scripts/python-requirements-otel.txt. */
    WEFT_PYTHON_OTEL: envString().optional(),
  }),
);

export const apiKey = settings.WEFT_API_KEY;
export const python = settings.WEFT_PYTHON;
export const python2025 = settings.WEFT_PYTHON_2025;
export const pythonOtel = settings.WEFT_PYTHON_OTEL;

/** Of a running stack; undefined = one is started in this process. */
export const baseUrl = settings.BASE_URL;
export const modelPorts = JSON.parse(settings.E2E_MODEL_PORTS) as Readonly<Record<string, number>>;

export interface Stack {
  readonly url: string;
  /** OTLP/gRPC, host:port; undefined of a running stack that did not tell. */
  readonly grpc: string | undefined;
  /** JSON in, JSON out; throws on any status but 200. As all that reads, it throws on a stale answer too. */
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

export interface StackOptions {
  readonly logLevel?: 'error';
  /** Settings of the one that is started here; a running stack has its own. */
  readonly env?: Readonly<Record<string, string>>;
  /** Its data are here, and stay when it is stopped. Default: a temporary directory that `stop()` removes. */
  readonly dataDir?: string;
}

/** The stack under test: HTTP only, wherever it runs. */
export async function openStack(options: StackOptions = {}): Promise<Stack> {
  const started =
    settings.BASE_URL === undefined
      ? await startHere(options)
      : { url: settings.BASE_URL, grpc: settings.OTLP_GRPC_ADDRESS, stop: async () => {} };
  const { url } = started;
  const send: Stack['send'] = async (path, body, headers = {}) => {
    const raw = typeof body === 'string' || body instanceof Uint8Array || body instanceof FormData;
    const res = await fetch(url + path, {
      method: 'POST',
      body: (raw ? body : JSON.stringify(body)) as NonNullable<RequestInit['body']>,
      headers: { authorization: `Basic ${Buffer.from(`api:${apiKey}`).toString('base64')}`, ...headers },
    });
    const freshness = res.headers.get('x-weft-freshness');
    if (freshness !== null)
      throw new Error(`${path}: ${freshness}; the stack needs ${JSON.stringify(PATIENT)}`);
    return res;
  };
  const text = async (path: string, body: object) => {
    const res = await send(path, body);
    const answer = await res.text();
    if (res.status !== 200) throw new Error(`${path}: ${res.status} ${answer.slice(0, 500)}`);
    return answer;
  };
  return {
    url,
    grpc: started.grpc,
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

async function startHere({
  env,
  dataDir: kept,
  ...options
}: StackOptions): Promise<Pick<Stack, 'url' | 'grpc' | 'stop'>> {
  const dataDir = kept ?? (await mkdtemp(join(tmpdir(), 'weft-e2e-')));
  const server = await startAllInOne({ dataDir, env: { ...PATIENT, ...env }, ...options });
  return {
    url: server.url,
    grpc: server.grpc,
    stop: async () => {
      await server.stop();
      if (kept === undefined) await rm(dataDir, { recursive: true, force: true });
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
  readonly display_name: string | null;
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
