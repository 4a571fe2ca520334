/** Objects, tables, files and feedback. */
export const objects = [
  `CREATE TABLE IF NOT EXISTS object_versions (
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
  COMMENT 'Versions of objects; rows of one version add up to the same whatever their order and number'`,

  `CREATE TABLE IF NOT EXISTS tables (
    project_id String COMMENT 'entity/project.',
    digest String COMMENT 'Hash over the row digests.',
    row_digests Array(String) COMMENT 'Rows in table order.' CODEC(ZSTD(1)),
    created_at DateTime64(6, 'UTC') COMMENT 'When it was published.'
  ) ENGINE = ReplacingMergeTree(created_at)
  ORDER BY (project_id, digest)
  SETTINGS index_granularity = 256, fsync_after_insert = 1, fsync_part_directory = 1
  COMMENT 'Tables: ordered lists of rows'`,

  `CREATE TABLE IF NOT EXISTS table_rows (
    project_id String COMMENT 'entity/project.',
    digest String COMMENT 'Hash of the row.',
    val String COMMENT 'JSON object.' CODEC(ZSTD(1)),
    created_at DateTime64(6, 'UTC') COMMENT 'When it was published.'
  ) ENGINE = ReplacingMergeTree(created_at)
  ORDER BY (project_id, digest)
  SETTINGS index_granularity = 512, fsync_after_insert = 1, fsync_part_directory = 1
  COMMENT 'Rows of tables, each stored once per project'`,

  `CREATE TABLE IF NOT EXISTS files (
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
  COMMENT 'Bytes of files in chunks'`,

  `CREATE TABLE IF NOT EXISTS feedback (
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
  COMMENT 'Feedback on calls and objects'`,
];
