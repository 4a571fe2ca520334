/** Calls, the marks of their superseded rows, and their tombstones. */
export const calls = [
  `CREATE TABLE IF NOT EXISTS calls (
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
    INDEX op_bloom op_name TYPE bloom_filter(0.01) GRANULARITY 1
  ) ENGINE = ReplacingMergeTree(ver)
  PARTITION BY toYYYYMM(started_at)
  PRIMARY KEY (project_id, started_at, id)
  ORDER BY (project_id, started_at, id, span_trace_id)
  TTL if(started_at > '1900-01-01', toDateTime('2100-01-01 00:00:00', 'UTC'), stored_at + INTERVAL 30 DAY)
  SETTINGS index_granularity = 512, fsync_after_insert = 1, fsync_part_directory = 1
  COMMENT 'One row is everything known of one call'`,

  `CREATE TABLE IF NOT EXISTS calls_superseded (
    project_id String COMMENT 'entity/project.',
    ver UInt128 COMMENT 'Row of calls that a newer row replaces.',
    id String COMMENT 'The call.',
    started_at DateTime64(6, 'UTC') COMMENT 'Key of the replaced row.',
    at DateTime64(6, 'UTC') COMMENT 'When the newer row was stored.'
  ) ENGINE = ReplacingMergeTree(at)
  ORDER BY (project_id, ver)
  SETTINGS fsync_after_insert = 1, fsync_part_directory = 1
  COMMENT 'Rows of calls that reads leave out until they are swept away'`,

  `CREATE TABLE IF NOT EXISTS call_deletes (
    project_id String COMMENT 'entity/project.',
    id String COMMENT 'The deleted call; spans of several traces that share the id are deleted together.',
    deleted_at DateTime64(6, 'UTC') COMMENT 'When it was deleted; it stays deleted whatever comes later.'
  ) ENGINE = ReplacingMergeTree(deleted_at)
  ORDER BY (project_id, id)
  SETTINGS fsync_after_insert = 1, fsync_part_directory = 1
  COMMENT 'Tombstones of calls'`,
];
