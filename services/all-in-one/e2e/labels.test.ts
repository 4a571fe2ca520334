import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { apiKey, newProject, openStack, type Stack } from './stack.ts';

let stack: Stack;
beforeAll(async () => {
  stack = await openStack();
});
afterAll(() => stack.stop());

async function ask(method: string, path: string, body?: object) {
  const res = await fetch(stack.url + path, {
    method,
    headers: { authorization: `Bearer ${apiKey}`, 'content-type': 'application/json' },
    ...(body && { body: JSON.stringify(body) }),
  });
  return { status: res.status, body: (await res.json()) as Record<string, unknown> };
}

function labels(project_id: string) {
  const done = async (method: string, path: string, body: object) =>
    expect(await ask(method, path, { project_id, ...body })).toEqual({ status: 200, body: {} });
  const query = new URLSearchParams({ project_id }).toString();
  return {
    publish: async (object_id: string, val: unknown) =>
      (await stack.post<{ digest: string }>('/obj/create', { obj: { project_id, object_id, val } })).digest,
    of: async (object_id: string, digest: string) => {
      const request = { project_id, object_id, digest, include_tags_and_aliases: true };
      const { obj } = await stack.post<{ obj: { digest: string; tags: string[]; aliases: string[] } }>(
        '/obj/read',
        request,
      );
      return obj;
    },
    found: async (filter: object) => {
      const { objs } = await stack.post<{ objs: { object_id: string; version_index: number }[] }>(
        '/objs/query',
        { project_id, filter },
      );
      return objs.map((o) => `${o.object_id}:v${o.version_index}`);
    },
    tag: (object_id: string, digest: string, ...tags: string[]) =>
      done('PUT', `/objs/${object_id}/versions/${digest}/tags`, { tags }),
    untag: (object_id: string, digest: string, ...tags: string[]) =>
      done('POST', `/objs/${object_id}/versions/${digest}/tags/remove`, { tags }),
    alias: (object_id: string, digest: string, ...aliases: string[]) =>
      done('PUT', `/objs/${object_id}/aliases`, { digest, aliases }),
    unalias: (object_id: string, ...aliases: string[]) =>
      done('POST', `/objs/${object_id}/aliases/remove`, { aliases }),
    tags: async () => (await ask('GET', `/tags?${query}`)).body.tags,
    aliases: async () => (await ask('GET', `/aliases?${query}`)).body.aliases,
    status: async (method: string, path: string, body: object) =>
      (await ask(method, path, { project_id, ...body })).status,
  };
}

describe('tags', () => {
  it('are put on and taken off one version, found and listed', async () => {
    const l = labels(newProject('tags'));
    expect(await l.tags()).toEqual([]);
    const [v0, v1] = [await l.publish('o', { v: 0 }), await l.publish('o', { v: 1 })];
    await l.tag('o', v0, 'staging', 'reviewed', 'staging');
    await l.tag('o', v0, 'reviewed');
    await l.tag('o', v1, 'latest', 'two words');
    expect(await l.of('o', v0)).toMatchObject({ tags: ['reviewed', 'staging'], aliases: [] });
    expect(await l.of('o', v1)).toMatchObject({ tags: ['latest', 'two words'], aliases: ['latest'] });
    expect(await l.tags()).toEqual(['latest', 'reviewed', 'staging', 'two words']);
    expect(await l.found({ tags: ['staging', 'two words'] })).toEqual(['o:v0', 'o:v1']);
    await l.untag('o', v0, 'staging', 'never');
    await l.untag('o', 'nope', 'x');
    expect((await l.of('o', v0)).tags).toEqual(['reviewed']);
    expect(await l.found({ tags: ['staging'] })).toEqual([]);
    await l.tag('o', v0, 'staging');
    expect((await l.of('o', v0)).tags).toEqual(['reviewed', 'staging']);
    await l.tag('o', v0);
    // By its number, too.
    await l.tag('o', 'v0', 'by number');
    expect((await l.of('o', v0)).tags).toEqual(['by number', 'reviewed', 'staging']);
  });

  it('stay in their project', async () => {
    const [here, there] = [labels(newProject('tags')), labels(newProject('tags'))];
    const digest = await here.publish('o', 1);
    await there.publish('o', 1);
    await here.tag('o', digest, 'here');
    await here.alias('o', digest, 'here');
    expect([await there.tags(), await there.aliases(), (await there.of('o', digest)).tags]).toEqual([
      [],
      [],
      [],
    ]);
    expect(await there.found({ tags: ['here'] })).toEqual([]);
  });
});

