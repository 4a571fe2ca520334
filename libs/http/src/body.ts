import type { IncomingMessage } from 'node:http';
import { AppError, JsonScanner, JsonSyntaxError } from '@weft/model';
import type { z } from 'zod';
import { contextOf, type RequestContext } from './context.ts';
import { inflate, joined, parseEncoding, tooLarge } from './inflate.ts';
import { parseRequest } from './validation.ts';

export interface ReadBodyOptions {
  /** Most bytes of the body, as sent and as decoded; default the app's limit (32 MiB). */
  readonly maxBytes?: number;
}

/**
 * The whole body, decoded (identity, gzip, deflate, br, zstd). The caller owns the bytes; they count
 * towards the process's body budget until the answer has gone out. Call it once per request.
 * @throws AppError `request_too_large` at one byte over the limit, `unsupported_media_type`, `invalid_request` for a
 * body that is broken or breaks off, `log_unavailable` when the process holds too many bodies.
 */
export async function readBody(req: IncomingMessage, options: ReadBodyOptions = {}): Promise<Buffer> {
  const context = contextOf(req);
  const maxBytes = options.maxBytes ?? context.maxBodyBytes;
  const encoding = parseEncoding(req.headers['content-encoding']);
  const hold = (bytes: number) => holdBytes(context, bytes);
  const wire = await collect(req, maxBytes, hold);
  if (encoding === undefined || wire.length === 0) return wire;
  const body = await inflate(wire, encoding, maxBytes, hold);
  hold(-wire.length);
  return body;
}

/** Counts bytes that the request keeps in memory, or gives back (negative), as long as it is not over. @throws AppError `log_unavailable` */
export function holdBytes(context: RequestContext, bytes: number): void {
  if (context.isOver) return;
  if (bytes < 0) context.budget.give(-bytes);
  else context.budget.take(bytes, context.heldBytes);
  context.heldBytes += bytes;
}

/** Gives back what the request's bodies took: it is over. */
export function releaseBody(context: RequestContext): void {
  context.budget.give(context.heldBytes);
  context.heldBytes = 0;
  context.isOver = true;
}

function collect(req: IncomingMessage, maxBytes: number, hold: (bytes: number) => void): Promise<Buffer> {
  // Told before it is sent: refuse before it is read.
  if (Number(req.headers['content-length']) > maxBytes) return Promise.reject(tooLarge(maxBytes));
  return new Promise((resolve, reject) => {
    let chunks: Buffer[] = [];
    let size = 0;
    const settle = () => {
      req.off('data', onData).off('end', onEnd).off('error', onBroken).off('close', onBroken);
    };
    const fail = (error: unknown) => {
      settle();
      chunks = [];
      reject(error as Error);
    };
    const onData = (chunk: Buffer) => {
      size += chunk.length;
      if (size > maxBytes) return fail(tooLarge(maxBytes));
      try {
        hold(chunk.length);
      } catch (error) {
        return fail(error);
      }
      chunks.push(chunk);
    };
    const onEnd = () => {
      settle();
      resolve(joined(chunks, size));
    };
    const onBroken = (cause?: unknown) =>
      fail(new AppError('invalid_request', 'the request body broke off', { cause }));
    req.on('data', onData).on('end', onEnd).on('error', onBroken).on('close', onBroken);
  });
}

/**
 * The body as JSON, checked against `schema`. For routes where the parsed value is wanted whole; nesting is bounded.
 * @throws what `readBody` and `parseRequest` throw, and AppError `invalid_request` for a body that is not JSON.
 */
export async function readJson<S extends z.ZodType>(
  req: IncomingMessage,
  schema: S,
  options: ReadBodyOptions = {},
): Promise<z.output<S>> {
  return parseRequest(schema, parseJson(await readBody(req, options)));
}

/** The value of a body, nesting bounded. @throws AppError `invalid_request` that says where the text is wrong. */
export function parseJson(body: Buffer): unknown {
  try {
    // Bounds the nesting before anything recurses over the value, and says where the error is.
    const scanner = new JsonScanner(body);
    const end = scanner.ws(scanner.skip(scanner.ws(0)));
    if (end !== body.length) throw new JsonSyntaxError('text after the value', end);
    return JSON.parse(body.toString('utf8'));
  } catch (cause) {
    if (!(cause instanceof JsonSyntaxError) && !(cause instanceof SyntaxError)) throw cause;
    const where = cause instanceof JsonSyntaxError ? `: ${cause.message}` : '';
    throw new AppError('invalid_request', `the body is not valid JSON${where}`, { cause });
  }
}

/** After an answer that came before the end of the body: this much more of it is read and dropped. */
const DRAIN_MAX_BYTES = 64 * 1024 * 1024;
const DRAIN_MAX_MS = 10_000;
const DRAIN_LOOK_MS = 250;

/**
 * Lets a client that is still sending come to its end and find the answer: closing at once would reset the connection
 * and destroy the answer with it. Call it when the answer has gone out. What does not end is cut off.
 */
export function drainBody(req: IncomingMessage): void {
  if (req.complete || req.destroyed) return;
  const { socket } = req;
  const from = socket.bytesRead;
  const until = Date.now() + DRAIN_MAX_MS;
  const timer = setInterval(() => {
    if (req.complete || socket.destroyed) clearInterval(timer);
    else if (Date.now() > until || socket.bytesRead - from > DRAIN_MAX_BYTES) {
      clearInterval(timer);
      socket.destroy();
    }
  }, DRAIN_LOOK_MS).unref();
  req.resume();
}
