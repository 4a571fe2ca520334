import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { contextOf } from './context.ts';

const HEADER = 'x-request-id';
/** Nothing that could forge a log line or a header. */
const SANE = /^[\w.:~+/=@-]{1,128}$/;

/** The id that the caller or a proxy gave, else a new one; the answer carries it. */
export function takeRequestId(req: IncomingMessage, res: ServerResponse): string {
  const given = req.headers[HEADER];
  const id = typeof given === 'string' && SANE.test(given) ? given : randomUUID();
  res.setHeader(HEADER, id);
  return id;
}

/** Names this request in log lines, in the answer's `x-request-id` and, where it went wrong on our side, in its body. */
export function requestIdOf(req: IncomingMessage): string {
  return contextOf(req).requestId;
}
