/**
 * Routes of W&B's server that clients know and we do not have yet: they are told so (501), because a 404 would read as
 * "your object is missing", and some clients retry that. A route leaves the table in the commit that adds it. Two are
 * missing on purpose: `/feedback/batch/create` and `/table/create_from_digests`. The Python client has another way where
 * these answer 404, and takes anything else for their presence.
 */
export const NOT_YET: readonly (readonly [method: 'get' | 'post' | 'put' | 'delete' | 'all', path: string])[] = [
  // calls
  ['post', '/calls/stats'], ['post', '/calls/usage'], ['post', '/trace/usage'], ['post', '/calls/score'],
  // objects, tables, refs, files
  ['post', '/objs/query'], ['post', '/obj/delete'],
  ['put', '/objs/:object_id/versions/:digest/tags'], ['post', '/objs/:object_id/versions/:digest/tags/remove'],
  ['put', '/objs/:object_id/aliases'], ['post', '/objs/:object_id/aliases/remove'],
  ['get', '/tags'], ['get', '/aliases'],
  ['post', '/table/update'], ['post', '/table/query_stats_batch'],
  ['post', '/refs/read_batch'], ['post', '/files/query_stats'], ['post', '/files/stats'], ['post', '/link_to_registry'],
  // feedback, costs
  ['post', '/feedback/query'], ['post', '/feedback/purge'], ['post', '/feedback/replace'],
  ['post', '/feedback/stats'], ['post', '/feedback/payload_schema'], ['post', '/feedback/aggregate'],
  ['post', '/cost/create'], ['post', '/cost/query'], ['post', '/cost/purge'],
  // agents
  ['post', '/agents/query'], ['post', '/agents/agent-versions/query'], ['post', '/agents/spans/query'],
  ['post', '/agents/spans/stats'], ['post', '/agents/spans/custom-attrs/schema'], ['post', '/agents/spans/diagnostics'],
  ['post', '/agents/search'], ['post', '/agents/traces/chat'], ['post', '/agents/conversations/chat'],
  ['post', '/agents/conversations/spans'],
  // playground, projects, threads
  ['post', '/completions/create'], ['post', '/completions/create_stream'], ['post', '/image/create'],
  ['post', '/project/stats'], ['post', '/project/ttl_settings/read'], ['post', '/project/ttl_settings/update'],
  ['post', '/project/ingest_sampling_settings/read'], ['get', '/project/sensitive_data_settings'],
  ['post', '/threads/stream_query'], ['get', '/geolocate'], ['all', '/inference/*path'], ['post', '/oidc/token'],
  // annotation queues, dataset sources, evaluations
  ['all', '/annotation_queues'], ['all', '/annotation_queues/*path'], ['post', '/dataset_sources/:action'],
  ['post', '/evaluations/evaluate_model'], ['post', '/evaluations/status'], ['post', '/evaluations/rescore'],
  // typed objects and imperative evaluations
  ...['ops', 'datasets', 'scorers', 'evaluations', 'models', 'evaluation_runs', 'predictions', 'scores'].flatMap(
    (kind) => [['all', `/v2/:entity/:project/${kind}`], ['all', `/v2/:entity/:project/${kind}/*path`]] as const,
  ),
  ['post', '/v2/:entity/:project/eval_results/query'], ['put', '/v2/:entity/:project/runtimes/:name'],
]; // prettier-ignore
