import type { TableChange } from './table.ts';

/** Where to look for spans that tell again what spans below them used (calls/containers.ts). */
export const containers: readonly TableChange[] = [
  {
    table: 'calls',
    addColumns: [
      `may_repeat_usage UInt8 COMMENT '1 = made of a span that has usage and is not known to be one request to a model.' CODEC(ZSTD(1))`,
    ],
    addIndexes: ['may_repeat_usage_idx may_repeat_usage TYPE minmax GRANULARITY 16'],
  },
];
