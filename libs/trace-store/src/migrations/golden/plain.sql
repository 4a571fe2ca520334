CREATE DATABASE IF NOT EXISTS weft;

CREATE TABLE IF NOT EXISTS weft.migrations (
  number UInt32 COMMENT 'Migrations are applied in this order.',
  name String COMMENT 'What it makes.',
  applied_at DateTime DEFAULT now() COMMENT 'When it was done.'
) ENGINE = MergeTree
ORDER BY number
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1
COMMENT 'Migrations that are done';

CREATE TABLE IF NOT EXISTS weft.calls (
  project_id String COMMENT 'entity/project.',
  started_at DateTime64(6, 'UTC') COMMENT 'When the call began; 1900-01-01 = its start is not known yet, then the row is read by the writer only.' CODEC(Delta, ZSTD(1)),
  id String COMMENT 'The call; one row of a call is not superseded.' CODEC(ZSTD(1)),
  span_trace_id String COMMENT 'Trace of the OTLP span it was made of, whose id is unique within the trace only; empty = not made of a span.' CODEC(ZSTD(1)),
  start_ver UInt128 COMMENT 'Version of the start columns: event time, then content; 0 = no start yet.' CODEC(NONE),
  end_ver UInt128 COMMENT 'Version of the end columns; 0 = still running.' CODEC(NONE),
  rename_ver UInt128 COMMENT 'Version of the rename; 0 = never renamed.' CODEC(ZSTD(1)),
  ver UInt128 COMMENT 'Sum of the three: grows whenever more is known of the call.' CODEC(NONE),
  trace_id String COMMENT 'The tree of calls it belongs to.' CODEC(ZSTD(1)),
  parent_id String COMMENT 'The call that made it; empty = a root.' CODEC(ZSTD(1)),
  thread_id String COMMENT 'Conversation; empty = none.' CODEC(ZSTD(1)),
  turn_id String COMMENT 'Turn of the conversation; empty = none.' CODEC(ZSTD(1)),
  op_name String COMMENT 'Op ref or free name.' CODEC(ZSTD(1)),
  display_name String COMMENT 'Name given by the start; empty = none.' CODEC(ZSTD(1)),
  rename String COMMENT 'Name given later: wins over display_name where rename_ver > 0; empty = cleared.' CODEC(ZSTD(1)),
  ended_at DateTime64(6, 'UTC') COMMENT 'When the call ended; 1900-01-01 = still running.' CODEC(Delta, ZSTD(1)),
  exception String COMMENT 'Error text, possibly empty, where status is error; else there is none.' CODEC(ZSTD(1)),
  status Enum8('success' = 1, 'error' = 2, 'running' = 3, 'descendant_error' = 4) COMMENT 'Derived from exception, summary.status_counts and the end.',
  model LowCardinality(String) COMMENT 'First model of summary.usage; empty = none.',
  prompt_tokens UInt32 COMMENT 'Input tokens over all models of summary.usage.' CODEC(ZSTD(1)),
  completion_tokens UInt32 COMMENT 'Output tokens over all models of summary.usage.' CODEC(ZSTD(1)),
  size_bytes UInt32 COMMENT 'Bytes of attributes, inputs, output and summary.' CODEC(ZSTD(1)),
  user_id String COMMENT 'Who wrote it; empty = unknown.' CODEC(ZSTD(1)),
  run_id String COMMENT 'W&B run; empty = none.' CODEC(ZSTD(1)),
  run_step Int64 COMMENT 'Step of the run at the start; -1 = none.' CODEC(ZSTD(1)),
  run_step_end Int64 COMMENT 'Step of the run at the end; -1 = none.' CODEC(ZSTD(1)),
  input_refs Array(String) COMMENT 'Every ref in inputs.' CODEC(ZSTD(1)),
  output_refs Array(String) COMMENT 'Every ref in output.' CODEC(ZSTD(1)),
  attributes String COMMENT 'JSON object as it was sent.' CODEC(ZSTD(1)),
  inputs String COMMENT 'JSON object as it was sent.' CODEC(ZSTD(1)),
  output String COMMENT 'JSON value as it was sent; empty while it runs.' CODEC(ZSTD(1)),
  summary String COMMENT 'JSON object as it was sent; empty while it runs.' CODEC(ZSTD(1)),
  otel_dump String COMMENT 'JSON of the OTLP span it was made of; empty = none.' CODEC(ZSTD(1)),
  stored_at DateTime DEFAULT now() COMMENT 'When the row was stored: one whose start never comes goes 30 days later.' CODEC(Delta, ZSTD(1)),
  INDEX id_range id TYPE minmax GRANULARITY 1,
  INDEX id_bloom id TYPE bloom_filter(0.01) GRANULARITY 1,
  INDEX trace_bloom trace_id TYPE bloom_filter(0.01) GRANULARITY 1,
  INDEX parent_bloom parent_id TYPE bloom_filter(0.01) GRANULARITY 1,
  INDEX thread_bloom thread_id TYPE bloom_filter(0.01) GRANULARITY 1,
  INDEX op_bloom op_name TYPE bloom_filter(0.01) GRANULARITY 1,
  INDEX stored_range stored_at TYPE minmax GRANULARITY 8
) ENGINE = ReplacingMergeTree(ver)
PARTITION BY toYYYYMM(started_at)
PRIMARY KEY (project_id, started_at, id)
ORDER BY (project_id, started_at, id, span_trace_id)
TTL if(started_at > '1900-01-01', toDateTime('2100-01-01 00:00:00', 'UTC'), stored_at + INTERVAL 30 DAY)
SETTINGS index_granularity = 512, fsync_after_insert = 1, fsync_part_directory = 1
COMMENT 'One row is everything known of one call';

