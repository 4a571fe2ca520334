import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openEmbeddedEventLog, type EventLog } from '@weft/event-log';
import type { FileStorage } from '@weft/file-storage';
import { createBodyBudget, createHttpApp, createKey, createKeyring, type Role } from '@weft/http';
import type { TraceEvent } from '@weft/model';
import { createLogger, createMetrics } from '@weft/runtime';
import { createGateway } from '../gateway.ts';
import type { RejectedEvent } from '../ingest.ts';

export interface GatewayServer {
  readonly url: string;
  /** Of OTLP/gRPC, host:port. */
  readonly grpc: string;
  /** Everything that was acknowledged, read back from the log, in order. */
  events(): Promise<TraceEvent[]>;
  readonly rejected: RejectedEvent[];
  /** Of the user given at the start. */
  readonly key: string;
  /** Closes the log under the gateway. */
  breakLog(): Promise<void>;
  post(path: string, body: unknown, headers?: Record<string, string>): Promise<Answer>;
  metrics(): Promise<string>;
  /** As at the end of a process, of HTTP and gRPC together. */
  stopServers(): Promise<void>;
  stop(): Promise<void>;
}

const GROUP = 'test';

/** What no earlier call has taken yet is taken now; all of it is given back. */
function reader(): (log: EventLog) => Promise<TraceEvent[]> {
  const seen: TraceEvent[] = [];
  return async (log) => {
    const stop = new AbortController();
    const options = {
      group: GROUP,
      maxBatchEvents: 1000,
      maxBatchBytes: 64 * 1024 * 1024,
      signal: stop.signal,
    };
    const consuming = log.consume('trace-events', options, async (events) => {
      for (const event of events) seen.push({ ...event, payload: Uint8Array.from(event.payload) });
      return [];
    });
    const caughtUp = await log.waitCommitted(
      'trace-events',
      GROUP,
      await log.endOffsets('trace-events'),
      20_000,
    );
    stop.abort();
    await consuming;
    if (!caughtUp) throw new Error('the log did not give back what it took');
    return seen;
  };
}

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly bytes: Buffer;
  readonly text: string;
  /** Parsed, or undefined. */
  readonly json: any; // eslint-disable-line @typescript-eslint/no-explicit-any
}

/** The gateway behind a real socket. With `user` it wants that user's key; without it is open. */
export async function startGateway(
  options: {
    user?: { name: string; projects: string[]; role?: Role };
    otlpMaxBytes?: number;
    origins?: readonly string[];
    defaultProject?: string;
    /** Of all bodies at one time. */
    budgetBytes?: number;
    fileStorage?: FileStorage;
    maxFileBytes?: number;
    extractContent?: boolean;
  } = {},
): Promise<GatewayServer> {
  const dir = await mkdtemp(join(tmpdir(), 'weft-gateway-'));
  const logger = createLogger({ name: 'test', level: 'silent' });
  const metrics = createMetrics('weft_', { processMetrics: false });
  const rejected: RejectedEvent[] = [];
  const readAll = reader();
  // One partition: what is read back has the order of the requests.
  const eventLog = await openEmbeddedEventLog({
    dir: join(dir, 'log'),
    logger,
    groups: { 'trace-events': [GROUP] },
    config: { EVENT_LOG_PARTITIONS: 1 },
  });
  const gateway = createGateway({
    eventLog,
    fileStorage: options.fileStorage,
    quarantine: async (items) => void rejected.push(...items),
    logger,
    metrics,
    config: {
      GATEWAY_OTLP_MAX_BODY_BYTES: options.otlpMaxBytes ?? 64 * 1024 * 1024,
      GATEWAY_CORS_ORIGINS: options.origins ?? [],
      WEFT_DEFAULT_PROJECT: options.defaultProject,
      WEFT_MAX_FILE_BYTES: options.maxFileBytes ?? 1024 ** 3,
      WEFT_SPOOL_MAX_BYTES: 1024 ** 3,
      WEFT_EXTRACT_CONTENT: options.extractContent ?? true,
    },
  });
  const file = join(dir, 'keys.json');
  const { user } = options;
  const key = user === undefined ? '' : await keyFor(file, user);
  const auth = await createKeyring({ ...(user && { file }), logger, pollMs: 0 });
  const limits = { drainDelayMs: 0 };
  const budget = createBodyBudget(options.budgetBytes ?? 256 * 1024 * 1024);
  const app = createHttpApp({ logger, metrics, auth, routes: gateway.routes, limits, budget });
  const names = ['GATEWAY_HOST', 'GATEWAY_OTLP_GRPC_PORT'] as const;
  const grpc = await gateway.openGrpc({ host: '127.0.0.1', port: 0, names }, { auth, budget, limits });
  const { port } = await app.listen('127.0.0.1', 0);
  const stopServers = async () => void (await Promise.all([app.stop(), grpc.stop()]));
  const url = `http://127.0.0.1:${port}`;
  const authorization = { authorization: `Basic ${Buffer.from(`api:${key}`).toString('base64')}` };

  return {
    url,
    grpc: `127.0.0.1:${grpc.port}`,
    events: () => readAll(eventLog),
    rejected,
    key,
    breakLog: () => eventLog.close(),
    post: async (path, body, headers = {}) => {
      const raw = typeof body === 'string' || body instanceof Uint8Array || body instanceof FormData;
      const type: Record<string, string> =
        body instanceof FormData ? {} : { 'content-type': 'application/json' };
      const sent = raw ? (body as string | FormData) : JSON.stringify(body);
      return answerOf(
        await fetch(url + path, {
          method: 'POST',
          body: sent,
          headers: { ...type, ...(user && authorization), ...headers },
        }),
      );
    },
    metrics: async () => (await metrics.render()).body,
    stopServers,
    stop: async () => {
      await stopServers();
      await auth.stop();
      await eventLog.close();
      await rm(dir, { recursive: true, force: true });
    },
  };
}

async function keyFor(
  file: string,
  user: { name: string; projects: string[]; role?: Role },
): Promise<string> {
  const { key } = await createKey(file, {
    user: user.name,
    projects: user.projects,
    role: user.role ?? 'write',
  });
  return key;
}

export async function answerOf(response: Response): Promise<Answer> {
  const bytes = Buffer.from(await response.arrayBuffer());
  const text = bytes.toString('utf8');
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    json = undefined;
  }
  return { status: response.status, headers: response.headers, bytes, text, json };
}