describe('aliases', () => {
  it('lead to one version of an object, wherever a digest may stand', async () => {
    const project_id = newProject('aliases');
    const l = labels(project_id);
    const [v0, v1] = [await l.publish('o', { v: 0 }), await l.publish('o', { v: 1 })];
    const other = await l.publish('other', { v: 0 });
    await l.alias('o', v0, 'prod', 'stable');
    await l.alias('other', other, 'prod');
    expect(await l.of('o', 'prod')).toMatchObject({ digest: v0, aliases: ['prod', 'stable'] });
    await l.alias('o', v1, 'prod');
    expect(await l.of('o', 'prod')).toMatchObject({ digest: v1, aliases: ['latest', 'prod'] });
    expect(await l.found({ aliases: ['prod'] })).toEqual(['o:v1', 'other:v0']);
    expect(await l.found({ aliases: ['latest', 'stable'], object_ids: ['o'] })).toEqual(['o:v0', 'o:v1']);
    expect(await l.aliases()).toEqual(['prod', 'stable']);
    await l.unalias('o', 'prod', 'never');
    expect(await l.status('POST', '/obj/read', { object_id: 'o', digest: 'prod' })).toBe(404);
    expect(await l.of('other', 'prod')).toMatchObject({ digest: other });
    const { num_deleted } = await stack.post<{ num_deleted: number }>('/obj/delete', {
      project_id,
      object_id: 'o',
      digests: ['stable'],
    });
    expect(num_deleted).toBe(1);
    expect(await l.aliases()).toEqual(['prod']);
    expect(await l.found({ object_ids: ['o'] })).toEqual(['o:v1']);
  });

  it('and tags go with their version and do not come back', async () => {
    const project_id = newProject('aliases');
    const l = labels(project_id);
    const digest = await l.publish('o', { v: 0 });
    await l.tag('o', digest, 't');
    await l.alias('o', digest, 'a');
    await stack.post('/obj/delete', { project_id, object_id: 'o' });
    expect([await l.tags(), await l.aliases()]).toEqual([[], []]);
    expect(await l.status('PUT', `/objs/o/versions/${digest}/tags`, { tags: ['t'] })).toBe(404);
    expect(await l.status('PUT', '/objs/o/aliases', { digest, aliases: ['a'] })).toBe(404);
    await l.publish('o', { v: 0 });
    expect(await l.of('o', digest)).toMatchObject({ tags: [], aliases: ['latest'] });
  });
});

describe('names', () => {
  it.each(['', ' a', 'a  b', 'a/b', 'é!', 'x'.repeat(257)])('of tags: not %j', async (tag) => {
    const l = labels(newProject('names'));
    const digest = await l.publish('o', 1);
    expect(await l.status('PUT', `/objs/o/versions/${digest}/tags`, { tags: ['fine', tag] })).toBe(400);
    expect(await l.tags()).toEqual([]);
  });

  it.each(['', '  ', 'a/b', 'a:b', 'v1', 'latest', 'x'.repeat(129)])('of aliases: not %j', async (alias) => {
    const l = labels(newProject('names'));
    const digest = await l.publish('o', 1);
    expect(await l.status('PUT', '/objs/o/aliases', { digest, aliases: ['fine', alias] })).toBe(400);
    expect(await l.status('POST', '/objs/o/aliases/remove', { aliases: [alias] })).toBe(400);
    expect(await l.aliases()).toEqual([]);
  });

  it('of what does not exist, and requests that are none', async () => {
    const l = labels(newProject('names'));
    expect(await l.status('PUT', '/objs/nope/versions/x/tags', { tags: ['t'] })).toBe(404);
    expect(await l.status('PUT', '/objs/nope/aliases', { digest: 'x', aliases: ['a'] })).toBe(404);
    expect(await l.status('PUT', '/objs/nope/aliases', { aliases: ['a'] })).toBe(422);
    expect(await l.status('PUT', '/objs/nope/versions/x/tags', { tags: 't' })).toBe(422);
    expect((await ask('GET', '/tags')).status).toBe(422);
  });
});
