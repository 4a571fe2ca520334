import { plain, type Selector } from './select.ts';
import type { FieldName } from './fields.ts';
import type { OtlpSpan } from './span.ts';
import { RawJson } from './tree.ts';

/**
 * Instrumentations of what calls models through a client that may be instrumented too: their spans of model calls may hold
 * others of the same call.
 */
const ABOUT_CLIENTS =
  /lang.?chain|lang.?graph|llama.?index|litellm|haystack|dspy|instructor|crew.?ai|smolagents|agno|autogen|semantic.?kernel|guardrails|mastra|genkit|spring/i;

/** Operations of the GenAI conventions that are one request to a model. Embeddings are not: senders tell them at both levels. */
const REQUESTS = new Set(['chat', 'text_completion', 'generate_content', 'completion', 'responses']);

/** Kinds of other conventions that are one request to a model, in lower case. */
const REQUEST_KINDS = new Set(['llm', 'generation', 'embedding', 'chat_model', 'reranker']);

/**
 * Whether the usage of a span may be that of spans below it, told again: unless it is known to be one request to a model.
 * It says where to look for such spans, not that there are any; without spans below that used something it counts.
 */
export function mayRepeatUsage(span: OtlpSpan, selector: Selector): boolean {
  if (ABOUT_CLIENTS.test(span.scope.name)) return true;
  // The AI SDK's older spans name what was called (`ai.generateText`), the requests below it end in `.doGenerate`.
  const operation = textOf(span, 'ai.operationId');
  if (operation !== null) return !operation.includes('.do');
  const named = textOf(span, 'gen_ai.operation.name');
  if (named !== null) return !REQUESTS.has(named.toLowerCase());
  const kind = textIn(selector, 'kind');
  return kind === null || !REQUEST_KINDS.has(kind.toLowerCase());
}

function textOf(span: OtlpSpan, key: string): string | null {
  const value = span.attributes.get(key);
  return typeof value === 'string' && value !== '' ? value : null;
}

function textIn(selector: Selector, field: FieldName): string | null {
  const value = selector.take(field)?.value;
  const text = value instanceof RawJson ? plain(value) : value;
  return typeof text === 'string' ? text : null;
}
