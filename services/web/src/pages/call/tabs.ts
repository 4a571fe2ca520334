import type { Call } from '../../api/calls.ts';
import { member } from '../../ui/json-tree/json-value.ts';

export const TABS = [
  ['chat', 'Chat'],
  ['call', 'Call'],
  ['feedback', 'Feedback'],
  ['scores', 'Scores'],
  ['usage', 'Usage'],
  ['code', 'Code'],
  ['use', 'Use'],
  ['otel', 'OTel'],
  ['compare', 'Compare'],
] as const;
export type Tab = (typeof TABS)[number][0];

/** The one of the address, else what says most of the call. */
export function tabOf(asked: string | undefined, call: Call): Tab {
  const known = TABS.find(([tab]) => tab === asked)?.[0];
  return known ?? (isModelCall(call) ? 'chat' : 'call');
}

const MODEL_OPS =
  /(completions|messages|responses)\.(create|stream|parse)|generate_?content|^litellm\.|^openai\.|^anthropic\./i;
const MESSAGES = ['messages', 'contents', 'gen_ai.input.messages', 'llm.input_messages'];

/** Whether it is a call of a model: by the kind of its span, by what it was given, by the name that integrations use. */
function isModelCall(call: Call): boolean {
  const kind = member(call.attributes, 'kind') ?? member(member(call.attributes, 'weave'), 'kind');
  if (typeof kind === 'string' && /^(llm|chat|generation)$/i.test(kind)) return true;
  const given = headOf(call.inputs);
  if (MESSAGES.some((name) => Array.isArray(member(given, name)))) return true;
  return MODEL_OPS.test(/\/op\/([^:/]+)/.exec(call.op_name)?.[1] ?? call.op_name);
}

/** A payload that was too large to be read at once: how large, and what is there of it. */
export interface Claimed {
  readonly column: string;
  readonly sizeBytes: number;
  readonly isAway: boolean;
  readonly head: unknown;
}

export function claimedOf(payload: unknown): Claimed | undefined {
  const claimed = member(member(payload, '_weft'), 'claimed');
  const column = member(claimed, 'column');
  const size = member(claimed, 'size_bytes');
  if (typeof column !== 'string' || typeof size !== 'number') return undefined;
  return {
    column,
    sizeBytes: size,
    isAway: member(claimed, 'error') !== undefined,
    head: member(payload, 'head'),
  };
}

/** What can be seen of a payload at once. */
export function headOf(payload: unknown): unknown {
  return claimedOf(payload)?.head ?? payload;
}
