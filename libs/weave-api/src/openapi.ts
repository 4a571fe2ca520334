import { z } from 'zod';
import { hasProjectInPath, pathMembers, type Answer, type RouteSpec } from './route-spec.ts';

type Json = Record<string, unknown>;

export interface OpenApiInfo {
  readonly title: string;
  readonly version: string;
  readonly description?: string;
}

/** The OpenAPI 3.1 document of the routes. Aliases are paths of their own, marked deprecated. */
export function openApiDocument(routes: readonly RouteSpec[], info: OpenApiInfo): Json {
  const paths = new Map<string, Json>();
  for (const spec of routes) {
    for (const path of [spec.path, ...spec.aliases]) {
      const item = paths.get(path) ?? {};
      item[spec.method] = operation(spec, path);
      paths.set(path, item);
    }
  }
  return {
    openapi: '3.1.0',
    info,
    tags: [...new Set(routes.map(({ tag }) => tag))].map((name) => ({ name })),
    paths: Object.fromEntries([...paths].sort(([a], [b]) => (a < b ? -1 : 1))),
    components: {
      securitySchemes: {
        basic: { type: 'http', scheme: 'basic', description: 'Any user name; the password is the key.' },
        bearer: { type: 'http', scheme: 'bearer' },
        header: { type: 'apiKey', in: 'header', name: 'wandb-api-key' },
      },
      schemas: {
        Reason: { type: 'object', properties: { reason: { type: 'string' } }, required: ['reason'] },
        Invalid: {
          type: 'object',
          properties: {
            detail: {
              type: 'array',
              items: {
                type: 'object',
                properties: { loc: { type: 'array' }, msg: { type: 'string' }, type: { type: 'string' } },
              },
            },
          },
          required: ['detail'],
        },
      },
    },
    security: [{ basic: [] }, { bearer: [] }, { header: [] }],
  };
}

function operation(spec: RouteSpec, path: string): Json {
  const { properties, required, whole } = split(spec, path);
  const inPath = pathMembers(path);
  const hasBody = spec.method === 'post' || spec.method === 'put';
  const elsewhere = Object.keys(properties).filter((name) => !inPath.includes(name));
  const parameter = (name: string, where: 'path' | 'query') => ({
    name,
    in: where,
    required: where === 'path' || required.includes(name),
    schema: properties[name] ?? { type: 'string' },
  });
  return {
    operationId: operationId(spec, path),
    tags: [spec.tag],
    summary: spec.summary,
    ...(spec.planned !== undefined && { description: `Answers 501: ${spec.planned}` }),
    ...(path !== spec.path && { deprecated: true }),
    parameters: [
      ...inPath.map((name) => parameter(name, 'path')),
      ...(hasBody ? [] : elsewhere.map((name) => parameter(name, 'query'))),
    ],
    ...(hasBody && {
      requestBody: {
        required: true,
        content: {
          [BODY_TYPES[spec.body]]: {
            schema: {
              ...whole,
              properties: Object.fromEntries(elsewhere.map((name) => [name, properties[name]])),
              required: required.filter((name) => elsewhere.includes(name)),
            },
          },
        },
      },
    }),
    responses: {
      ...(spec.planned === undefined
        ? { 200: { description: 'Success', content: content(spec.answer) } }
        : { 501: reason('Not implemented') }),
      400: reason('A value that cannot be honoured'),
      401: reason('No key or an unknown one'),
      403: reason('The key may not do this in this project'),
      422: {
        description: 'A member that is missing or of the wrong type',
        content: { 'application/json': { schema: { $ref: '#/components/schemas/Invalid' } } },
      },
      503: reason('Worth a repeat after Retry-After'),
    },
  };
}

const BODY_TYPES = {
  json: 'application/json',
  multipart: 'multipart/form-data',
  protobuf: 'application/x-protobuf',
} as const;

function split(spec: RouteSpec, path: string): { properties: Json; required: string[]; whole: Json } {
  const { $schema: _, ...whole } = z.toJSONSchema(spec.request, {
    io: 'input',
    unrepresentable: 'any',
  }) as Json;
  const properties = { ...(whole.properties as Json | undefined) };
  if (hasProjectInPath(path)) delete properties.project_id;
  return { properties, required: (whole.required as string[] | undefined) ?? [], whole };
}

const TYPES = { json: 'application/json', lines: 'application/jsonl', events: 'text/event-stream' } as const;

function content(answer: Answer): Json {
  if (answer.kind === 'bytes') return { 'application/octet-stream': {} };
  const { $schema: _, ...schema } = z.toJSONSchema(answer.schema, {
    io: 'output',
    unrepresentable: 'any',
  }) as Json;
  return { [TYPES[answer.kind]]: { schema } };
}

function reason(description: string): Json {
  return {
    description,
    content: { 'application/json': { schema: { $ref: '#/components/schemas/Reason' } } },
  };
}

/** `post /objs/{object_id}/tags` is `post_objs_object_id_tags`. */
function operationId({ method }: RouteSpec, path: string): string {
  return `${method}${path.replace(/[{}]/g, '').replace(/\W+/g, '_')}`;
}
