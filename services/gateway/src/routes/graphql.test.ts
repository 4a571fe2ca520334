import { afterEach, describe, expect, it } from '@jest/globals';
import { answerOf, startGateway, type GatewayServer } from '../testing/gateway-server.ts';

let gateway: GatewayServer;
afterEach(() => gateway.stop());

const ask = async (query: string, variables?: unknown) =>
  (await gateway.post('/graphql', { query, variables })).json;

describe('POST /graphql', () => {
  it('tells the SDKs who they are', async () => {
    gateway = await startGateway({ user: { name: 'ann', projects: ['*'] } });
    const answer = await ask('query DefaultEntity { viewer { username defaultEntity { name } } }');
    expect(answer).toEqual({
      data: {
        viewer: expect.objectContaining({
          username: 'ann',
          defaultEntity: expect.objectContaining({ name: 'ann' }),
        }),
      },
    });
  });

  it('has every project', async () => {
    gateway = await startGateway();
    const query =
      'query Project($project: String!, $entity: String!) { project(name: $project, entityName: $entity) { name } }';
    expect((await ask(query, { project: 'p "q"', entity: 'e' })).data.project).toMatchObject({
      name: 'p "q"',
      entityName: 'e',
    });
    expect((await ask('{ project(name: "lit\\"eral") { name } }')).data.project.name).toBe('lit"eral');
  });

  it('creates a project, inputs spelled out or as one variable', async () => {
    gateway = await startGateway();
    const spelled =
      'mutation UpsertModel($name: String!, $entity: String!, $id: String) { upsertModel(input: { id: $id, name: $name, entityName: $entity, description: null }) { model { name description } } }';
    expect((await ask(spelled, { name: 'p', entity: 'e', id: null })).data.upsertModel.model).toMatchObject({
      name: 'p',
      entityName: 'e',
      description: null,
    });
    expect(
      (
        await ask('mutation M($input: UpsertModelInput!) { upsertModel(input: $input) { model { name } } }', {
          input: { name: 'p', entityName: 'e' },
        })
      ).data.upsertModel.model.name,
    ).toBe('p');
  });

  it('follows aliases, several roots, comments and fragments, and answers null to what it does not know', async () => {
    gateway = await startGateway();
    const query =
      'fragment F on Viewer { id } # { comment\nquery Q @x(a: 1) { me: viewer { ...F } serverInfo { frontendHost } ... on Query { x } other(a: {b: "}"}) { c } __typename }';
    const { data } = await ask(query);
    expect(Object.keys(data)).toEqual(['me', 'serverInfo', 'other', '__typename']);
    expect(data).toMatchObject({
      me: { username: 'local' },
      serverInfo: { frontendHost: null },
      other: null,
      __typename: 'Query',
    });
  });

  it('answers introspection minimally', async () => {
    gateway = await startGateway();
    const { data } = await ask(
      'query Probe { __schema { queryType { name fields { name } } } __type(name: "UpsertBucketInput") { name inputFields { name } } }',
    );
    expect(data.__schema.queryType.name).toBe('Query');
    expect(data.__type).toMatchObject({ name: 'UpsertBucketInput', inputFields: [] });
  });

  it.each(['', '}', '{', '{ a(', '(', 'query', '{ viewer: }', '{ : : }', '{ ...', '"""', '{{{{', 'fragment'])(
    'survives %j',
    async (query) => {
      gateway = await startGateway();
      expect(Object.keys(await ask(query))).toEqual(['data']);
    },
  );

  it('is no door to prototypes', async () => {
    gateway = await startGateway();
    const answer = await gateway.post(
      '/graphql',
      '{"query":"{ __proto__: viewer { id } project(name: $constructor) { name } }","variables":{"__proto__":{"constructor":"x"}}}',
    );
    expect(answer.json.data.project.name).toBe('');
  });

  it('needs a key', async () => {
    gateway = await startGateway({ user: { name: 'ann', projects: ['*'] } });
    expect(
      (await gateway.post('/graphql', { query: '{ viewer { id } }' }, { authorization: '' })).status,
    ).toBe(401);
  });
});

describe('service routes', () => {
  it('GET /server_info keeps every client version tracing', async () => {
    gateway = await startGateway();
    const { json } = await answerOf(await fetch(`${gateway.url}/traces/server_info`));
    expect(json).toEqual({ min_required_weave_python_version: '0.0.1', trace_server_version: null });
  });

  it('POST /service/projects_info answers in order, for projects of the key only', async () => {
    gateway = await startGateway({ user: { name: 'ann', projects: ['e/*'] } });
    const answer = await gateway.post('/service/projects_info', { project_ids: ['e/b', 'e/a'] });
    expect(answer.json.map((p: { external_project_id: string }) => p.external_project_id)).toEqual([
      'e/b',
      'e/a',
    ]);
    for (const { internal_project_id } of answer.json) expect(internal_project_id).not.toContain('/');
    expect((await gateway.post('/service/projects_info', { project_ids: ['f/a'] })).status).toBe(403);
    expect((await gateway.post('/service/projects_info', { project_ids: ['f'] })).status).toBe(400);
    expect((await gateway.post('/service/projects_info', {})).status).toBe(400);
  });
});
