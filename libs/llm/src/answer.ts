import type {
  LanguageModelV3FinishReason,
  LanguageModelV3GenerateResult,
  LanguageModelV3StreamPart,
  LanguageModelV3Usage,
} from '@ai-sdk/provider';
import { newId } from '@weft/model';
import type { ChatChunk, ChatCompletion, ChatUsage, ToolCall } from './chat.ts';

/** What models that speak another wire say, in OpenAI's words. */

export function toCompletion(result: LanguageModelV3GenerateResult, model: string): ChatCompletion {
  const { content, response } = result;
  const texts = (type: 'text' | 'reasoning') =>
    content.flatMap((part) => (part.type === type ? part.text : [])).join('');
  const toolCalls = content.flatMap((part): ToolCall[] =>
    part.type === 'tool-call'
      ? [{ id: part.toolCallId, type: 'function', function: { name: part.toolName, arguments: part.input } }]
      : [],
  );
  const [said, reasoning] = [texts('text'), texts('reasoning')];
  return {
    id: response?.id ?? newId(),
    object: 'chat.completion',
    created: seconds(response?.timestamp),
    model: response?.modelId ?? model,
    choices: [
      {
        index: 0,
        finish_reason: toFinishReason(result.finishReason),
        message: {
          role: 'assistant',
          content: said === '' && toolCalls.length > 0 ? null : said,
          ...(toolCalls.length > 0 && { tool_calls: toolCalls }),
          ...(reasoning !== '' && { reasoning_content: reasoning }),
        },
      },
    ],
    usage: toUsage(result.usage),
  };
}

/** Parts of a stream → chunks. A part that has no word in OpenAI's wire becomes none. */
export function createChunker(model: string): (part: LanguageModelV3StreamPart) => ChatChunk[] {
  let head = { id: newId(), object: 'chat.completion.chunk', created: seconds(undefined), model };
  const places = new Map<string, number>();
  const chunk = (delta: object, finishReason: string | null = null): ChatChunk => ({
    ...head,
    choices: [{ index: 0, delta, finish_reason: finishReason }],
  });
  const toolCall = (id: string, name: string, json: string): ChatChunk[] => {
    places.set(id, places.size);
    const call = { index: places.get(id), id, type: 'function', function: { name, arguments: json } };
    return [chunk({ role: 'assistant', tool_calls: [call] })];
  };
  return (part) => {
    switch (part.type) {
      case 'response-metadata':
        head = {
          ...head,
          id: part.id ?? head.id,
          model: part.modelId ?? head.model,
          created: part.timestamp === undefined ? head.created : seconds(part.timestamp),
        };
        return [];
      case 'text-delta':
        return [chunk({ role: 'assistant', content: part.delta })];
      case 'reasoning-delta':
        return [chunk({ role: 'assistant', reasoning_content: part.delta })];
      case 'tool-input-start':
        return toolCall(part.id, part.toolName, '');
      case 'tool-input-delta':
        return [
          chunk({ tool_calls: [{ index: places.get(part.id) ?? 0, function: { arguments: part.delta } }] }),
        ];
      case 'tool-call':
        // Said already where its input was streamed.
        return places.has(part.toolCallId) ? [] : toolCall(part.toolCallId, part.toolName, part.input);
      case 'finish':
        return [
          chunk({}, toFinishReason(part.finishReason)),
          { ...head, choices: [], usage: toUsage(part.usage) },
        ];
      default:
        return [];
    }
  };
}

const FINISH_REASONS: Record<LanguageModelV3FinishReason['unified'], string> = {
  stop: 'stop',
  length: 'length',
  'content-filter': 'content_filter',
  'tool-calls': 'tool_calls',
  error: 'stop',
  other: 'stop',
};

function toFinishReason({ unified }: LanguageModelV3FinishReason): string {
  return FINISH_REASONS[unified] ?? 'stop';
}

function toUsage({ inputTokens, outputTokens }: LanguageModelV3Usage): ChatUsage {
  const [prompt, completion] = [inputTokens.total ?? 0, outputTokens.total ?? 0];
  return {
    prompt_tokens: prompt,
    completion_tokens: completion,
    total_tokens: prompt + completion,
    ...(inputTokens.cacheRead && { prompt_tokens_details: { cached_tokens: inputTokens.cacheRead } }),
    ...(outputTokens.reasoning && {
      completion_tokens_details: { reasoning_tokens: outputTokens.reasoning },
    }),
  };
}

function seconds(at: Date | undefined): number {
  return Math.floor((at?.getTime() ?? Date.now()) / 1000);
}
