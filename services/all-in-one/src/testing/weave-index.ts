/**
 * Every route that W&B's trace server has (weave-api §2): `required` are those that users of the SDKs and the UI touch in
 * ordinary work, `known` the rest, which are at least answered with 501 and a reason.
 */
const v2 = '/v2/{entity}/{project}';
const kinds = ['ops', 'datasets', 'scorers', 'evaluations', 'models'];

export const REQUIRED: readonly string[] = [
  'GET /health', 'GET /server_info', 'POST /service/projects_info',
  'POST /call/upsert_batch', 'POST /call/start', 'POST /call/end',
  `POST ${v2}/calls/complete`, `POST ${v2}/call/start`, `POST ${v2}/call/end`,
  'POST /object/{entity}/{project}/calls/complete', 'POST /object/{entity}/{project}/call/start', 'POST /object/{entity}/{project}/call/end',
  'POST /call/read', 'POST /call/update', 'POST /calls/delete', 'POST /calls/stream_query', 'POST /calls/query_stats',
  'POST /calls/stats', 'POST /calls/usage', 'POST /trace/usage',
  'POST /obj/create', 'POST /obj/read', 'POST /objs/query', 'POST /obj/delete',
  'PUT /objs/{object_id}/versions/{digest}/tags', 'POST /objs/{object_id}/versions/{digest}/tags/remove',
  'PUT /objs/{object_id}/aliases', 'POST /objs/{object_id}/aliases/remove', 'GET /tags', 'GET /aliases',
  'POST /table/create', 'POST /table/create_from_digests', 'POST /table/update', 'POST /table/query', 'POST /table/query_stats',
  'POST /table/query_stats_batch', 'POST /table/query_stream', 'POST /refs/read_batch',
  'POST /file/create', 'POST /files/create', 'POST /file/content', 'POST /files/content', 'POST /files/query_stats', 'POST /files/stats',
  'POST /feedback/create', 'POST /feedback/batch/create', 'POST /feedback/query', 'POST /feedback/purge', 'POST /feedback/replace',
  'POST /feedback/stats', 'POST /feedback/payload_schema',
  'POST /cost/create', 'POST /cost/query', 'POST /cost/purge',
  'POST /otel/v1/traces', 'POST /otel/v1/trace', 'POST /agents/otel/v1/traces', 'POST /otel/v1/genai/traces',
  'POST /agents/query', 'POST /agents/agent-versions/query', 'POST /agents/spans/query', 'POST /agents/spans/stats',
  'POST /agents/spans/custom-attrs/schema', 'POST /agents/search', 'POST /agents/traces/chat', 'POST /agents/conversations/chat', 'POST /agents/conversations/spans',
  'POST /completions/create', 'POST /completions/create_stream', 'POST /project/stats', 'POST /threads/stream_query',
  'POST /annotation_queues', 'POST /annotation_queues/query', 'GET /annotation_queues/{queue_id}', 'PUT /annotation_queues/{queue_id}',
  'DELETE /annotation_queues/{queue_id}', 'POST /annotation_queues/{queue_id}/items', 'POST /annotation_queues/{queue_id}/items/query',
  'POST /annotation_queues/stats', 'POST /annotation_queues/{queue_id}/items/{item_id}/progress',
  ...kinds.flatMap((kind) => [
    `POST ${v2}/${kind}`, `GET ${v2}/${kind}`, `GET ${v2}/${kind}/{object_id}/versions/{digest}`, `DELETE ${v2}/${kind}/{object_id}`,
  ]),
  `POST ${v2}/evaluation_runs`, `GET ${v2}/evaluation_runs`, `DELETE ${v2}/evaluation_runs`,
  `GET ${v2}/evaluation_runs/{evaluation_run_id}`, `POST ${v2}/evaluation_runs/{evaluation_run_id}/finish`,
  `POST ${v2}/predictions`, `GET ${v2}/predictions`, `DELETE ${v2}/predictions`,
  `GET ${v2}/predictions/{prediction_id}`, `POST ${v2}/predictions/{prediction_id}/finish`,
  `POST ${v2}/scores`, `GET ${v2}/scores`, `DELETE ${v2}/scores`, `GET ${v2}/scores/{score_id}`,
  `POST ${v2}/eval_results/query`,
]; // prettier-ignore

export const KNOWN: readonly string[] = [
  'GET /version', 'GET /geolocate', 'POST /oidc/token', 'POST /calls/query', 'POST /calls/score', 'POST /link_to_registry',
  'POST /feedback/aggregate',
  'POST /agents/spans/diagnostics',
  'POST /image/create',
  'POST /project/ttl_settings/read', 'POST /project/ttl_settings/update', 'POST /project/ingest_sampling_settings/read',
  'GET /project/sensitive_data_settings', 'POST /dataset_sources/link', 'POST /dataset_sources/link_delete', 'POST /dataset_sources/query',
  'POST /dataset_sources/source_datasets_query', 'POST /evaluations/evaluate_model', 'POST /evaluations/status',
  'POST /evaluations/rescore', `PUT ${v2}/runtimes/{runtime_name}`,
]; // prettier-ignore
