import { lookup } from 'node:dns/promises';
import {
  request as requestHttp,
  type ClientRequest,
  type IncomingMessage,
  type RequestOptions,
} from 'node:http';
import { request as requestHttps } from 'node:https';
import { isIP, type LookupFunction, type Socket } from 'node:net';
import { isAllowedAddress } from './addresses.ts';
import { checkDestination, literalAddress, type OutgoingPolicy } from './destinations.ts';
import { NOT_ALLOWED, OutgoingError, UNREACHABLE } from './outgoing-error.ts';

export interface OutgoingTimes {
  /** From the look-up of the name to the last byte. */
  readonly totalMs: number;
  /** Until there is a connection, with TLS. */
  readonly connectMs: number;
  /** Without a byte from there. */
  readonly idleMs: number;
}

const TIMES: OutgoingTimes = { totalMs: 60_000, connectMs: 10_000, idleMs: 30_000 };
const MAX_HEADER_BYTES = 16 * 1024;

export interface GuardedHttpOptions {
  readonly policy: OutgoingPolicy;
  readonly times?: Partial<OutgoingTimes>;
  /** All addresses of a name. Default: what the system says. */
  readonly resolve?: (hostname: string) => Promise<readonly string[]>;
  /** Certificates (PEM) trusted instead of the well-known ones. */
  readonly ca?: string;
}

export interface OutgoingRequest {
  readonly url: string;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
  /** Of the answer's body. */
  readonly maxAnswerBytes: number;
  /** Less than the client's own. */
  readonly totalMs?: number;
  readonly signal?: AbortSignal;
}

export interface OutgoingAnswer {
  /** As it came: redirects are answers like others, and not followed. */
  readonly status: number;
  /** What `Retry-After` asks for, at most a day; undefined = nothing. */
  readonly retryAfterMs: number | undefined;
  /** Empty unless the status is 2xx: what others say is not read. */
  readonly body: Uint8Array;
}

/**
 * Requests to addresses that users name: the one way there. The URL is held against the operator's list, every address of
 * its name must be allowed, and the connection goes to an address that was looked at: a name that changes its mind in between
 * (re-binding) changes nothing. TLS is verified for the name. No redirects, no cookies, no proxy, no kept connections.
 */
export interface GuardedHttp {
  /** @throws OutgoingError `refused` for URLs that are not asked whatever they lead to. */
  check(url: string): void;
  /** @throws OutgoingError; the signal's reason where it aborted. */
  post(request: OutgoingRequest): Promise<OutgoingAnswer>;
}

export function createGuardedHttp(options: GuardedHttpOptions): GuardedHttp {
  const { policy, resolve = resolveName, ca } = options;
  const times = { ...TIMES, ...options.times };

  async function addressesOf(url: URL): Promise<readonly string[]> {
    const literal = literalAddress(url);
    const addresses = literal === undefined ? await resolve(url.hostname) : [literal];
    if (addresses.length === 0) throw unreachable(undefined);
    // One that is not allowed spoils all: which of them is tried is not ours to say.
    if (
      policy.validateAddresses &&
      !addresses.every((each) => isAllowedAddress(each, policy.allowedPrivateCidrs))
    )
      throw new OutgoingError('refused', NOT_ALLOWED, 'address');
    return addresses;
  }

  return {
    check: (url) => void checkDestination(url, policy),
    async post(request) {
      request.signal?.throwIfAborted();
      const url = checkDestination(request.url, policy);
      const clock = startClock(times, Math.min(times.totalMs, request.totalMs ?? Infinity), request.signal);
      try {
        const addresses = await Promise.race([addressesOf(url), clock.ended]);
        return await send(request, url, addresses, clock, ca);
      } catch (error) {
        request.signal?.throwIfAborted();
        throw error instanceof OutgoingError ? error : unreachable(error);
      } finally {
        clock.stop();
      }
    },
  };
}

async function resolveName(hostname: string): Promise<readonly string[]> {
  return (await lookup(hostname, { all: true, verbatim: true })).map(({ address }) => address);
}

/** Ends a request that takes too long: `ended` rejects. */
interface Clock {
  readonly ended: Promise<never>;
  /** There is a connection. */
  connected(): void;
  /** A byte came. */
  tick(): void;
  stop(): void;
}

