import type { TableChange, TableDefinition } from './table.ts';

/** Purges, and what scorers and annotation queues say in feedback. */
export const feedbackPurges: readonly TableDefinition[] = [
  {
    name: 'feedback_purges',
    comment: 'Feedback that is gone for good, also when it is sent again',
    columns: `
      project_id String COMMENT 'entity/project.',
      id String COMMENT 'The feedback.',
      purged_at DateTime64(6, 'UTC') COMMENT 'When it was purged.'`,
    engine: 'ReplacingMergeTree',
    version: 'purged_at',
    keys: 'ORDER BY (project_id, id)',
    indexGranularity: 512,
  },
];

/** Columns and not one JSON text: they are filtered, sorted, counted and averaged, and cost nothing where they are empty. */
export const feedbackColumns: readonly TableChange[] = [
  {
    table: 'feedback',
    addColumns: [
      "queue_id String COMMENT 'Annotation queue it was given in; empty = none.'",
      "scorer_tags Array(String) COMMENT 'Tags that a scorer or a human gave.'",
      "scorer_tag_reasons Map(String, String) COMMENT 'By tag.'",
      "scorer_tag_confidences Map(String, Float64) COMMENT 'By tag, 0 to 1.'",
      "scorer_ratings Map(String, Float64) COMMENT 'By name of the rating.'",
      "scorer_rating_reasons Map(String, String) COMMENT 'By name of the rating.'",
      "scorer_rating_confidences Map(String, Float64) COMMENT 'By name of the rating, 0 to 1.'",
      "scorer_trace_id String COMMENT 'Trace of the scorer\\'s own run; empty = unknown.'",
      "span_agent_name String COMMENT 'Agent that was scored; empty = unknown.'",
      "span_agent_version String COMMENT 'Its version; empty = unknown.'",
      "span_status_code String DEFAULT 'UNSET' COMMENT 'Status of the turn that was scored; UNSET = unknown.'",
      "span_conversation_id String COMMENT 'Conversation that was scored; empty = unknown.'",
      "span_trace_id String COMMENT 'Turn that was scored; empty = unknown.'",
    ],
  },
];
