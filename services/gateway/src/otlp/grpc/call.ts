import { randomUUID } from 'node:crypto';
import { constants, type IncomingHttpHeaders, type ServerHttp2Stream } from 'node:http2';
import { authenticateHeaders, inflate, type BodyBudget, type Keyring, type Principal } from '@weft/http';
import { framed, readMessage } from './message.ts';
import type { GrpcMetrics } from './metrics.ts';
import { statusOf, tooManyCalls, trailersOf, Unimplemented } from './trailers.ts';

export interface GrpcCall {
  /** Decompressed. The handler owns it. */
  readonly message: Buffer;
  readonly metadata: IncomingHttpHeaders;
  readonly principal: Principal;
}

/** A unary method: message in, message out, both as bytes. What it throws becomes the call's status. */
export type GrpcMethod = (call: GrpcCall) => Promise<Buffer>;

export interface GrpcCallOptions {
  /** By path, `/package.Service/Method`. */
  readonly methods: ReadonlyMap<string, GrpcMethod>;
  readonly auth: Keyring;
  readonly budget: BodyBudget;
  /** Of one message, as sent and decompressed. */
  readonly maxMessageBytes: number;
  readonly metrics: GrpcMetrics;
  readonly logError: (thrown: unknown, status: number, route: string, requestId: string) => void;
}

const ENCODINGS = ['identity', 'gzip', 'deflate'];
/** As HTTP's: a whole request has come by then. */
const RECEIVE_MAX_MS = 120_000;
/** For a client to take an answer of a few bytes. */
const ANSWER_MAX_MS = 30_000;

/** Answers one call. Authenticates before the first byte of the message is taken in. */
export async function answerCall(
  stream: ServerHttp2Stream,
  headers: IncomingHttpHeaders,
  options: GrpcCallOptions & { readonly isRefused: boolean },
): Promise<void> {
  // A client that leaves: nothing is to be done, and there is nobody to tell.
  stream.on('error', () => undefined);
  if (!/^application\/grpc(\+proto)?\s*(;|$)/i.test(headers['content-type'] ?? '')) {
    if (!stream.destroyed && !stream.closed) stream.respond({ ':status': 415 }, { endStream: true });
    return leave(stream);
  }
  const path = String(headers[':path']);
  const method = options.methods.get(path);
  const end = options.metrics.begin(method === undefined ? 'unmatched' : path);
  const requestId = randomUUID();
  const held = holder(options.budget);
  let code: number | undefined;
  stream.once('close', () => {
    held.release();
    end(stream.rstCode === constants.NGHTTP2_NO_ERROR ? code : undefined);
  });
  try {
    if (options.isRefused) throw tooManyCalls();
    if (method === undefined) throw new Unimplemented(`there is no method ${path.slice(0, 200)}`);
    const principal = authenticateHeaders(
      { ...headers, host: headers[':authority'] ?? headers.host },
      options.auth,
    );
    const message = await receive(stream, headers, { maxBytes: options.maxMessageBytes, hold: held.hold });
    const reply = await method({ message, metadata: headers, principal });
    code = 0;
    succeed(stream, reply, requestId);
  } catch (thrown) {
    const { status, httpStatus } = statusOf(thrown);
    code = status.code;
    options.logError(thrown, httpStatus, path.slice(0, 200), requestId);
    fail(stream, trailersOf(status), requestId);
  }
}

/** Takes from the budget for one call, until it is over. */
function holder(budget: BodyBudget): { hold(bytes: number): void; release(): void } {
  let heldBytes = 0;
  let isOver = false;
  return {
    hold: (bytes) => {
      if (isOver) return;
      if (bytes < 0) budget.give(-bytes);
      else budget.take(bytes, heldBytes);
      heldBytes += bytes;
    },
    release: () => {
      isOver = true;
      budget.give(heldBytes);
      heldBytes = 0;
    },
  };
}

async function receive(
  stream: ServerHttp2Stream,
  headers: IncomingHttpHeaders,
  limits: { readonly maxBytes: number; readonly hold: (bytes: number) => void },
): Promise<Buffer> {
  const encoding = String(headers['grpc-encoding'] ?? 'identity').toLowerCase();
  if (!ENCODINGS.includes(encoding))
    throw new Unimplemented(`grpc-encoding: expected one of ${ENCODINGS.join(', ')}`);
  const timer = setTimeout(() => stream.close(constants.NGHTTP2_CANCEL), RECEIVE_MAX_MS);
  try {
    const { isCompressed, bytes } = await readMessage(stream, limits);
    if (!isCompressed || encoding === 'identity') return bytes;
    const message = await inflate(bytes, encoding, limits.maxBytes, limits.hold);
    limits.hold(-bytes.length);
    return message;
  } finally {
    clearTimeout(timer);
  }
}

function answerHeaders(requestId: string): Record<string, string | number> {
  return {
    ':status': 200,
    'content-type': 'application/grpc+proto',
    'grpc-accept-encoding': ENCODINGS.join(','),
    'x-request-id': requestId,
  };
}

function succeed(stream: ServerHttp2Stream, reply: Buffer, requestId: string): void {
  if (stream.destroyed || stream.closed) return;
  stream.setTimeout(ANSWER_MAX_MS, () => stream.close(constants.NGHTTP2_CANCEL));
  stream.once('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
  stream.respond(answerHeaders(requestId), { waitForTrailers: true });
  stream.end(framed(reply));
}

function fail(stream: ServerHttp2Stream, trailers: ReturnType<typeof trailersOf>, requestId: string): void {
  if (stream.destroyed || stream.closed) return;
  stream.respond({ ...answerHeaders(requestId), ...trailers }, { endStream: true });
  leave(stream);
}

/** The answer is out: what the client still sends of its request is not wanted (RFC 9113 8.1). */
function leave(stream: ServerHttp2Stream): void {
  if (!stream.readableEnded) stream.close(constants.NGHTTP2_NO_ERROR);
}
