import type { TableChange } from './table.ts';

/** Finding calls by what is in their payloads (ADR 009), and the few that run without a look at all the others. */
export const search: readonly TableChange[] = [
  {
    table: 'calls',
    addColumns: [
      "odd UInt8 DEFAULT 15 COMMENT 'Payloads that spell letters or digits as escapes, so that their raw text is not searched: 1 attributes, 2 inputs, 4 output, 8 summary. All = nobody looked.' CODEC(ZSTD(1))",
    ],
    addIndexes: [
      // Built by merges only (see INSERT_SETTINGS): what was just inserted is looked through.
      'inputs_words lower(inputs) TYPE text(tokenizer = splitByNonAlpha)',
      'output_words lower(output) TYPE text(tokenizer = splitByNonAlpha)',
      'ended_range ended_at TYPE minmax GRANULARITY 1',
      'odd_range odd TYPE minmax GRANULARITY 8',
    ],
  },
];
