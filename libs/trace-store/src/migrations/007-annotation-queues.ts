import type { TableDefinition } from './table.ts';

const VERSION =
  "ver UInt128 COMMENT 'When it was saved, then a hash of what was saved: the highest row counts.'";

/** Annotation queues: each row is the whole thing as it was last saved. */
export const annotationQueues: readonly TableDefinition[] = [
  {
    name: 'annotation_queues',
    comment: 'Lists of calls for people to annotate',
    columns: `
      project_id String COMMENT 'entity/project.',
      id String COMMENT 'The queue.',
      ${VERSION},
      name String COMMENT 'Name to show; need not be unique.',
      description String COMMENT 'Text to show.',
      scorer_refs Array(String) COMMENT 'What annotators fill in.',
      created_by String COMMENT 'Who made it; empty = unknown.',
      created_at DateTime64(6, 'UTC') COMMENT 'When it was made.',
      updated_at DateTime64(6, 'UTC') COMMENT 'When it was last changed.',
      deleted_at DateTime64(6, 'UTC') COMMENT 'When it was deleted; 1900-01-01 = it is not.'`,
    engine: 'ReplacingMergeTree',
    version: 'ver',
    keys: 'ORDER BY (project_id, id)',
    indexGranularity: 256,
  },
  {
    name: 'annotation_queue_items',
    comment: 'Calls in annotation queues, with what lists show of them as it was when they were added',
    columns: `
      project_id String COMMENT 'entity/project.',
      queue_id String COMMENT 'The queue.',
      id String COMMENT 'The item; the same for the same call in the same queue.',
      ${VERSION},
      call_id String COMMENT 'The call.',
      call_op_name String COMMENT 'Its op.',
      call_trace_id String COMMENT 'Its trace.',
      call_started_at DateTime64(6, 'UTC') COMMENT 'When it began.',
      call_ended_at DateTime64(6, 'UTC') COMMENT 'When it ended; 1900-01-01 = it was running.',
      display_fields Array(String) COMMENT 'JSON paths that annotators are shown.',
      added_by String COMMENT 'Who added it; empty = unknown.',
      created_at DateTime64(6, 'UTC') COMMENT 'When it was added.'`,
    engine: 'ReplacingMergeTree',
    version: 'ver',
    keys: 'ORDER BY (project_id, queue_id, id)',
    indexGranularity: 512,
  },
  {
    name: 'annotation_progress',
    comment: 'How far annotators are with items',
    columns: `
      project_id String COMMENT 'entity/project.',
      queue_id String COMMENT 'The queue.',
      item_id String COMMENT 'The item.',
      annotator String COMMENT 'User; empty = unknown.',
      ${VERSION},
      state Enum8('in_progress' = 1, 'completed' = 2, 'skipped' = 3) COMMENT 'Without a row nobody has begun.',
      updated_at DateTime64(6, 'UTC') COMMENT 'When it came to this.'`,
    engine: 'ReplacingMergeTree',
    version: 'ver',
    keys: 'ORDER BY (project_id, queue_id, item_id, annotator)',
    indexGranularity: 512,
  },
];