function startClock(times: OutgoingTimes, totalMs: number, signal: AbortSignal | undefined): Clock {
  let end!: () => void;
  const ended = new Promise<never>((_resolve, reject) => (end = () => reject(unreachable(undefined))));
  // It may end while nobody waits for it.
  ended.catch(() => undefined);
  const total = setTimeout(end, totalMs);
  const connect = setTimeout(end, times.connectMs);
  let idle: NodeJS.Timeout | undefined;
  signal?.addEventListener('abort', end, { once: true });
  return {
    ended,
    connected() {
      clearTimeout(connect);
      idle ??= setTimeout(end, times.idleMs);
    },
    tick: () => void idle?.refresh(),
    stop() {
      for (const timer of [total, connect, idle]) clearTimeout(timer);
      signal?.removeEventListener('abort', end);
    },
  };
}

async function send(
  { headers, body, maxAnswerBytes }: OutgoingRequest,
  url: URL,
  addresses: readonly string[],
  clock: Clock,
  ca: string | undefined,
): Promise<OutgoingAnswer> {
  const isSecure = url.protocol === 'https:';
  const options: RequestOptions & { ca?: string } = {
    method: 'POST',
    agent: false,
    lookup: pinned(addresses),
    maxHeaderSize: MAX_HEADER_BYTES,
    headers: {
      ...headers,
      'accept-encoding': 'identity',
      'content-length': String(body.length),
      connection: 'close',
    },
    ...(ca === undefined ? {} : { ca }),
  };
  const request = (isSecure ? requestHttps : requestHttp)(url, options);
  try {
    const response = await Promise.race([answerTo(request, body, isSecure, clock), clock.ended]);
    const status = response.statusCode ?? 0;
    const isRead = status >= 200 && status < 300;
    return {
      status,
      retryAfterMs: readRetryAfter(response.headers['retry-after']),
      body: isRead
        ? await Promise.race([readBody(response, maxAnswerBytes, clock), clock.ended])
        : new Uint8Array(),
    };
  } finally {
    request.destroy();
  }
}

function answerTo(
  request: ClientRequest,
  body: Uint8Array,
  isSecure: boolean,
  clock: Clock,
): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    // Stays: what fails after the answer began is told by the answer, or of no more interest.
    request.on('error', reject);
    request.once('response', resolve);
    // 101 and other switches of protocol are no answers.
    request.once('upgrade', (_response, socket: Socket) => {
      socket.destroy();
      reject(unreachable(undefined));
    });
    request.once('socket', (socket) => {
      socket.once(isSecure ? 'secureConnect' : 'connect', () => clock.connected());
      socket.on('data', () => clock.tick());
    });
    request.end(body);
  });
}

/** Answers with what was looked at, whatever is asked. */
function pinned(addresses: readonly string[]): LookupFunction {
  const all = addresses.map((address) => ({ address, family: isIP(address) }));
  return (_hostname, options, callback) => {
    if (options.all === true) callback(null, all);
    else callback(null, all[0]!.address, all[0]!.family);
  };
}

async function readBody(response: IncomingMessage, maxBytes: number, clock: Clock): Promise<Uint8Array> {
  const encoding = response.headers['content-encoding'];
  if (encoding !== undefined && encoding.toLowerCase() !== 'identity')
    throw new OutgoingError('unusable', 'the answer is compressed, which was not asked for');
  const tooLarge = () => new OutgoingError('unusable', `the answer has more than ${maxBytes} bytes`);
  if (Number(response.headers['content-length'] ?? 0) > maxBytes) throw tooLarge();
  const chunks: Uint8Array[] = [];
  let sizeBytes = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    clock.tick();
    sizeBytes += chunk.length;
    if (sizeBytes > maxBytes) throw tooLarge();
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

const DAY_MS = 86_400_000;

/** Seconds, or a date (RFC 9110, 10.2.3). */
function readRetryAfter(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const ms = /^\d{1,9}$/.test(text) ? Number(text) * 1000 : Date.parse(text) - Date.now();
  return Number.isNaN(ms) ? undefined : Math.min(Math.max(ms, 0), DAY_MS);
}

function unreachable(cause: unknown): OutgoingError {
  return new OutgoingError('unreachable', UNREACHABLE, undefined, cause);
}
