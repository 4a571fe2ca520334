import type { AgentSpan } from './agent-span.ts';
import { addCosts, durationMs, type ChatMessage } from './chat-message.ts';
import { chatMessages, type ChatOptions } from './chat.ts';
import { countedSpans } from './counted-spans.ts';

/** One turn, with the names of the wire; feedback is added where it is rendered. */
export interface TraceChat {
  readonly trace_id: string;
  readonly root_span_name: string | null;
  readonly agent_name: string | null;
  readonly agent_version: string | null;
  readonly status_code: string | null;
  readonly provider: string | null;
  readonly started_at: string | null;
  readonly ended_at: string | null;
  readonly wb_user_id: string | null;
  readonly total_duration_ms: number | null;
  readonly total_cost_usd: number | null;
  readonly total_input_tokens: number;
  readonly total_output_tokens: number;
  readonly total_reasoning_tokens: number;
  readonly total_cache_creation_input_tokens: number;
  readonly total_cache_read_input_tokens: number;
  readonly messages: readonly ChatMessage[];
}

export function traceChat(traceId: string, spans: readonly AgentSpan[], options: ChatOptions): TraceChat {
  const root = rootOf(spans);
  const counted = countedSpans(spans);
  const sum = (of: (span: AgentSpan) => number) => counted.reduce((total, span) => total + of(span), 0);
  return {
    trace_id: traceId,
    root_span_name: root === undefined ? null : root.agent_name || root.span_name,
    agent_name: root?.agent_name ?? null,
    agent_version: root?.agent_version ?? null,
    status_code: root?.status_code ?? null,
    provider: root?.provider_name ?? null,
    started_at: root?.started_at ?? null,
    ended_at: root?.ended_at ?? null,
    wb_user_id: root?.wb_user_id ?? null,
    total_duration_ms: root === undefined ? null : durationMs(root),
    total_cost_usd: counted.reduce<number | null>(
      (total, span) => addCosts(total, options.costOf(span).total),
      null,
    ),
    total_input_tokens: sum((span) => span.input_tokens),
    total_output_tokens: sum((span) => span.output_tokens),
    total_reasoning_tokens: sum((span) => span.reasoning_tokens),
    total_cache_creation_input_tokens: sum((span) => span.cache_creation_input_tokens),
    total_cache_read_input_tokens: sum((span) => span.cache_read_input_tokens),
    messages: chatMessages(spans, options),
  };
}

/** The span without a parent; where there is none or are several, the one that ended last. */
function rootOf(spans: readonly AgentSpan[]): AgentSpan | undefined {
  const roots = spans.filter((span) => span.parent_span_id === '');
  if (roots.length === 1) return roots[0];
  return spans.reduce<AgentSpan | undefined>(
    (last, span) =>
      last === undefined ||
      span.endedAtUs > last.endedAtUs ||
      (span.endedAtUs === last.endedAtUs && span.span_id > last.span_id)
        ? span
        : last,
    undefined,
  );
}