CREATE TABLE IF NOT EXISTS weft.calls_superseded (
  project_id String COMMENT 'entity/project.',
  ver UInt128 COMMENT 'Row of calls that a newer row replaces.',
  id String COMMENT 'The call.',
  started_at DateTime64(6, 'UTC') COMMENT 'Key of the replaced row.',
  at DateTime64(6, 'UTC') COMMENT 'When the newer row was stored.'
) ENGINE = ReplacingMergeTree(at)
ORDER BY (project_id, ver)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1
COMMENT 'Rows of calls that reads leave out until they are swept away';

CREATE TABLE IF NOT EXISTS weft.call_deletes (
  project_id String COMMENT 'entity/project.',
  id String COMMENT 'The deleted call; spans of several traces that share the id are deleted together.',
  deleted_at DateTime64(6, 'UTC') COMMENT 'When it was deleted; it stays deleted whatever comes later.'
) ENGINE = ReplacingMergeTree(deleted_at)
ORDER BY (project_id, id)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1
COMMENT 'Tombstones of calls';

INSERT INTO weft.migrations (number, name) SELECT 1, 'calls';

CREATE TABLE IF NOT EXISTS weft.object_versions (
  project_id String COMMENT 'entity/project.',
  object_id String COMMENT 'Name of the object.',
  kind Enum8('object' = 1, 'op' = 2) COMMENT 'Ops are objects of their own kind.',
  digest String COMMENT 'Hash of the value: names the version.',
  first_created_at SimpleAggregateFunction(min, DateTime64(6, 'UTC')) COMMENT 'First publication: numbers the version; 2299-12-31 = only its deletion is known.',
  last_created_at SimpleAggregateFunction(max, DateTime64(6, 'UTC')) COMMENT 'Last publication: the newest is the latest version; 1900-01-01 = only its deletion is known.',
  deleted_at SimpleAggregateFunction(max, DateTime64(6, 'UTC')) COMMENT 'Last deletion, 1900-01-01 = none; a later publication revives the version.',
  base_object_class SimpleAggregateFunction(max, String) COMMENT 'Class below Object in its bases; empty = none.',
  leaf_object_class SimpleAggregateFunction(max, String) COMMENT 'Its own class; empty = none.',
  val SimpleAggregateFunction(max, String) COMMENT 'JSON value; the digest stands for it, so all copies are the same.' CODEC(ZSTD(1)),
  refs SimpleAggregateFunction(max, Array(String)) COMMENT 'Every ref in the value.',
  user_id SimpleAggregateFunction(max, String) COMMENT 'Who published it; empty = unknown.'
) ENGINE = AggregatingMergeTree
ORDER BY (project_id, object_id, kind, digest)
SETTINGS index_granularity = 256, fsync_after_insert = 1, fsync_part_directory = 1
COMMENT 'Versions of objects; rows of one version add up to the same whatever their order and number';

