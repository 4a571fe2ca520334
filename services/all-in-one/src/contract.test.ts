import { describe, expect, it } from '@jest/globals';
import type { EventLog } from '@weft/event-log';
import { createGateway, gatewayEnv } from '@weft/gateway';
import { routesOf, type RouteGroup } from '@weft/http';
import type { Llm } from '@weft/llm';
import { createQuery } from '@weft/query';
import { createLogger, createMetrics, loadConfig } from '@weft/runtime';
import type { TraceReader } from '@weft/trace-store';
import { scoringRoutes, type ScoringRoutesDeps } from '@weft/scoring-worker';
import { openApiDocument, ROUTES, SCORING_ROUTES } from '@weft/weave-api';
import { z } from 'zod';
import { KNOWN, REQUIRED } from './testing/weave-index.ts';

/** Of the public API but not of W&B's: answered, and documented by hand. */
const OUTSIDE = ['POST /graphql'];
/** Pages for people, made of the same reads. */
const isPage = (name: string) =>
  name === 'GET /' || name === 'GET /docs' || name.startsWith('GET /{entity}/{project}/');
/** Served by the HTTP library on every service. */
const BY_HTTP = [
  'GET /health',
  'GET /weft/v1/keys',
  ...['GET', 'POST', 'DELETE'].map((method) => `${method} /weft/v1/session`),
];

const logger = createLogger({ name: 'test', level: 'silent' });
const metrics = () => createMetrics('t_', { processMetrics: false });
/** Only asked for their routes. */
const eventLog = {} as EventLog;
const gateway = createGateway({
  eventLog,
  quarantine: async () => {},
  logger,
  metrics: metrics(),
  config: loadConfig(z.object(gatewayEnv), {}),
});
const query = createQuery({
  eventLog,
  reader: {} as TraceReader,
  logger,
  metrics: metrics(),
  llm: {} as Llm,
  freshnessMaxWaitMs: 1,
});

/** `/v2/:entity` is `/v2/{entity}`. */
const namesOf = (groups: readonly RouteGroup[]) =>
  routesOf(groups).map(({ method, pattern }) => `${method} ${pattern.replace(/:(\w+)/g, '{$1}')}`);
const registered = namesOf([...gateway.routes, ...query.routes]);
const served = ROUTES.filter(({ planned }) => planned === undefined);
const names = (routes: typeof ROUTES) =>
  routes.flatMap(({ method, path, aliases }) =>
    [path, ...aliases].map((each) => `${method.toUpperCase()} ${each}`),
  );

describe('the contract', () => {
  it('names every route that is registered, and no other', () => {
    const declared = new Set([...names(ROUTES), ...OUTSIDE]);
    expect(registered.filter((name) => !declared.has(name) && !isPage(name))).toEqual([]);
    expect(names(ROUTES).filter((name) => !registered.includes(name) && !BY_HTTP.includes(name))).toEqual([]);
  });

  it('registers each route once', () => {
    expect(registered.filter((name, index) => registered.indexOf(name) !== index)).toEqual([]);
  });

  it('is served by the scoring worker where query says that scoring is off', () => {
    const on = { eventLog } as Partial<ScoringRoutesDeps> as ScoringRoutesDeps;
    for (const deps of [on, undefined])
      expect(namesOf(scoringRoutes(deps)).sort()).toEqual([...names(SCORING_ROUTES)].sort());
  });

  it("serves every route of W&B's that people use, and answers the others", () => {
    const answers = new Set(names(served));
    expect(REQUIRED.filter((name) => !answers.has(name))).toEqual([]);
    const known = new Set(names(ROUTES));
    expect(KNOWN.filter((name) => !known.has(name))).toEqual([]);
  });

  it('is what the OpenAPI document says', () => {
    const { paths } = openApiDocument(ROUTES, { title: 't', version: '1' }) as {
      paths: Record<string, object>;
    };
    const said = Object.entries(paths).flatMap(([path, item]) =>
      Object.keys(item).map((method) => `${method.toUpperCase()} ${path}`),
    );
    expect(said.sort()).toEqual([...names(ROUTES)].sort());
  });
});
