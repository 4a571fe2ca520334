import type { TableChange } from './table.ts';

/** Log records of the spans that calls are made of, which come apart from their span. */
export const spanLogs: readonly TableChange[] = [
  {
    table: 'calls',
    addColumns: [
      "log_hashes Array(UInt64) COMMENT 'Hashes of the log records of its span, lowest first. They count in ver.' CODEC(ZSTD(1))",
      "otel_logs Array(String) COMMENT 'JSON of each of these records.' CODEC(ZSTD(1))",
      "content_from_logs UInt8 COMMENT 'What is made of the log records, because the span itself says {}: 1 inputs, 2 output.' CODEC(ZSTD(1))",
    ],
  },
];