CREATE TABLE IF NOT EXISTS weft.tables (
  project_id String COMMENT 'entity/project.',
  digest String COMMENT 'Hash over the row digests.',
  row_digests Array(String) COMMENT 'Rows in table order.' CODEC(ZSTD(1)),
  created_at DateTime64(6, 'UTC') COMMENT 'When it was published.'
) ENGINE = ReplacingMergeTree(created_at)
ORDER BY (project_id, digest)
SETTINGS index_granularity = 256, fsync_after_insert = 1, fsync_part_directory = 1
COMMENT 'Tables: ordered lists of rows';

CREATE TABLE IF NOT EXISTS weft.table_rows (
  project_id String COMMENT 'entity/project.',
  digest String COMMENT 'Hash of the row.',
  val String COMMENT 'JSON object.' CODEC(ZSTD(1)),
  created_at DateTime64(6, 'UTC') COMMENT 'When it was published.'
) ENGINE = ReplacingMergeTree(created_at)
ORDER BY (project_id, digest)
SETTINGS index_granularity = 512, fsync_after_insert = 1, fsync_part_directory = 1
COMMENT 'Rows of tables, each stored once per project';

CREATE TABLE IF NOT EXISTS weft.files (
  project_id String COMMENT 'entity/project.',
  digest String COMMENT 'Hash of the bytes.',
  chunk_index UInt32 COMMENT 'Place of the chunk, from 0.',
  chunk_count UInt32 COMMENT 'Chunks of the file: it is readable when all are there.',
  name String COMMENT 'File name as it was sent.',
  bytes String COMMENT 'At most 1 MiB.' CODEC(ZSTD(1)),
  created_at DateTime64(6, 'UTC') COMMENT 'When it was sent.'
) ENGINE = ReplacingMergeTree(created_at)
ORDER BY (project_id, digest, chunk_index)
SETTINGS index_granularity = 64, fsync_after_insert = 1, fsync_part_directory = 1
COMMENT 'Bytes of files in chunks';

CREATE TABLE IF NOT EXISTS weft.feedback (
  project_id String COMMENT 'entity/project.',
  weave_ref String COMMENT 'What it is about: a call or object ref.',
  id String COMMENT 'The feedback.',
  feedback_type String COMMENT 'wandb.* or free.',
  user_id String COMMENT 'Who gave it.',
  creator String COMMENT 'Name to show; empty = none.',
  created_at DateTime64(6, 'UTC') COMMENT 'When it was given.',
  payload String COMMENT 'JSON object.' CODEC(ZSTD(1)),
  annotation_ref String COMMENT 'Annotation spec; empty = none.',
  runnable_ref String COMMENT 'Scorer or op that made it; empty = none.',
  call_ref String COMMENT 'Call of that scorer or op; empty = none.',
  trigger_ref String COMMENT 'Monitor that asked for it; empty = none.'
) ENGINE = ReplacingMergeTree(created_at)
ORDER BY (project_id, weave_ref, id)
SETTINGS index_granularity = 512, fsync_after_insert = 1, fsync_part_directory = 1
COMMENT 'Feedback on calls and objects';

INSERT INTO weft.migrations (number, name) SELECT 2, 'objects';

