import { fromDraft, variablesIn, type Draft } from '../prompt/messages.ts';

/** One way to ask: a model and what it is told beside the messages. Numbers are as they were typed. */
export interface Variant {
  readonly key: string;
  readonly model: string;
  readonly temperature: string;
  readonly topP: string;
  readonly maxTokens: string;
  readonly isJson: boolean;
}

export const MOST_VARIANTS = 4;

let made = 0;

export function newVariant(like: Partial<Variant> = {}): Variant {
  return { model: '', temperature: '', topP: '', maxTokens: '', isJson: false, ...like, key: `v${made++}` };
}

/** Names in the messages that are filled in. What an assistant has said stays as it is. */
export function variablesOf(drafts: readonly Draft[]): string[] {
  return variablesIn(drafts.filter(({ role }) => role !== 'assistant').map(({ content }) => content)).slice(
    0,
    100,
  );
}

/** Newer models of OpenAI count their thoughts too, and take the limit under another name only. */
const COUNTS_THOUGHTS = /^(openai\/|azure\/)?(o\d|gpt-5)/;

/** What the server is asked. @throws Error where the JSON of a message is none. */
export function inputsOf(
  drafts: readonly Draft[],
  variables: ReadonlyMap<string, string>,
  { model, temperature, topP, maxTokens, isJson }: Variant,
  extra: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  const names = variablesOf(drafts);
  return {
    ...extra,
    model: model.trim(),
    messages: drafts.map(fromDraft),
    ...(temperature !== '' && { temperature: Number(temperature) }),
    ...(topP !== '' && { top_p: Number(topP) }),
    ...(maxTokens !== '' && {
      [COUNTS_THOUGHTS.test(model) ? 'max_completion_tokens' : 'max_tokens']: Number(maxTokens),
    }),
    ...(isJson && { response_format: { type: 'json_object' } }),
    ...(names.length > 0 && {
      // What nobody fills in stays as it is written.
      template_vars: Object.fromEntries(names.map((name) => [name, variables.get(name) || `{${name}}`])),
    }),
  };
}
