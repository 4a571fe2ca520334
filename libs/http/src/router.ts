import express, { type Express, type Router } from 'express';
import type { IncomingMessage } from 'node:http';

import { AppError } from '@weft/model';
import { contextOf } from './context.ts';
import type { CorsPolicy } from './cors.ts';

/** Body of an error answer in another protocol's shape. Called for whatever goes wrong below a group's path: authentication and body limits included. */
export type ErrorBody = (
  req: IncomingMessage,
  status: number,
  /** What may be said to the client: its message is public. */
  error: AppError,
) => { readonly contentType: string; readonly body: string | Uint8Array };

/** Routes that belong together. Paths are relative to the base; the app serves each base (`/` and `/traces`). */
export interface RouteGroup {
  /** Static prefix, default `/`. */
  readonly path?: string;
  /** From `createRouter`. Handlers may be async; what they throw is answered. */
  readonly router: Router;
  /** Default true. */
  readonly authenticated?: boolean;
  /** Default: Weave's `{"reason": …}`. */
  readonly errorBody?: ErrorBody;
  /** Web pages of other origins that may send here; default none. */
  readonly cors?: CorsPolicy;
}

/** An Express router as every route of this house is declared: case matters, a trailing slash does not, no body is parsed. */
export function createRouter(): Router {
  return express.Router({ caseSensitive: true });
}

/** Serves the group, and marks its requests for the metrics. */
export function mountGroup(app: Express, group: RouteGroup): void {
  const path = group.path ?? '/';
  app.use(path, (req, res, next) => {
    contextOf(req).group = path;
    group.router(req, res, next);
  });
}

/** Every path pattern of the group with its methods. */
function patternsOf(group: RouteGroup): Map<string, Set<string>> {
  const patterns = new Map<string, Set<string>>();
  const prefix = group.path === undefined || group.path === '/' ? '' : group.path;
  for (const { route } of group.router.stack) {
    if (route === undefined) continue;
    for (const path of [route.path].flat() as unknown[]) {
      if (typeof path !== 'string') continue;
      const methods = patterns.get(prefix + path) ?? new Set();
      for (const layer of route.stack)
        methods.add((layer as { method?: string }).method?.toUpperCase() ?? 'ALL');
      patterns.set(prefix + path, methods);
    }
  }
  return patterns;
}

/** Every route of the groups, as Express pattern; `ALL` = any method. */
export function routesOf(groups: readonly RouteGroup[]): { method: string; pattern: string }[] {
  return groups.flatMap((group) =>
    [...patternsOf(group)].flatMap(([pattern, methods]) =>
      [...methods].map((method) => ({ method, pattern })),
    ),
  );
}

/**
 * Where the groups answer, for a proxy before several services: `*` stands for one segment of a path, a `/**` at the end
 * for everything below. A group with an error body of its own speaks for everything below its path. Each is served below
 * `/traces` as well.
 */
export function pathPatterns(groups: readonly RouteGroup[]): string[] {
  const patterns = groups.flatMap((group) =>
    group.errorBody === undefined ? [...patternsOf(group).keys()].map(toSimple) : [`${group.path ?? ''}/**`],
  );
  return [...new Set(patterns)].sort();
}

// `/v2/:entity/x` becomes `/v2/*/x`, `/x/*rest` becomes `/x/**`.
function toSimple(pattern: string): string {
  return pattern.replace(/\/\*\w+$/, '/**').replace(/:\w+/g, '*');
}

/** After all groups: what is left is an unknown path (404) or a known one asked with another method (405). */
export function mountFallbacks(app: Express, groups: readonly RouteGroup[]): void {
  for (const group of groups) {
    for (const [pattern, methods] of patternsOf(group)) {
      const allow = [...methods, ...(methods.has('GET') ? ['HEAD'] : [])].join(', ');
      app.all(pattern, (req, res) => {
        contextOf(req).group = undefined;
        res.setHeader('Allow', allow);
        throw new AppError('method_not_allowed', 'Method Not Allowed');
      });
    }
  }
  app.use((req) => {
    contextOf(req).group = undefined;
    throw new RouteNotFound();
  });
}

export class RouteNotFound extends AppError {
  constructor() {
    super('not_found', 'Not Found');
  }
}

/** The group whose error shape a path has, by prefix. */
export function errorBodyFor(groups: readonly RouteGroup[], path: string): ErrorBody | undefined {
  return groups.find((group) => group.errorBody !== undefined && isUnder(group, path))?.errorBody;
}

/** Which pages may send to a path, by prefix; undefined = none of another origin. */
export function corsFor(groups: readonly RouteGroup[], path: string): CorsPolicy | undefined {
  return groups.find((group) => group.cors !== undefined && isUnder(group, path))?.cors;
}

function isUnder({ path: prefix = '/' }: RouteGroup, path: string): boolean {
  return prefix === '/' || path === prefix || path.startsWith(`${prefix}/`);
}

/** `POST /call/start`: the pattern that answered, never what the client wrote. */
export function patternOf(req: IncomingMessage): string {
  const { group } = contextOf(req);
  const { route, method } = req as IncomingMessage & { route?: { path?: unknown } };
  if (group === undefined || route?.path === undefined) return 'unmatched';
  return `${method} ${group === '/' ? '' : group}${String(route.path)}`;
}

/**
 * Where a request is routed to: duplicate slashes collapse (a base URL with a trailing slash makes `//file/create`), and
 * the base `/traces` is the same as `/`.
 */
export function normalizeUrl(url: string): string {
  if (url.charCodeAt(0) !== 0x2f) url = url.replace(/^https?:\/\/[^/?#]*/i, '');
  const end = url.indexOf('?');
  let path = end < 0 ? url : url.slice(0, end);
  if (path.includes('//')) path = path.replace(/\/{2,}/g, '/');
  if (path === '/traces') path = '/';
  else if (path.startsWith('/traces/')) path = path.slice('/traces'.length);
  return end < 0 ? path : path + url.slice(end);
}