CREATE TABLE IF NOT EXISTS weft.table_chunks (
  project_id String COMMENT 'entity/project.',
  digest String COMMENT 'Hash over the row digests.',
  row_digests Array(String) COMMENT 'Rows in table order, at most 2048.' CODEC(ZSTD(1)),
  created_at DateTime64(6, 'UTC') COMMENT 'When a table with it was published.'
) ENGINE = ReplacingMergeTree(created_at)
ORDER BY (project_id, digest)
SETTINGS index_granularity = 4, fsync_after_insert = 1, fsync_part_directory = 1
COMMENT 'Pieces of the order of long tables, shared by the versions of a table';

CREATE TABLE IF NOT EXISTS weft.table_row_values (
  project_id String COMMENT 'entity/project.',
  digest String COMMENT 'Hash of the row.',
  val String COMMENT 'JSON object.' CODEC(ZSTD(1)),
  size_bytes UInt32 COMMENT 'Length of val.',
  created_at DateTime64(6, 'UTC') COMMENT 'When it was published.'
) ENGINE = ReplacingMergeTree(created_at)
ORDER BY (project_id, digest)
SETTINGS index_granularity = 512, index_granularity_bytes = 131072, fsync_after_insert = 1, fsync_part_directory = 1
COMMENT 'Rows of tables, each stored once per project; rows from before are in table_rows';

ALTER TABLE weft.tables
  ADD COLUMN IF NOT EXISTS chunk_digests Array(String) COMMENT 'Pieces of the order in table_chunks; empty = row_digests has it.' CODEC(ZSTD(1)),
  ADD COLUMN IF NOT EXISTS chunk_sizes Array(UInt32) COMMENT 'Rows of each of them.' CODEC(ZSTD(1));

INSERT INTO weft.migrations (number, name) SELECT 3, 'tables';

CREATE TABLE IF NOT EXISTS weft.object_tags (
  project_id String COMMENT 'entity/project.',
  object_id String COMMENT 'Name of the object.',
  digest String COMMENT 'The version.',
  tag String COMMENT 'The tag.',
  ver UInt128 COMMENT 'When it was set or removed, then which of both.' CODEC(ZSTD(1)),
  state Enum8('removed' = 0, 'set' = 1) COMMENT 'What was done.',
  set_at DateTime64(6, 'UTC') COMMENT 'When it was done.',
  user_id String COMMENT 'Who did it; empty = unknown.'
) ENGINE = ReplacingMergeTree(ver)
ORDER BY (project_id, object_id, digest, tag)
SETTINGS index_granularity = 512, fsync_after_insert = 1, fsync_part_directory = 1
COMMENT 'Tags of object versions; the row with the greatest ver counts';

CREATE TABLE IF NOT EXISTS weft.object_aliases (
  project_id String COMMENT 'entity/project.',
  object_id String COMMENT 'Name of the object.',
  alias String COMMENT 'The alias; latest is never one.',
  ver UInt128 COMMENT 'When it was set or removed, then where it leads.' CODEC(ZSTD(1)),
  digest String COMMENT 'The version it leads to; empty = removed.',
  set_at DateTime64(6, 'UTC') COMMENT 'When it was done.',
  user_id String COMMENT 'Who did it; empty = unknown.'
) ENGINE = ReplacingMergeTree(ver)
ORDER BY (project_id, object_id, alias)
SETTINGS index_granularity = 512, fsync_after_insert = 1, fsync_part_directory = 1
COMMENT 'Aliases of objects, each of which leads to one version; the row with the greatest ver counts';

INSERT INTO weft.migrations (number, name) SELECT 4, 'labels';

