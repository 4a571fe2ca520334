import { z } from 'zod';
import { defineRoute, type Method, type RouteSpec } from '../route-spec.ts';

/**
 * Routes of W&B's server that clients know and this one does not serve: they are told so (501), because a 404 would read
 * as "your object is missing", and some clients retry that.
 */
function planned(tag: string, planned: string, routes: readonly (readonly [Method, string])[]): RouteSpec[] {
  return routes.map(([method, path]) =>
    defineRoute({ method, path, tag, summary: 'Not served', planned, request: z.looseObject({}) }),
  );
}

export const PLANNED_ROUTES: readonly RouteSpec[] = [
  ...planned('Scoring', 'evaluations are run by a client; calls are scored by monitors and /calls/score', [
    ['post', '/evaluations/evaluate_model'],
    ['post', '/evaluations/status'],
    ['post', '/evaluations/rescore'],
  ]),
  ...planned('Projects', 'this server keeps calls until they are deleted', [
    ['post', '/project/ttl_settings/update'],
  ]),
  ...planned('Registry', 'there is no registry of W&B behind this server', [['post', '/link_to_registry']]),
  ...planned('Datasets', 'rows do not keep links to the calls they came from', [
    ['post', '/dataset_sources/link'],
    ['post', '/dataset_sources/link_delete'],
    ['post', '/dataset_sources/query'],
    ['post', '/dataset_sources/source_datasets_query'],
  ]),
  ...planned('Service', 'it belongs to W&B as a hosted service', [
    ['get', '/geolocate'],
    ['get', '/version'],
    ['post', '/oidc/token'],
  ]),
  ...planned('Agents', 'ask /agents/spans/query for what is wrong with spans', [
    ['post', '/agents/spans/diagnostics'],
  ]),
  ...planned('Completions', 'models are reached through /completions/create', [
    ['get', '/inference/v1/models'],
    ['post', '/inference/v1/chat/completions'],
  ]),
  ...planned('Runtimes', 'models are reached through /completions/create', [
    ['put', '/v2/{entity}/{project}/runtimes/{runtime_name}'],
  ]),
];
