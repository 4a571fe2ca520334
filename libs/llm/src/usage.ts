import type { ChatCompletion, ChatUsage } from './chat.ts';

/**
 * What an answer took, in one shape; servers that speak OpenAI's wire send it as they like. Undefined = it does not say.
 * What is no count is 0.
 */
export function usageOf(answer: ChatCompletion): ChatUsage | undefined {
  const { usage } = answer;
  if (typeof usage !== 'object' || usage === null) return undefined;
  const members = usage as Readonly<Record<string, unknown>>;
  const prompt = countOf(members.prompt_tokens ?? members.input_tokens);
  const completion = countOf(members.completion_tokens ?? members.output_tokens);
  const cached = countOf((members.prompt_tokens_details as Details)?.cached_tokens);
  const reasoning = countOf((members.completion_tokens_details as Details)?.reasoning_tokens);
  return {
    prompt_tokens: prompt,
    completion_tokens: completion,
    total_tokens: prompt + completion,
    ...(cached > 0 && { prompt_tokens_details: { cached_tokens: Math.min(cached, prompt) } }),
    ...(reasoning > 0 && { completion_tokens_details: { reasoning_tokens: reasoning } }),
  };
}

type Details = Readonly<Record<string, unknown>> | null | undefined;

function countOf(value: unknown): number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value > 0 ? value : 0;
}
