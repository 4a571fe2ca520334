import type { Request, Response } from 'express';
import { AppError } from '@weft/model';
import { hasProjectInPath, toExpressPath, type RouteSpec } from '@weft/weave-api';
import type { z } from 'zod';
import { authorOf, requireProject } from './auth.ts';
import { parseJson, readBody } from './body.ts';
import { createRouter } from './router.ts';
import { parseRequest } from './validation.ts';

export interface RouteContext {
  readonly req: Request;
  readonly res: Response;
  /** Who asks, for events that the request causes; `''` = unknown. */
  readonly userId: string;
  /** The body as it was sent: values of clients are taken from here, because parsing them changes them. */
  readonly body: Buffer;
  /** Aborts when the client goes away before it has its answer: what is read for it is of no use any more. */
  readonly signal: AbortSignal;
}

/** One route of the contract: its request becomes a typed value, then the gates (project access, freshness), then `handle`. */
export interface Route {
  readonly spec: RouteSpec;
  readonly maxBodyBytes: number;
  /** False: there is nothing to wait for, the answer does not come from the store. */
  readsStore(request: unknown): boolean;
  /** No body at all counts as `{}`. */
  readonly bodyOptional: boolean;
  /** In place of JSON.parse and the schema, for bodies of many values of clients: what it returns is the request. */
  readonly parse?: (body: Buffer) => object;
  handle(request: unknown, context: RouteContext): Promise<void>;
}

/** Default limit of a request: a filter of a few thousand ids. */
const MAX_REQUEST_BYTES = 4 * 1024 * 1024;

/** @param handle answers the checked request. Throws AppError as long as nothing was sent. */
export function route<R extends z.ZodType<object>>(
  spec: RouteSpec<R>,
  handle: (request: z.output<R>, context: RouteContext) => Promise<void>,
  options: {
    readonly maxBodyBytes?: number;
    readonly readsStore?: boolean | ((request: z.output<R>) => boolean);
    readonly bodyOptional?: boolean;
    readonly parse?: (body: Buffer) => object;
  } = {},
): Route {
  const { readsStore = true } = options;
  return {
    spec,
    maxBodyBytes: options.maxBodyBytes ?? MAX_REQUEST_BYTES,
    readsStore: (request) =>
      typeof readsStore === 'function' ? readsStore(request as z.output<R>) : readsStore,
    bodyOptional: options.bodyOptional ?? false,
    parse: options.parse,
    handle: (request, context) => handle(request as z.output<R>, context),
  };
}

/** Waits, as long as it may, until what was acknowledged before the request can be read. */
export type AwaitFreshness = (req: Request, res: Response) => Promise<void>;

/** A router that answers the routes, at their aliases too. */
export function routerOf(routes: readonly Route[], awaitFreshness: AwaitFreshness = async () => {}) {
  const router = createRouter();
  for (const each of routes)
    for (const path of pathsOf(each.spec))
      router[each.spec.method](path, (req, res) => answer(each, req, res, awaitFreshness));
  return router;
}

/**
 * A router that answers the routes with 501: a 404 would read as "your object is missing", and some clients repeat that.
 * @param why says what is off, or what to use instead.
 */
export function unservedRouter(specs: readonly RouteSpec[], why: (spec: RouteSpec, req: Request) => string) {
  const router = createRouter();
  for (const spec of specs)
    for (const path of pathsOf(spec))
      router[spec.method](path, (req: Request) => {
        throw new AppError('not_implemented', why(spec, req));
      });
  return router;
}

function pathsOf({ path, aliases }: RouteSpec): string[] {
  return [path, ...aliases].map(toExpressPath);
}

async function answer(
  route: Route,
  req: Request,
  res: Response,
  awaitFreshness: AwaitFreshness,
): Promise<void> {
  const { spec } = route;
  const hasBody = spec.method === 'post' || spec.method === 'put';
  const read = hasBody ? await readBody(req, { maxBytes: route.maxBodyBytes }) : NO_BODY;
  const body = read.length === 0 && route.bodyOptional ? EMPTY_OBJECT : read;
  const sent = route.parse?.(body) ?? (hasBody ? parseJson(body) : req.query);
  const whole = withPath(sent, spec.path, req.params);
  const request =
    route.parse === undefined ? parseRequest(spec.request, whole, hasBody ? 'body' : 'query') : whole;
  const { project_id: projectId } = request as { readonly project_id?: string };
  if (spec.access !== 'none' && projectId !== undefined) requireProject(req, projectId, spec.access);
  if (route.readsStore(request)) await awaitFreshness(req, res);
  const signal = clientOf(res);
  try {
    await route.handle(request, { req, res, userId: authorOf(req, projectId ?? ''), body, signal });
  } catch (error) {
    // Nobody is left to be told, and what broke off because of that is no failure.
    if (!signal.aborted) throw error;
  }
}

const NO_BODY = Buffer.alloc(0);
const EMPTY_OBJECT = Buffer.from('{}');

/** What the path says wins over what was sent. A body that is no object is left to the schema to refuse. */
function withPath(sent: unknown, path: string, params: Request['params']): unknown {
  if (typeof sent !== 'object' || sent === null || Array.isArray(sent)) return sent;
  const { entity, project, ...members } = params;
  const ofPath = hasProjectInPath(path) ? { project_id: `${String(entity)}/${String(project)}` } : {};
  return { ...sent, ...members, ...ofPath };
}

/** Aborts when the client leaves before the answer is out. */
function clientOf(res: Response): AbortSignal {
  const left = new AbortController();
  const look = () => {
    if (!res.writableFinished) left.abort();
  };
  if (res.closed) look();
  else res.once('close', look);
  return left.signal;
}
