import type { IncomingMessage, ServerResponse } from 'node:http';
import { AppError } from '@weft/model';
import type { Logger } from '@weft/runtime';
import { ZodError } from 'zod';
import { contextOf } from './context.ts';
import { RouteNotFound, type ErrorBody } from './router.ts';
import { RequestInvalid } from './validation.ts';

/** What a client gets to know of an error. */
export interface PublicError {
  readonly status: number;
  readonly body: object;
  readonly error: AppError;
}

export function toPublic(thrown: unknown): PublicError {
  if (thrown instanceof RequestInvalid) {
    const error = new AppError('invalid_request', thrown.message);
    return { status: 422, body: { detail: thrown.detail }, error };
  }
  if (thrown instanceof ZodError) return toPublic(new RequestInvalid(thrown, 'body'));
  if (thrown instanceof RouteNotFound)
    return { status: 404, body: { detail: thrown.message }, error: thrown };
  if (thrown instanceof AppError && thrown.code === 'method_not_allowed')
    return { status: 405, body: { detail: thrown.message }, error: thrown };
  if (thrown instanceof AppError && thrown.code !== 'internal')
    return {
      status: thrown.status,
      body: { ...errorType(thrown.details), ...thrown.details, reason: thrown.message },
      error: thrown,
    };
  if (isMalformedPath(thrown))
    return toPublic(new AppError('invalid_request', 'the path is not validly percent-encoded'));
  const error = new AppError('internal', 'Internal server error');
  return { status: 500, body: { reason: error.message }, error };
}

/** W&B's names for errors with members of their own: clients that rebuild exceptions look for them. */
function errorType(details: AppError['details']): { error_type?: string } {
  if (details === undefined) return {};
  if ('deleted_at' in details) return { error_type: 'ObjectDeletedError' };
  if ('missing_object_digests' in details) return { error_type: 'RefObjectsNotFoundError' };
  if ('api_key' in details) return { error_type: 'MissingLLMApiKeyError' };
  return {};
}

/** The router's own error for a path parameter such as `%zz`. */
function isMalformedPath(thrown: unknown): boolean {
  return thrown instanceof URIError && (thrown as { status?: unknown }).status === 400;
}

const RETRYABLE = new Set([429, 502, 503, 504]);

/** Whole seconds from 1 to 5, so that clients refused together do not come back together. */
function retryAfter(): string {
  return String(1 + Math.floor(Math.random() * 5));
}

/** What is not the caller's doing: ours or the world's. */
function isLogged(status: number): boolean {
  return status >= 500 && status !== 501;
}

/** One line for what is ours (500); at most one a second for what is the world's (502 to 504); none for the caller's. */
export function createErrorLog(
  logger: Logger,
): (thrown: unknown, status: number, route: string, requestId: string) => void {
  let quietUntil = 0;
  let unlogged = 0;
  return (thrown, status, route, requestId) => {
    if (status === 500) return logger.error({ err: thrown, route, requestId }, 'request failed');
    if (!isLogged(status)) return;
    if (Date.now() < quietUntil) {
      unlogged++;
      return;
    }
    logger.warn({ err: thrown, route, requestId, unlogged }, 'request refused');
    quietUntil = Date.now() + 1000;
    unlogged = 0;
  };
}

/** Answers a request with an error. When an answer has begun, the connection is cut instead: half of one must not look whole. */
export function sendError(
  req: IncomingMessage,
  res: ServerResponse,
  thrown: unknown,
  errorBody: ErrorBody | undefined,
): number {
  const { status, body, error } = toPublic(thrown);
  if (res.headersSent) {
    res.destroy();
    return status;
  }
  for (const name of ['Content-Encoding', 'Content-Length', 'Transfer-Encoding', 'ETag', 'Cache-Control'])
    res.removeHeader(name);
  // A browser answers it with a window of its own, before the page that asked can offer its form.
  if (status === 401 && req.headers['x-requested-with'] === undefined)
    res.setHeader('WWW-Authenticate', 'Basic realm="weft", charset="UTF-8"');
  if (RETRYABLE.has(status)) res.setHeader('Retry-After', retryAfter());
  const answer = errorBody?.(req, status, error) ?? {
    contentType: 'application/json',
    // The id finds the line in our log.
    body: JSON.stringify(!isLogged(status) ? body : { ...body, request_id: contextOf(req).requestId }),
  };
  const bytes = Buffer.from(answer.body as string);
  res.writeHead(status, { 'Content-Type': answer.contentType, 'Content-Length': bytes.length });
  res.end(req.method === 'HEAD' ? undefined : bytes);
  return status;
}