CREATE TABLE IF NOT EXISTS weft.prices (
  project_id String COMMENT 'entity/project.',
  id String COMMENT 'The price.',
  llm_id String COMMENT 'Model, as calls name it.',
  provider_id String COMMENT 'Who runs the model.',
  effective_date DateTime64(6, 'UTC') COMMENT 'From when on it counts.',
  prompt_token_cost Float64 COMMENT 'Of one token sent.',
  completion_token_cost Float64 COMMENT 'Of one token received.',
  cache_read_input_token_cost Float64 COMMENT 'Of one token sent that came from a cache.',
  cache_creation_input_token_cost Float64 COMMENT 'Of one token sent that was put into a cache.',
  prompt_token_cost_unit String COMMENT 'Currency of what is sent.',
  completion_token_cost_unit String COMMENT 'Currency of what is received.',
  created_by String COMMENT 'Who set it; empty = unknown.',
  created_at DateTime64(6, 'UTC') COMMENT 'When it was set.'
) ENGINE = ReplacingMergeTree(created_at)
ORDER BY (project_id, id)
SETTINGS index_granularity = 512, fsync_after_insert = 1, fsync_part_directory = 1
COMMENT 'Prices that projects have set';

CREATE TABLE IF NOT EXISTS weft.price_purges (
  project_id String COMMENT 'entity/project.',
  id String COMMENT 'The price.',
  purged_at DateTime64(6, 'UTC') COMMENT 'When it was purged.'
) ENGINE = ReplacingMergeTree(purged_at)
ORDER BY (project_id, id)
SETTINGS index_granularity = 512, fsync_after_insert = 1, fsync_part_directory = 1
COMMENT 'Prices that are gone for good, also when they are sent again';

INSERT INTO weft.migrations (number, name) SELECT 5, 'prices';

CREATE TABLE IF NOT EXISTS weft.feedback_purges (
  project_id String COMMENT 'entity/project.',
  id String COMMENT 'The feedback.',
  purged_at DateTime64(6, 'UTC') COMMENT 'When it was purged.'
) ENGINE = ReplacingMergeTree(purged_at)
ORDER BY (project_id, id)
SETTINGS index_granularity = 512, fsync_after_insert = 1, fsync_part_directory = 1
COMMENT 'Feedback that is gone for good, also when it is sent again';

ALTER TABLE weft.feedback
  ADD COLUMN IF NOT EXISTS queue_id String COMMENT 'Annotation queue it was given in; empty = none.',
  ADD COLUMN IF NOT EXISTS scorer_tags Array(String) COMMENT 'Tags that a scorer or a human gave.',
  ADD COLUMN IF NOT EXISTS scorer_tag_reasons Map(String, String) COMMENT 'By tag.',
  ADD COLUMN IF NOT EXISTS scorer_tag_confidences Map(String, Float64) COMMENT 'By tag, 0 to 1.',
  ADD COLUMN IF NOT EXISTS scorer_ratings Map(String, Float64) COMMENT 'By name of the rating.',
  ADD COLUMN IF NOT EXISTS scorer_rating_reasons Map(String, String) COMMENT 'By name of the rating.',
  ADD COLUMN IF NOT EXISTS scorer_rating_confidences Map(String, Float64) COMMENT 'By name of the rating, 0 to 1.',
  ADD COLUMN IF NOT EXISTS scorer_trace_id String COMMENT 'Trace of the scorer\'s own run; empty = unknown.',
  ADD COLUMN IF NOT EXISTS span_agent_name String COMMENT 'Agent that was scored; empty = unknown.',
  ADD COLUMN IF NOT EXISTS span_agent_version String COMMENT 'Its version; empty = unknown.',
  ADD COLUMN IF NOT EXISTS span_status_code String DEFAULT 'UNSET' COMMENT 'Status of the turn that was scored; UNSET = unknown.',
  ADD COLUMN IF NOT EXISTS span_conversation_id String COMMENT 'Conversation that was scored; empty = unknown.',
  ADD COLUMN IF NOT EXISTS span_trace_id String COMMENT 'Turn that was scored; empty = unknown.';

INSERT INTO weft.migrations (number, name) SELECT 6, 'feedback';

