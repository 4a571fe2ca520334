import type { IncomingMessage, ServerResponse } from 'node:http';
import type { z } from 'zod';

export interface RouteContext {
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
  /** Who asks, for events that the request causes; `''` = unknown. */
  readonly userId: string;
  /** Aborts when the client goes away before it has its answer: what is read for it is of no use any more. */
  readonly signal: AbortSignal;
}

/** One `POST` route: its request becomes a typed value, then the gates (project access, freshness), then `handle`. */
export interface Route {
  readonly path: string;
  readonly schema: z.ZodType<{ project_id: string }>;
  readonly access: 'read' | 'write';
  handle(request: unknown, context: RouteContext): Promise<void>;
}

/** @param handle answers the checked request. Throws AppError as long as nothing was sent. */
export function route<S extends z.ZodType<{ project_id: string }>>(
  path: string,
  schema: S,
  handle: (request: z.output<S>, context: RouteContext) => Promise<void>,
  access: Route['access'] = 'read',
): Route {
  return { path, schema, access, handle: (request, context) => handle(request as z.output<S>, context) };
}
