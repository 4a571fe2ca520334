import type { ChatMessage } from '@weft/llm';
import { z } from 'zod';
import { ScoreError } from '../scorer.ts';
import { isRef, readMember, unscorable, type Objects } from './objects.ts';

/** The model of a judge (W&B: weave/flow/llm_structured_model.py and builtin_object_classes/llm_structured_model.py). */

const nullish = <T extends z.ZodType>(schema: T) => schema.nullish().transform((value) => value ?? undefined);

const Message = z.looseObject({ role: z.string(), content: z.unknown() });
/** The SDK writes what is not set as null, and what class a message is of; a model gets neither. */
const ENCODING = new Set(['_type', '_class_name', '_bases']);
const Messages = z.array(Message).transform((all) => all.map(plainMessage));

function plainMessage(message: z.output<typeof Message>): z.output<typeof Message> {
  const own = Object.entries(withoutNulls(message)).filter(([name]) => !ENCODING.has(name));
  return Object.fromEntries(own) as z.output<typeof Message>;
}

const DefaultParams = z.looseObject({
  messages_template: nullish(Messages),
  prompt: nullish(z.string()),
  temperature: nullish(z.number()),
  top_p: nullish(z.number()),
  max_tokens: nullish(z.int().positive()),
  presence_penalty: nullish(z.number()),
  frequency_penalty: nullish(z.number()),
  stop: nullish(z.array(z.string())),
  n_times: nullish(z.int().positive()),
  functions: nullish(z.array(z.looseObject({}))),
  response_format: nullish(z.string()),
});

export const StructuredModel = z.looseObject({
  llm_model_id: z.string().min(1),
  default_params: z.preprocess((value) => value ?? {}, DefaultParams),
});

export const MessagesPrompt = z.looseObject({ messages: Messages });

/** A model with what it is asked with every time. */
export interface JudgeModel {
  readonly model: string;
  readonly params: Readonly<Record<string, unknown>>;
  /** `text` where nothing is said, which the SDK does not run at all. */
  readonly format: 'text' | 'json_object';
  /** Go before the scorer's own, as they are: the SDK fills in nothing there when a scorer asks. */
  readonly before: readonly ChatMessage[];
}

/** @param value the object, or its ref. @throws ScoreError `unscorable`, `misconfigured` */
export async function readJudgeModel(value: unknown, objects: Objects): Promise<JudgeModel> {
  const { llm_model_id, default_params: given } = await readMember(value, StructuredModel, 'model', objects);
  const format = given.response_format ?? 'text';
  if (format !== 'text' && format !== 'json_object')
    throw unscorable(objects, `model.default_params.response_format: must be text or json_object, not ${JSON.stringify(format.slice(0, 80))}`); // prettier-ignore
  const prompt = given.prompt;
  const before =
    prompt === undefined
      ? (given.messages_template ?? [])
      : (await readMember(prompt, MessagesPrompt, 'model.default_params.prompt', objects)).messages;
  return {
    model: await readModelId(llm_model_id, objects),
    params: {
      ...withoutNulls({
        temperature: given.temperature,
        top_p: given.top_p,
        max_tokens: given.max_tokens,
        presence_penalty: given.presence_penalty,
        frequency_penalty: given.frequency_penalty,
        stop: given.stop?.length ? given.stop : undefined,
        n: given.n_times,
        functions: given.functions?.length ? given.functions : undefined,
      }),
      ...(given.response_format !== undefined && { response_format: { type: format } }),
    },
    format,
    before,
  };
}

const ProviderModel = z.looseObject({ name: z.string().nullish(), provider: z.string() });
const Provider = z.looseObject({ name: z.string().nullish() });

/**
 * The id of a model: itself, or of a ref to a ProviderModel `<provider>/<model>`. Where the provider is found is for the operator to
 * say (WEFT_LLM_SERVERS): addresses that a project writes down are not asked with the server's keys.
 */
export async function readModelId(id: string, objects: Objects): Promise<string> {
  if (!isRef(id)) return id;
  const model = await readMember(id, ProviderModel, 'llm_model_id', objects);
  const provider = await readMember(model.provider, Provider, 'llm_model_id.provider', objects);
  const name = `${serverName(provider.name ?? nameIn(model.provider))}/${model.name ?? nameIn(id)}`;
  try {
    objects.deps.llm.providerOf(name);
  } catch (cause) {
    throw new ScoreError(
      'misconfigured',
      `${objects.about.name}: the server knows no model ${JSON.stringify(name)}: name it in WEFT_LLM_SERVERS`,
      { cause },
    );
  }
  return name;
}

function serverName(name: string): string {
  return name.toLowerCase().replace(/[^a-z0-9_-]/g, '-');
}

function nameIn(ref: string): string {
  return /\/object\/([^:/]+)/.exec(ref)?.[1] ?? ref;
}

/** Without members that are null or undefined. */
function withoutNulls<T extends object>(value: T): T {
  return Object.fromEntries(Object.entries(value).filter(([, member]) => member !== null && member !== undefined)) as T; // prettier-ignore
}