CREATE TABLE IF NOT EXISTS weft.annotation_queues (
  project_id String COMMENT 'entity/project.',
  id String COMMENT 'The queue.',
  ver UInt128 COMMENT 'When it was saved, then a hash of what was saved: the highest row counts.',
  name String COMMENT 'Name to show; need not be unique.',
  description String COMMENT 'Text to show.',
  scorer_refs Array(String) COMMENT 'What annotators fill in.',
  created_by String COMMENT 'Who made it; empty = unknown.',
  created_at DateTime64(6, 'UTC') COMMENT 'When it was made.',
  updated_at DateTime64(6, 'UTC') COMMENT 'When it was last changed.',
  deleted_at DateTime64(6, 'UTC') COMMENT 'When it was deleted; 1900-01-01 = it is not.'
) ENGINE = ReplacingMergeTree(ver)
ORDER BY (project_id, id)
SETTINGS index_granularity = 256, fsync_after_insert = 1, fsync_part_directory = 1
COMMENT 'Lists of calls for people to annotate';

CREATE TABLE IF NOT EXISTS weft.annotation_queue_items (
  project_id String COMMENT 'entity/project.',
  queue_id String COMMENT 'The queue.',
  id String COMMENT 'The item; the same for the same call in the same queue.',
  ver UInt128 COMMENT 'When it was saved, then a hash of what was saved: the highest row counts.',
  call_id String COMMENT 'The call.',
  call_op_name String COMMENT 'Its op.',
  call_trace_id String COMMENT 'Its trace.',
  call_started_at DateTime64(6, 'UTC') COMMENT 'When it began.',
  call_ended_at DateTime64(6, 'UTC') COMMENT 'When it ended; 1900-01-01 = it was running.',
  display_fields Array(String) COMMENT 'JSON paths that annotators are shown.',
  added_by String COMMENT 'Who added it; empty = unknown.',
  created_at DateTime64(6, 'UTC') COMMENT 'When it was added.'
) ENGINE = ReplacingMergeTree(ver)
ORDER BY (project_id, queue_id, id)
SETTINGS index_granularity = 512, fsync_after_insert = 1, fsync_part_directory = 1
COMMENT 'Calls in annotation queues, with what lists show of them as it was when they were added';

CREATE TABLE IF NOT EXISTS weft.annotation_progress (
  project_id String COMMENT 'entity/project.',
  queue_id String COMMENT 'The queue.',
  item_id String COMMENT 'The item.',
  annotator String COMMENT 'User; empty = unknown.',
  ver UInt128 COMMENT 'When it was saved, then a hash of what was saved: the highest row counts.',
  state Enum8('in_progress' = 1, 'completed' = 2, 'skipped' = 3) COMMENT 'Without a row nobody has begun.',
  updated_at DateTime64(6, 'UTC') COMMENT 'When it came to this.'
) ENGINE = ReplacingMergeTree(ver)
ORDER BY (project_id, queue_id, item_id, annotator)
SETTINGS index_granularity = 512, fsync_after_insert = 1, fsync_part_directory = 1
COMMENT 'How far annotators are with items';

INSERT INTO weft.migrations (number, name) SELECT 7, 'annotation queues';

