import type { TableChange } from './table.ts';

const text = (json: string, name: string) => `JSONExtractString(${json}, '${name}')`;
const kind = `lower(${text('attributes', 'kind')})`;
const model = `(${text('attributes', 'model')} != '')`;
const isLlm = `if(${kind} = '', ${model}, ${kind} IN ('llm', 'generation', 'chat_model', 'chat', 'completion', 'text_completion'))`;
const usage = '((prompt_tokens + completion_tokens + total_tokens) > 0)';
const bits = [
  '1',
  '2 * (length(inputs) > 2)',
  "4 * ((length(output) > 2) AND (output != 'null'))",
  `8 * ${usage}`,
  `16 * ${model}`,
  `32 * ${isLlm}`,
].join(' + ');

/** Which instrumentations the spans are from, and what was found in them: `GET /otel/coverage`. */
export const otelScopes: readonly TableChange[] = [
  {
    table: 'calls',
    addColumns: [
      `otel_scope LowCardinality(String) DEFAULT JSONExtractString(otel_dump, 'scope', 'name') COMMENT 'Instrumentation scope of the OTLP span it was made of; empty = not made of a span, or the span has none.'`,
      `otel_scope_version LowCardinality(String) DEFAULT JSONExtractString(otel_dump, 'scope', 'version') COMMENT 'Version of the instrumentation scope; empty = none.'`,
      `otel_facts UInt8 DEFAULT if(span_trace_id = '', 0, ${bits}) COMMENT 'What is known of the OTLP span it was made of: 1 it is made of one, 2 inputs, 4 output, 8 tokens used, 16 the model, 32 that it is a call of a language model.' CODEC(ZSTD(1))`,
    ],
  },
];
