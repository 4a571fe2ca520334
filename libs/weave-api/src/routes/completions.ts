import { z } from 'zod';
import { given, projectId } from '../members.ts';
import { defineRoute, json, lines } from '../route-spec.ts';

/** Models behind this server, in OpenAI's words (weave-api §4.10). */

const tag = 'Completions';

const CompletionInputs = z.looseObject({
  model: z.string().min(1).max(256),
  messages: given(z.array(z.looseObject({})).max(10_000)),
  /** Seconds, as a number or its text. */
  timeout: given(z.union([z.number(), z.string()])),
  temperature: given(z.number()),
  top_p: given(z.number()),
  n: given(z.int()),
  stop: given(z.union([z.string(), z.array(z.string()).max(16)])),
  max_completion_tokens: given(z.int()),
  max_tokens: given(z.int()),
  presence_penalty: given(z.number()),
  frequency_penalty: given(z.number()),
  stream: given(z.boolean()),
  response_format: given(z.looseObject({})),
  seed: given(z.int()),
  tools: given(z.array(z.looseObject({})).max(1000)),
  tool_choice: given(z.union([z.string(), z.looseObject({})])),
  extra_headers: given(z.record(z.string().max(256), z.unknown())),
  prompt: given(z.string()),
  template_vars: given(z.looseObject({})),
});
export type CompletionInputs = z.output<typeof CompletionInputs>;

const CompletionRequest = z.object({
  project_id: projectId,
  inputs: CompletionInputs,
  track_llm_call: given(z.boolean()).transform((sent) => sent ?? true),
  trace_id: given(z.string()),
  parent_id: given(z.string()),
  conversation_id: given(z.string()),
  conversation_name: given(z.string()),
  source: given(z.string()),
});
export type CompletionRequest = z.output<typeof CompletionRequest>;

export const completionsCreate = defineRoute({
  method: 'post',
  path: '/completions/create',
  tag,
  summary: 'Asks a model; what the provider refuses is in `response.error`',
  access: 'write',
  request: CompletionRequest,
  answer: json(
    z.object({
      response: z.looseObject({}),
      weave_call_id: z.string().nullable(),
      span_id: z.string().nullable(),
      trace_id: z.string().nullable(),
      conversation_id: z.string().nullable(),
    }),
  ),
});

export const completionsCreateStream = defineRoute({
  method: 'post',
  path: '/completions/create_stream',
  tag,
  summary:
    'Asks a model: its chunks as JSON lines; the first line is `_meta` with the ids of the call that traces it',
  access: 'write',
  request: CompletionRequest,
  answer: lines(z.looseObject({})),
});

/** For pages that let people choose a model. */
export const modelsList = defineRoute({
  method: 'get',
  path: '/weft/v1/models',
  tag: 'Weft',
  summary:
    'Providers of models that this server knows, and the settings that those lack that cannot be asked',
  request: z.object({ project_id: projectId }),
  answer: json(
    z.object({ providers: z.array(z.object({ provider: z.string(), missing: z.array(z.string()) })) }),
  ),
});

export const imageCreate = defineRoute({
  method: 'post',
  path: '/image/create',
  tag,
  summary: 'Not served',
  planned: 'models that make images are not reached through this server',
  request: z.looseObject({}),
});

/** In the order of the documentation. */
export const COMPLETION_ROUTES = [completionsCreate, completionsCreateStream, modelsList, imageCreate];
