import type { ChatMessage, Llm } from '@weft/llm';

/** Of the text that models read. English has about four characters a token; `createHistory` learns what it is here. */
const CHARS_PER_TOKEN = 4;
/** Of one picture or sound. */
const TOKENS_PER_MEDIUM = 800;

/** Tokens of the messages, by the rule: characters of their texts, newlines between them, divided by four. */
export function estimateTokens(messages: readonly ChatMessage[]): number {
  let chars = Math.max(0, messages.length - 1);
  let media = 0;
  for (const { content } of messages) {
    if (typeof content === 'string') chars += content.length;
    else if (Array.isArray(content))
      for (const part of content as readonly { text?: unknown }[])
        if (typeof part.text === 'string') chars += part.text.length;
        else media++;
  }
  return Math.ceil(chars / CHARS_PER_TOKEN) + media * TOKENS_PER_MEDIUM;
}

/** What questions of one kind took so far. */
interface Past {
  count: number;
  /** Mean tokens of an answer. */
  completion: number;
  /** Mean of prompt tokens to those that were estimated. */
  ratio: number;
}

/** What answers took, by the scorers that asked: their next ones will take about the same. */
export interface History {
  learn(key: string, estimated: number, promptTokens: number, completionTokens: number): void;
  /** Undefined = nothing was asked yet. */
  of(key: string): Readonly<Past> | undefined;
}

const MAX_KEYS = 10_000;
/** Older answers than that count less and less. */
const MAX_COUNT = 200;

export function createHistory(): History {
  const pasts = new Map<string, Past>();
  return {
    learn(key, estimated, promptTokens, completionTokens) {
      const past = pasts.get(key) ?? { count: 0, completion: 0, ratio: 0 };
      past.count = Math.min(MAX_COUNT, past.count + 1);
      past.completion += (completionTokens - past.completion) / past.count;
      past.ratio += (promptTokens / Math.max(1, estimated) - past.ratio) / past.count;
      pasts.delete(key);
      pasts.set(key, past);
      if (pasts.size > MAX_KEYS) pasts.delete(pasts.keys().next().value!);
    },
    of: (key) => pasts.get(key),
  };
}

const histories = new WeakMap<Llm, History>();

/** Of everything that was asked through one door: scorers come and go. */
export function historyOf(llm: Llm): History {
  let history = histories.get(llm);
  if (history === undefined) histories.set(llm, (history = createHistory()));
  return history;
}
