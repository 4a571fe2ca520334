import { StorageUnavailable, type BlobStoreOptions, type StorageTrouble } from '../blob-store.ts';
import { DeadlineExceeded, retry, timeoutOf } from '../retry.ts';

/** What is known of a kind of store. */
export interface Vendor {
  /** @returns the trouble that an error means; undefined = none of the store's: it is passed on as it is. */
  troubleOf(error: unknown): Trouble | undefined;
  /** For the operator: what to look at. */
  readonly advice: Readonly<Partial<Record<StorageTrouble, string>>>;
  /** How long the store wants to be left alone, when its answer says so. */
  readonly retryAfterMs?: (error: unknown) => number | undefined;
}

export interface Trouble {
  readonly trouble: StorageTrouble;
  /** What the store said, without secrets. */
  readonly said: string;
}

export interface RunOptions {
  readonly signal?: AbortSignal | undefined;
  /** By `performance.now()`. Default: the time of a small operation from now on. */
  readonly until?: number;
  /** That an attempt sends. */
  readonly bytes?: number;
}

const CURABLE: ReadonlySet<StorageTrouble> = new Set(['throttled', 'timeout', 'unreachable', 'corrupt']);

const MEANS: Readonly<Record<StorageTrouble, string>> = {
  denied: 'refuses this',
  no_bucket: 'is not there',
  throttled: 'is asked too often',
  timeout: 'does not answer in time',
  unreachable: 'cannot be reached',
  full: 'is full',
  corrupt: 'has other bytes than were sent',
};

/** How a store in a cloud does what it is asked: in attempts, within a time, with errors of one kind. */
export class Operations {
  readonly #uri: string;
  readonly #options: BlobStoreOptions;
  readonly #vendor: Vendor;
  readonly #closing = new AbortController();
  /** Of errors that said how long. */
  readonly #pauses = new WeakMap<Error, number>();

  constructor(uri: string, options: BlobStoreOptions, vendor: Vendor) {
    this.#uri = uri;
    this.#options = options;
    this.#vendor = vendor;
  }

  /** By `performance.now()`. */
  until(putBytes = 0): number {
    return performance.now() + timeoutOf(this.#options, putBytes);
  }

  /** @throws StorageUnavailable; the reason of `signal` when that aborts. */
  async run<T>(attempt: (signal: AbortSignal) => Promise<T>, options: RunOptions = {}): Promise<T> {
    const { until = this.until(), bytes = 0 } = options;
    const timeoutMs = Math.max(1, Math.round(until - performance.now()));
    const stop = eitherOf(this.#closing.signal, options.signal);
    try {
      return await retry((signal) => attempt(signal).catch((error) => this.#fail(error)), {
        timeoutMs,
        // A connection that has gone silent must leave time for a new one.
        attemptTimeoutMs: timeoutOf(this.#options) / 2 + (bytes / 2 ** 20) * 1000,
        isRetryable: (error) => error instanceof StorageUnavailable && CURABLE.has(error.trouble),
        retryAfterMs: (error) => this.#pauses.get(error as Error),
        signal: stop.signal,
      });
    } catch (error) {
      if (!(error instanceof DeadlineExceeded)) throw error;
      if (error.cause instanceof StorageUnavailable) throw error.cause;
      throw this.trouble('timeout', error.message);
    } finally {
      stop.release();
    }
  }

  /** What `error` is to callers. */
  translate(error: unknown): unknown {
    if (error instanceof StorageUnavailable) return error;
    const known = this.#vendor.troubleOf(error);
    if (known === undefined) return error;
    const translated = this.trouble(known.trouble, known.said, error);
    const pauseMs = this.#vendor.retryAfterMs?.(error);
    if (pauseMs !== undefined) this.#pauses.set(translated, pauseMs);
    return translated;
  }

  /** What readers get when the bytes of an answer stop coming. */
  brokenOff(error: unknown): StorageUnavailable {
    const { code, message } = error as { code?: unknown; message?: unknown };
    const said = typeof code === 'string' ? code : String(message);
    const known = this.translate(error);
    if (known instanceof StorageUnavailable) return known;
    return this.trouble('unreachable', `the answer broke off: ${said}`, error);
  }

  trouble(trouble: StorageTrouble, said: string, cause?: unknown): StorageUnavailable {
    const advice = this.#vendor.advice[trouble];
    const message = `${this.#uri} ${MEANS[trouble]} (${said})${advice === undefined ? '' : `: ${advice}`}`;
    return new StorageUnavailable(trouble, message, { cause: withoutSecrets(cause) });
  }

  /** Ends what is under way and refuses what comes. */
  close(): void {
    this.#closing.abort(this.trouble('unreachable', 'this store was closed'));
  }

  #fail(error: unknown): never {
    throw this.translate(error);
  }
}

/** Vendors' errors carry the request, whose headers and address hold tokens and signatures: name, codes and status survive. */
function withoutSecrets(error: unknown): unknown {
  if (!(error instanceof Error)) return undefined;
  const { code, status, statusCode } = error as unknown as Record<string, unknown>;
  const known = Object.entries({ code, status: status ?? statusCode }).filter(
    ([, value]) => typeof value === 'string' || typeof value === 'number',
  );
  const said = known.map(([name, value]) => `${name} ${value}`).join(', ');
  return Object.assign(
    new Error(`${error.name}${said === '' ? '' : `: ${said}`}`),
    Object.fromEntries(known),
  );
}

/** Aborts with the first of the two. `AbortSignal.any` would leave something behind at a signal that lives long. */
function eitherOf(closing: AbortSignal, signal: AbortSignal | undefined) {
  if (signal === undefined) return { signal: closing, release() {} };
  const either = new AbortController();
  const sources = [closing, signal];
  const abort = () => either.abort(sources.find(({ aborted }) => aborted)!.reason);
  for (const source of sources) source.addEventListener('abort', abort);
  if (sources.some(({ aborted }) => aborted)) abort();
  return {
    signal: either.signal,
    release: () => sources.forEach((source) => source.removeEventListener('abort', abort)),
  };
}

/** Of a Retry-After header, which may also be a date: that is not looked at. */
export function retryAfterMs(header: string | undefined): number | undefined {
  const seconds = Number(header);
  return seconds > 0 ? seconds * 1000 : undefined;
}

/** Codes that Node gives errors of the network, whoever met them. */
export function isNetworkCode(code: unknown): code is string {
  return typeof code === 'string' && NETWORK_CODE.test(code);
}

const NETWORK_CODE =
  /^(ECONN(REFUSED|RESET|ABORTED)|EPIPE|ETIMEDOUT|E(HOST|NET)UNREACH|EADDRNOTAVAIL|ENOTFOUND|EAI_\w+|EPROTO|HPE_\w+|ERR_(TLS|SSL|STREAM_PREMATURE_CLOSE)\w*|\w*CERT\w*|UNABLE_TO_VERIFY_LEAF_SIGNATURE)$/;
