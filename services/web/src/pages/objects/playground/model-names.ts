import type { Provider } from '../../../api/completions.ts';

/** A model of each provider that is there for long; any other may be typed. */
const EXAMPLES: ReadonlyMap<string, readonly string[]> = new Map([
  ['openai', ['gpt-4o-mini', 'gpt-4o', 'gpt-4.1', 'gpt-4.1-mini']],
  ['anthropic', ['claude-sonnet-4-5', 'claude-haiku-4-5', 'claude-opus-4-1']],
  ['gemini', ['gemini-2.5-flash', 'gemini-2.5-pro']],
  ['groq', ['groq/llama-3.3-70b-versatile']],
  ['mistral', ['mistral/mistral-small-latest']],
  ['xai', ['xai/grok-4']],
  ['deepseek', ['deepseek/deepseek-chat']],
]);

export function examplesOf(providers: readonly Provider[]): string[] {
  return providers
    .filter(({ missing }) => missing.length === 0)
    .flatMap(({ provider }) => EXAMPLES.get(provider) ?? [`${provider}/`]);
}

/** Who is asked for a model, as the server tells it by the name. */
export function providerFor(model: string, providers: readonly Provider[]): Provider | undefined {
  const slash = model.indexOf('/');
  const named = slash > 0 ? model.slice(0, slash) : undefined;
  const bare = model.startsWith('claude-') ? 'anthropic' : model.startsWith('gemini-') ? 'gemini' : 'openai';
  return providers.find(({ provider }) => provider === (named ?? bare));
}

const KEY = 'weft.playground.model';

export const lastModel = (): string => localStorage.getItem(KEY) ?? '';
export const keepModel = (model: string): void => localStorage.setItem(KEY, model);
