import type { ChatChunk, ChatCompletion } from '@weft/llm';

/** Chunks come from servers of all kinds: nothing in them is taken for granted. */
interface WireChoice {
  readonly index?: unknown;
  readonly finish_reason?: unknown;
  readonly delta?: {
    readonly content?: unknown;
    readonly reasoning_content?: unknown;
    readonly tool_calls?: unknown;
  } | null;
}

interface WireToolCall {
  readonly index?: unknown;
  readonly id?: unknown;
  readonly function?: { readonly name?: unknown; readonly arguments?: unknown };
}

interface Choice {
  content: string;
  reasoning: string;
  finishReason: unknown;
  readonly toolCalls: Map<number, { id: string; name: string; json: string }>;
}

/** Puts a streamed answer together again, as it would have come in one piece (for the call that traces it). */
export class ChunkGatherer {
  private readonly head: Record<string, unknown> = {};
  private readonly choices = new Map<number, Choice>();

  add(chunk: ChatChunk): void {
    for (const name of ['id', 'created', 'model', 'system_fingerprint', 'service_tier', 'usage'])
      if (chunk[name] !== undefined && chunk[name] !== null) this.head[name] = chunk[name];
    if (!Array.isArray(chunk.choices)) return;
    for (const each of chunk.choices as readonly WireChoice[]) {
      const choice = this.at(Number(each.index ?? 0));
      if (each.finish_reason) choice.finishReason = each.finish_reason;
      const { content, reasoning_content, tool_calls } = each.delta ?? {};
      if (typeof content === 'string') choice.content += content;
      if (typeof reasoning_content === 'string') choice.reasoning += reasoning_content;
      if (Array.isArray(tool_calls))
        for (const call of tool_calls as readonly (WireToolCall | null)[]) addToolCall(choice, call);
    }
  }

  /** Null = nothing came. */
  gathered(model: string): ChatCompletion | null {
    if (this.choices.size === 0) return null;
    const choices = [...this.choices]
      .sort(([a], [b]) => a - b)
      .map(([index, choice]) => toChoice(index, choice));
    return { object: 'chat.completion', ...this.head, model: this.head.model ?? model, choices };
  }

  private at(index: number): Choice {
    let choice = this.choices.get(index);
    if (choice === undefined)
      this.choices.set(
        index,
        (choice = { content: '', reasoning: '', finishReason: null, toolCalls: new Map() }),
      );
    return choice;
  }
}

function addToolCall({ toolCalls }: Choice, call: WireToolCall | null): void {
  const place = Number(call?.index ?? toolCalls.size);
  const known = toolCalls.get(place) ?? { id: '', name: '', json: '' };
  if (typeof call?.id === 'string') known.id = call.id;
  if (typeof call?.function?.name === 'string') known.name += call.function.name;
  if (typeof call?.function?.arguments === 'string') known.json += call.function.arguments;
  toolCalls.set(place, known);
}

function toChoice(index: number, { content, reasoning, finishReason, toolCalls }: Choice): object {
  const calls = [...toolCalls.values()].map(({ id, name, json }) => ({
    id,
    type: 'function',
    function: { name, arguments: json },
  }));
  return {
    index,
    finish_reason: finishReason,
    message: {
      role: 'assistant',
      content: content === '' && calls.length > 0 ? null : content,
      ...(calls.length > 0 && { tool_calls: calls }),
      ...(reasoning !== '' && { reasoning_content: reasoning }),
    },
  };
}
