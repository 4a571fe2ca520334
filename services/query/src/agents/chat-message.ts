import type { AgentSpan } from './agent-span.ts';
import type { SpanCost } from './prices.ts';

/** Elements of a chat, with the names of the wire. */

export interface AssistantMessage {
  text: string;
  model: string | null;
  reasoning_content: string | null;
  reasoning_tokens: number | null;
  input_tokens: number | null;
  output_tokens: number | null;
  input_cost_usd: number | null;
  output_cost_usd: number | null;
  total_cost_usd: number | null;
  duration_ms: number | null;
  status: string | null;
  content_refs: string[];
}

export interface ToolCall {
  readonly tool_name: string | null;
  readonly tool_arguments: string | null;
  readonly tool_result: string | null;
  readonly duration_ms: number | null;
  readonly status: string | null;
  readonly content_refs: readonly string[];
}

export interface AgentStart {
  model: string | null;
  system_instructions: string | null;
  tool_definitions: string | null;
  readonly status: string | null;
}

export interface Payloads {
  user_message: { readonly text: string; readonly content_refs: readonly string[] } | null;
  assistant_message: AssistantMessage | null;
  tool_call: ToolCall | null;
  agent_start: AgentStart | null;
  agent_handoff: Record<string, never> | null;
  context_compacted: {
    readonly compaction_summary: string | null;
    readonly compaction_items_before: number | null;
    readonly compaction_items_after: number | null;
  } | null;
}

export interface ChatMessage extends Readonly<Payloads> {
  readonly type: keyof Payloads;
  readonly span_id: string | null;
  readonly agent_name: string | null;
  readonly agent_version: string | null;
  readonly status_code: string | null;
  readonly error_type: string | null;
  readonly status_message: string | null;
  readonly started_at: string | null;
}

const NOTHING: Payloads = {
  user_message: null,
  assistant_message: null,
  tool_call: null,
  agent_start: null,
  agent_handoff: null,
  context_compacted: null,
};

/** An element that a span stands behind. */
export function spanMessage<T extends keyof Payloads>(
  type: T,
  span: AgentSpan,
  agentName: string | null,
  payload: NonNullable<Payloads[T]>,
): ChatMessage {
  return {
    type,
    span_id: span.span_id,
    agent_name: agentName,
    agent_version: span.agent_version,
    status_code: span.status_code,
    error_type: span.error_type || null,
    status_message: span.status_message,
    started_at: span.started_at,
    ...NOTHING,
    [type]: payload,
  };
}

export function userMessage(span: AgentSpan, text: string, contentRefs: readonly string[]): ChatMessage {
  return {
    type: 'user_message',
    span_id: null,
    agent_name: 'User',
    agent_version: null,
    status_code: null,
    error_type: null,
    status_message: null,
    started_at: span.started_at,
    ...NOTHING,
    user_message: { text, content_refs: contentRefs },
  };
}

/** A call that a model asked for; nobody says that it was made. */
export function requestedCall(
  span: AgentSpan,
  agentName: string | null,
  name: string,
  args: string | null,
): ChatMessage {
  const payload = { tool_name: name, tool_arguments: args, tool_result: null, duration_ms: null, status: null, content_refs: [] };
  return { ...spanMessage('tool_call', span, agentName, payload), status_code: null, error_type: null, status_message: null, started_at: span.ended_at };
} // prettier-ignore

export function durationMs({ startedAtUs, endedAtUs }: AgentSpan): number {
  return Math.max(0, Math.floor((endedAtUs - startedAtUs) / 1000));
}

export const NO_COST: SpanCost = {
  input: null,
  output: null,
  cacheRead: null,
  cacheCreation: null,
  total: null,
};

export function addCosts(a: number | null, b: number | null): number | null {
  return b === null ? a : (a ?? 0) + b;
}
