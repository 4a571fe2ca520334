import { AppError } from '@weft/model';
import type { Logger } from '@weft/runtime';
import { Redis, type RedisOptions } from 'ioredis';
import { SCRIPTS, type ScriptName } from './scripts.ts';

const CONNECT_MS = 3000;
const ANSWER_MS = 5000;
const MAX_RETRY_MS = 1000;

export interface ConnectionOptions {
  readonly url: string;
  readonly prefix: string;
  readonly logger: Pick<Logger, 'info' | 'warn' | 'error'>;
  readonly onFatal?: (error: Error) => void;
  /** It is there again. */
  readonly onReady: () => void;
}

type Sender = Record<string, (...args: (string | number)[]) => Promise<unknown>>;

/**
 * One connection for all commands. While Redis is away they fail at once: nothing queues up in this process, and what was sent
 * and not answered is not sent again by itself.
 */
export class Connection {
  readonly client: Redis;
  readonly #options: ConnectionOptions;
  readonly #where: string;
  #problem: string | undefined;
  #probe: NodeJS.Timeout | undefined;
  #isClosed = false;
  #isRefused = false;

  private constructor(options: ConnectionOptions) {
    this.#options = options;
    const settings = settingsOf(options.url);
    this.#where = `Redis at ${settings.host}:${settings.port}`;
    this.client = new Redis({
      ...settings,
      lazyConnect: true,
      enableOfflineQueue: false,
      maxRetriesPerRequest: 0,
      commandTimeout: ANSWER_MS,
      scripts: SCRIPTS,
    });
    this.client.on('error', (error: Error) => this.#failed(bare(error)));
    this.client.on('close', () => this.#failed(undefined));
    this.client.on('ready', () => this.#recovered());
  }

  /** @throws AppError `queue_unavailable` where it does not answer; `invalid_request` for a URL that is none. */
  static async open(options: ConnectionOptions): Promise<Connection> {
    const connection = new Connection(options);
    try {
      await connection.client.connect();
      return connection;
    } catch (cause) {
      connection.#failed(bare(cause));
      const error = connection.#unavailableError(bare(cause));
      connection.close();
      throw error;
    }
  }

  /** Another connection, for BullMQ, which waits in it: commands that are sent while Redis is away go out later. */
  forWaiting(): Redis {
    const client = new Redis({
      ...settingsOf(this.#options.url),
      maxRetriesPerRequest: null,
    });
    client.on('error', () => undefined); // the other connection says so too
    return client;
  }

  async script(name: ScriptName, ...args: (string | number)[]): Promise<unknown> {
    return this.send(() =>
      (this.client as unknown as Sender)[`weft_${name}`]!(`{${this.#options.prefix}}`, ...args),
    );
  }

  async send<T>(command: () => Promise<T>): Promise<T> {
    try {
      const answer = await command();
      if (this.#problem !== undefined) this.#recovered();
      return answer;
    } catch (error) {
      this.#failed(bare(error));
      throw this.#unavailableError(bare(error));
    }
  }

  unavailable(): string | undefined {
    return this.#problem;
  }

  close(): void {
    this.#isClosed = true;
    this.#problem = 'the job queue is closed';
    clearTimeout(this.#probe);
    this.client.disconnect();
  }

  #unavailableError(cause: unknown): AppError {
    return new AppError('queue_unavailable', this.#problem ?? `${this.#where} cannot be used`, { cause });
  }

  #failed(error: Error | undefined): void {
    if (this.#isClosed) return;
    if (this.#problem === undefined)
      this.#options.logger.warn({ ...(error && { err: error }) }, `${this.#where} does not answer`);
    if (error !== undefined && isRefusal(error)) this.#refused(error);
    else if (!this.#isRefused) this.#problem = `${this.#where} does not answer`;
    this.#probe ??= setTimeout(() => void this.#ask(), MAX_RETRY_MS).unref();
  }

  /** The connection closes then, which tells less. */
  #refused(error: Error): void {
    this.#problem = `${this.#where} refuses this process`;
    if (!this.#isRefused) this.#options.onFatal?.(this.#unavailableError(error));
    this.#isRefused = true;
  }

  /** A server that stood still goes on without a new connection: only a question tells. */
  async #ask(): Promise<void> {
    this.#probe = undefined;
    if (this.#isClosed || this.#problem === undefined) return;
    await this.send(() => this.client.ping()).catch(() => undefined);
  }

  #recovered(): void {
    if (this.#isClosed) return;
    if (this.#problem !== undefined) this.#options.logger.info({}, `${this.#where} answers again`);
    this.#problem = undefined;
    this.#isRefused = false;
    this.#options.onReady();
  }
}

/** Redis's errors carry the command that failed: of a login with its password, of other commands with what jobs carry. */
function bare(error: unknown): Error {
  const bared = error instanceof Error ? error : new Error(String(error));
  delete (bared as { command?: unknown }).command;
  return bared;
}

/** Redis says no, and will again: error codes are the first word of its errors. */
function isRefusal(error: Error): boolean {
  return /^(WRONGPASS|NOAUTH|NOPERM) /.test(error.message);
}

function settingsOf(text: string): RedisOptions {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !/^rediss?:$/.test(url.protocol) || url.hostname === '')
    throw new AppError('invalid_request', 'WEAVE_REDIS_URL must be redis://… or rediss://…');
  const db = url.pathname.slice(1);
  if (!/^\d{0,4}$/.test(db))
    throw new AppError('invalid_request', 'the path of WEAVE_REDIS_URL is the number of a database');
  return {
    host: url.hostname.replace(/^\[|\]$/g, ''),
    port: Number(url.port || 6379),
    ...(url.username !== '' && { username: decodeURIComponent(url.username) }),
    ...(url.password !== '' && { password: decodeURIComponent(url.password) }),
    db: Number(db),
    ...(url.protocol === 'rediss:' && { tls: {} }),
    connectTimeout: CONNECT_MS,
    disconnectTimeout: 200,
    retryStrategy: (times) => Math.min(50 * 2 ** Math.min(times, 10), MAX_RETRY_MS),
    enableReadyCheck: true,
  };
}