ALTER TABLE weft.calls
  ADD COLUMN IF NOT EXISTS total_tokens UInt32 DEFAULT toUInt32(least(4294967295, arraySum(m -> if(JSONExtractUInt(m.2, 'total_tokens') > 0, JSONExtractUInt(m.2, 'total_tokens'), greatest(JSONExtractUInt(m.2, 'prompt_tokens'), JSONExtractUInt(m.2, 'input_tokens'), JSONExtractUInt(m.2, 'gross_input_tokens')) + greatest(JSONExtractUInt(m.2, 'completion_tokens'), JSONExtractUInt(m.2, 'output_tokens'))), JSONExtractKeysAndValuesRaw(summary, 'usage')))) COMMENT 'Over all models of summary.usage, where it is not given prompt and completion tokens.' CODEC(ZSTD(1)),
  ADD COLUMN IF NOT EXISTS cache_read_tokens UInt32 DEFAULT toUInt32(least(4294967295, arraySum(m -> JSONExtractUInt(m.2, 'cache_read_input_tokens'), JSONExtractKeysAndValuesRaw(summary, 'usage')))) COMMENT 'Input tokens over all models that came from a cache.' CODEC(ZSTD(1)),
  ADD COLUMN IF NOT EXISTS cache_creation_tokens UInt32 DEFAULT toUInt32(least(4294967295, arraySum(m -> JSONExtractUInt(m.2, 'cache_creation_input_tokens'), JSONExtractKeysAndValuesRaw(summary, 'usage')))) COMMENT 'Input tokens over all models that were put into a cache.' CODEC(ZSTD(1)),
  ADD COLUMN IF NOT EXISTS usage_models Array(String) DEFAULT if(length(JSONExtractKeys(summary, 'usage')) > 1, JSONExtractKeys(summary, 'usage'), []) COMMENT 'Models of summary.usage where there are several; else model has it.' CODEC(ZSTD(1)),
  ADD COLUMN IF NOT EXISTS usage_counts Array(UInt32) DEFAULT if(length(JSONExtractKeys(summary, 'usage')) > 1, arrayFlatten(arrayMap(m -> [toUInt32(least(4294967295, greatest(JSONExtractUInt(m.2, 'prompt_tokens'), JSONExtractUInt(m.2, 'input_tokens'), JSONExtractUInt(m.2, 'gross_input_tokens')))), toUInt32(least(4294967295, greatest(JSONExtractUInt(m.2, 'completion_tokens'), JSONExtractUInt(m.2, 'output_tokens')))), toUInt32(least(4294967295, if(JSONExtractUInt(m.2, 'total_tokens') > 0, JSONExtractUInt(m.2, 'total_tokens'), greatest(JSONExtractUInt(m.2, 'prompt_tokens'), JSONExtractUInt(m.2, 'input_tokens'), JSONExtractUInt(m.2, 'gross_input_tokens')) + greatest(JSONExtractUInt(m.2, 'completion_tokens'), JSONExtractUInt(m.2, 'output_tokens'))))), toUInt32(least(4294967295, JSONExtractUInt(m.2, 'cache_read_input_tokens'))), toUInt32(least(4294967295, JSONExtractUInt(m.2, 'cache_creation_input_tokens')))], JSONExtractKeysAndValuesRaw(summary, 'usage'))), []) COMMENT 'Prompt, completion, total, cache read and cache creation tokens of each of usage_models.' CODEC(ZSTD(1));

INSERT INTO weft.migrations (number, name) SELECT 8, 'usage';

ALTER TABLE weft.calls
  ADD COLUMN IF NOT EXISTS odd UInt8 DEFAULT 15 COMMENT 'Payloads that spell letters or digits as escapes, so that their raw text is not searched: 1 attributes, 2 inputs, 4 output, 8 summary. All = nobody looked.' CODEC(ZSTD(1)),
  ADD INDEX IF NOT EXISTS inputs_words lower(inputs) TYPE text(tokenizer = splitByNonAlpha),
  ADD INDEX IF NOT EXISTS output_words lower(output) TYPE text(tokenizer = splitByNonAlpha),
  ADD INDEX IF NOT EXISTS ended_range ended_at TYPE minmax GRANULARITY 1,
  ADD INDEX IF NOT EXISTS odd_range odd TYPE minmax GRANULARITY 8;

INSERT INTO weft.migrations (number, name) SELECT 9, 'search';

ALTER TABLE weft.calls
  MODIFY SETTING deduplicate_merge_projection_mode = 'rebuild', lightweight_mutation_projection_mode = 'rebuild';

ALTER TABLE weft.calls
  ADD PROJECTION IF NOT EXISTS usage_sums (SELECT project_id, intDiv(toUnixTimestamp64Micro(started_at), 3600000000), (parent_id = '') OR (span_trace_id != ''), model, usage_models, count(), sum(prompt_tokens), sum(completion_tokens), sum(cache_read_tokens), sum(cache_creation_tokens), sumIf(cache_read_tokens + cache_creation_tokens, (cache_read_tokens + cache_creation_tokens) <= prompt_tokens), sumForEach(usage_counts), sumForEach(arrayMap(n -> if((usage_counts[((n - 1) * 5) + 4] + usage_counts[((n - 1) * 5) + 5]) <= usage_counts[((n - 1) * 5) + 1], usage_counts[((n - 1) * 5) + 4] + usage_counts[((n - 1) * 5) + 5], 0), arrayEnumerate(usage_models))) GROUP BY project_id, intDiv(toUnixTimestamp64Micro(started_at), 3600000000), (parent_id = '') OR (span_trace_id != ''), model, usage_models);

