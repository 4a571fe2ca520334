import { createRouter, principalOf, readBody, type Request, type Router } from '@weft/http';
import { AppError, JsonMembers } from '@weft/model';
import type { GatewayConfig } from '../config.ts';
import { rootFields, type RootField } from '../graphql.ts';

/** Who an open server's user is. */
const LOCAL_USER = 'local';

/**
 * The part of W&B's own API that `weave.init` asks: who am I, is there such a project, make it. Projects come into being
 * by the first write, so each one exists. Nested selections are not followed: the answers hold all members; unknown fields
 * are null. Never an `errors` member, which the SDKs take for a failed login.
 */
export function graphqlRoutes(config: GatewayConfig): Router {
  const router = createRouter();

  router.post('/graphql', async (req, res) => {
    const { query, variables } = readQuery(await readBody(req, { maxBytes: 1024 * 1024 }));
    const viewer = viewerOf(req, config);
    const data = new Map<string, unknown>();
    for (const field of rootFields(query, variables)) data.set(field.key, resolve(field, viewer));
    res.json({ data: Object.fromEntries(data) });
  });

  return router;
}

interface Viewer {
  readonly user: string;
  readonly entity: string;
}

function viewerOf(req: Request, config: GatewayConfig): Viewer {
  const user = principalOf(req).user ?? LOCAL_USER;
  return { user, entity: config.WEFT_DEFAULT_ENTITY ?? user };
}

function readQuery(body: Uint8Array): { query: string; variables: Record<string, unknown> } {
  const members = JsonMembers.parse(body);
  const query = members.requiredText('query');
  if (query.length > 100_000) throw new AppError('request_too_large', 'query: is too long');
  const variables = members.object('variables');
  return { query, variables: JSON.parse(Buffer.from(variables).toString('utf8')) as Record<string, unknown> };
}

function resolve(field: RootField, viewer: Viewer): unknown {
  switch (field.name) {
    case '__typename':
      return 'Query';
    case 'viewer':
      return describeViewer(viewer);
    case 'project':
    case 'model':
      return describeProject(field.args, viewer);
    case 'upsertModel': {
      const project = describeProject(field.args, viewer);
      return { inserted: true, model: project, project };
    }
    case 'entity':
      return describeEntity(field.args.get('name') ?? viewer.entity);
    case 'serverInfo':
      return { frontendHost: null, latestLocalVersionInfo: null, cliVersionInfo: {}, features: [] };
    case '__type':
      return {
        name: field.args.get('name') ?? null,
        kind: 'OBJECT',
        fields: [],
        inputFields: [],
        enumValues: null,
      };
    case '__schema':
      return {
        queryType: { name: 'Query' },
        mutationType: { name: 'Mutation' },
        subscriptionType: null,
        types: [],
        directives: [],
      };
    default:
      return null;
  }
}

function describeViewer({ user, entity }: Viewer): unknown {
  const defaultEntity = describeEntity(entity);
  return {
    id: user,
    username: user,
    name: user,
    email: '',
    admin: false,
    entity,
    defaultEntity,
    teams: { edges: [] },
    flags: '{}',
  };
}

function describeEntity(name: string): unknown {
  return { id: name, name, readOnly: false, isTeam: false };
}

function describeProject(args: ReadonlyMap<string, string>, viewer: Viewer): unknown {
  const name = args.get('name') ?? '';
  const entityName = args.get('entityName') ?? args.get('entity') ?? viewer.entity;
  const description = args.get('description') ?? null;
  return {
    id: `${entityName}/${name}`,
    name,
    entityName,
    description,
    entity: describeEntity(entityName),
    readOnly: false,
  };
}
