import { z } from 'zod';

export type Method = 'get' | 'post' | 'put' | 'delete';

/** What a route answers with. JSON lines: one value of the schema per line. Events: server-sent, without an end; data of the schema. */
export type Answer =
  | { readonly kind: 'json'; readonly schema: z.ZodType }
  | { readonly kind: 'lines'; readonly schema: z.ZodType }
  | { readonly kind: 'events'; readonly schema: z.ZodType }
  | { readonly kind: 'bytes' };

/**
 * One route of the wire contract (weave-api §2-4). All inputs are members of one schema: those named in the path come from
 * there, the others from the JSON body (`post`, `put`) or the query string (`get`, `delete`: texts, so coerce).
 * Below `/v2/{entity}/{project}` the path is the request's `project_id`.
 */
export interface RouteSpec<R extends z.ZodType<object> = z.ZodType<object>> {
  readonly method: Method;
  /** With `{name}` for path members. */
  readonly path: string;
  /** Other paths of the same route: spellings of other client versions. */
  readonly aliases: readonly string[];
  /** Group in the documentation. */
  readonly tag: string;
  /** One line: what it does. */
  readonly summary: string;
  /** What the key must be allowed to do with the project; `none` = any key. */
  readonly access: 'read' | 'write' | 'admin' | 'none';
  readonly request: R;
  /** How the body is sent; default JSON. */
  readonly body: 'json' | 'multipart' | 'protobuf';
  readonly answer: Answer;
  /** Answered with 501: a route that W&B has and this server does not. The text says why or what to use instead. */
  readonly planned?: string;
}

type Given<R extends z.ZodType<object>> = Pick<
  RouteSpec<R>,
  'method' | 'path' | 'tag' | 'summary' | 'request'
> &
  Partial<Pick<RouteSpec<R>, 'aliases' | 'access' | 'body' | 'answer' | 'planned'>>;

export function defineRoute<R extends z.ZodType<object>>(given: Given<R>): RouteSpec<R> {
  return { aliases: [], access: 'read', body: 'json', answer: json(z.object({})), ...given };
}

export const json = (schema: z.ZodType): Answer => ({ kind: 'json', schema });
export const lines = (schema: z.ZodType): Answer => ({ kind: 'lines', schema });
export const events = (schema: z.ZodType): Answer => ({ kind: 'events', schema });
export const bytes: Answer = { kind: 'bytes' };

/** Names in a path template: `/objs/{object_id}/tags` has `object_id`. */
export function pathMembers(path: string): string[] {
  return [...path.matchAll(/\{(\w+)\}/g)].map((match) => match[1]!);
}

/** Whether the project is part of the path. */
export function hasProjectInPath(path: string): boolean {
  return path.includes('/{entity}/{project}/');
}

/** The template as an Express pattern: `/tags/{name}` is `/tags/:name`. */
export function toExpressPath(path: string): string {
  return path.replace(/\{(\w+)\}/g, ':$1');
}