INSERT INTO weft.migrations (number, name) SELECT 10, 'usage sums';

ALTER TABLE weft.calls
  ADD COLUMN IF NOT EXISTS log_hashes Array(UInt64) COMMENT 'Hashes of the log records of its span, lowest first. They count in ver.' CODEC(ZSTD(1)),
  ADD COLUMN IF NOT EXISTS otel_logs Array(String) COMMENT 'JSON of each of these records.' CODEC(ZSTD(1)),
  ADD COLUMN IF NOT EXISTS content_from_logs UInt8 COMMENT 'What is made of the log records, because the span itself says {}: 1 inputs, 2 output.' CODEC(ZSTD(1));

INSERT INTO weft.migrations (number, name) SELECT 11, 'span logs';

ALTER TABLE weft.calls
  ADD COLUMN IF NOT EXISTS otel_scope LowCardinality(String) DEFAULT JSONExtractString(otel_dump, 'scope', 'name') COMMENT 'Instrumentation scope of the OTLP span it was made of; empty = not made of a span, or the span has none.',
  ADD COLUMN IF NOT EXISTS otel_scope_version LowCardinality(String) DEFAULT JSONExtractString(otel_dump, 'scope', 'version') COMMENT 'Version of the instrumentation scope; empty = none.',
  ADD COLUMN IF NOT EXISTS otel_facts UInt8 DEFAULT if(span_trace_id = '', 0, 1 + 2 * (length(inputs) > 2) + 4 * ((length(output) > 2) AND (output != 'null')) + 8 * ((prompt_tokens + completion_tokens + total_tokens) > 0) + 16 * (JSONExtractString(attributes, 'model') != '') + 32 * if(lower(JSONExtractString(attributes, 'kind')) = '', (JSONExtractString(attributes, 'model') != ''), lower(JSONExtractString(attributes, 'kind')) IN ('llm', 'generation', 'chat_model', 'chat', 'completion', 'text_completion'))) COMMENT 'What is known of the OTLP span it was made of: 1 it is made of one, 2 inputs, 4 output, 8 tokens used, 16 the model, 32 that it is a call of a language model.' CODEC(ZSTD(1));

INSERT INTO weft.migrations (number, name) SELECT 12, 'otel scopes';

ALTER TABLE weft.calls
  ADD COLUMN IF NOT EXISTS may_repeat_usage UInt8 COMMENT '1 = made of a span that has usage and is not known to be one request to a model.' CODEC(ZSTD(1)),
  ADD INDEX IF NOT EXISTS may_repeat_usage_idx may_repeat_usage TYPE minmax GRANULARITY 16;

INSERT INTO weft.migrations (number, name) SELECT 13, 'containers';

ALTER TABLE weft.calls
  ADD COLUMN IF NOT EXISTS claimed Array(String) COMMENT 'Payloads that are heads here and whole as blobs: <column> <bytes> <digest> <store> of each.' CODEC(ZSTD(1)),
  ADD INDEX IF NOT EXISTS claimed_idx length(claimed) TYPE minmax GRANULARITY 16;

ALTER TABLE weft.files
  ADD COLUMN IF NOT EXISTS uri String COMMENT 'The store that has the bytes; empty = they are here, in chunks.' CODEC(ZSTD(1)),
  ADD COLUMN IF NOT EXISTS size_bytes UInt64 COMMENT 'Of the whole file where its bytes are a blob.' CODEC(ZSTD(1));

INSERT INTO weft.migrations (number, name) SELECT 14, 'blobs';
