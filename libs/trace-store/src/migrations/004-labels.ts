import type { TableDefinition } from './table.ts';

/** Tags and aliases of objects. What is set before its version was last deleted is gone (objects/labels.ts). */
export const labels: readonly TableDefinition[] = [
  {
    name: 'object_tags',
    comment: 'Tags of object versions; the row with the greatest ver counts',
    columns: `
      project_id String COMMENT 'entity/project.',
      object_id String COMMENT 'Name of the object.',
      digest String COMMENT 'The version.',
      tag String COMMENT 'The tag.',
      ver UInt128 COMMENT 'When it was set or removed, then which of both.' CODEC(ZSTD(1)),
      state Enum8('removed' = 0, 'set' = 1) COMMENT 'What was done.',
      set_at DateTime64(6, 'UTC') COMMENT 'When it was done.',
      user_id String COMMENT 'Who did it; empty = unknown.'`,
    engine: 'ReplacingMergeTree',
    version: 'ver',
    keys: 'ORDER BY (project_id, object_id, digest, tag)',
    indexGranularity: 512,
  },
  {
    name: 'object_aliases',
    comment: 'Aliases of objects, each of which leads to one version; the row with the greatest ver counts',
    columns: `
      project_id String COMMENT 'entity/project.',
      object_id String COMMENT 'Name of the object.',
      alias String COMMENT 'The alias; latest is never one.',
      ver UInt128 COMMENT 'When it was set or removed, then where it leads.' CODEC(ZSTD(1)),
      digest String COMMENT 'The version it leads to; empty = removed.',
      set_at DateTime64(6, 'UTC') COMMENT 'When it was done.',
      user_id String COMMENT 'Who did it; empty = unknown.'`,
    engine: 'ReplacingMergeTree',
    version: 'ver',
    keys: 'ORDER BY (project_id, object_id, alias)',
    indexGranularity: 512,
  },
];
