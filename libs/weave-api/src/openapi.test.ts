import { describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import { projectId } from './members.ts';
import { openApiDocument } from './openapi.ts';
import { defineRoute, json } from './route-spec.ts';
import { ROUTES } from './routes.ts';

const info = { title: 'Test', version: '1' };

describe('openApiDocument', () => {
  it('puts members of the path, the query and the body where they belong', () => {
    const routes = [
      defineRoute({
        method: 'put',
        path: '/objs/{object_id}/tags',
        aliases: ['/old/{object_id}/tags'],
        tag: 'T',
        summary: 'S',
        access: 'write',
        request: z.object({ project_id: projectId, object_id: z.string(), tags: z.array(z.string()) }),
      }),
      defineRoute({
        method: 'get',
        path: '/v2/{entity}/{project}/ops',
        tag: 'T',
        summary: 'S',
        request: z.object({ project_id: projectId, limit: z.coerce.number().optional() }),
        answer: json(z.object({ a: z.string() })),
      }),
    ];
    const { paths } = openApiDocument(routes, info) as { paths: Record<string, any> };
    expect(Object.keys(paths)).toEqual([
      '/objs/{object_id}/tags',
      '/old/{object_id}/tags',
      '/v2/{entity}/{project}/ops',
    ]);
    const { put } = paths['/objs/{object_id}/tags'];
    expect(put.parameters).toMatchObject([{ name: 'object_id', in: 'path', required: true }]);
    const { schema } = put.requestBody.content['application/json'];
    expect(Object.keys(schema.properties)).toEqual(['project_id', 'tags']);
    expect(schema.required).toEqual(['project_id', 'tags']);
    const { get } = paths['/v2/{entity}/{project}/ops'];
    expect(get.requestBody).toBeUndefined();
    expect(get.parameters.map((p: { name: string; in: string }) => `${p.in} ${p.name}`)).toEqual([
      'path entity',
      'path project',
      'query limit',
    ]);
    expect(paths['/old/{object_id}/tags'].put.deprecated).toBe(true);
  });

  it('can say every route, each once', () => {
    const document = openApiDocument(ROUTES, info);
    expect(JSON.parse(JSON.stringify(document))).toEqual(document);
    const names = ROUTES.flatMap(({ method, path, aliases }) =>
      [path, ...aliases].map((p) => `${method} ${p}`),
    );
    expect(new Set(names).size).toBe(names.length);
  });
});
