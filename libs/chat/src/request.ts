import type { ChatPart } from './chat.ts';
import type { Asked } from './formats/format.ts';
import { bounded, fields, filled, has, isFields, member, type Fields } from './json.ts';
import { readParts } from './parts/parts.ts';
import { readTools } from './tools.ts';

/** What requests say beside their messages. */
export function aside(request: Fields): Omit<Asked, 'messages'> {
  const config =
    fields(request, 'config', 'generationConfig', 'generation_config', 'toolConfig', 'extra') ?? {};
  return {
    systemInstructions: instructionsOf(request),
    tools: readTools(
      member(request, 'tools', 'functions') ??
        member(config, 'tools') ??
        fields(request, 'toolConfig')?.tools,
    ),
    model: filled(request, 'model', 'modelId', 'model_id', 'model_name'),
    parameters: parametersOf(request),
  };
}

const INSTRUCTIONS = ['system', 'instructions', 'systemInstruction', 'system_instruction', 'preamble', 'systemPrompt', 'system_prompt'] as const; // prettier-ignore

function instructionsOf(request: Fields): ChatPart[] {
  const config = fields(request, 'config') ?? {};
  const sent = member(request, ...INSTRUCTIONS) ?? member(config, ...INSTRUCTIONS);
  return readInstructions(sent);
}

/** Text, parts, or a content object with parts. */
export function readInstructions(sent: unknown): ChatPart[] {
  if (isFields(sent) && has(sent, 'parts', 'content') && !has(sent, 'type'))
    return readParts(member(sent, 'parts', 'content'));
  if (Array.isArray(sent))
    return (sent as unknown[]).flatMap((item) => (isFields(item) ? readInstructions(item) : readParts(item)));
  return readParts(sent);
}

const BAGS = ['generationConfig', 'generation_config', 'inferenceConfig', 'inference_config', 'options', 'invocation_params'] as const; // prettier-ignore

/** The request's own bag of parameters, or those of its members that are some. */
function parametersOf(request: Fields): unknown {
  const bag = fields(request, ...BAGS);
  if (bag !== undefined) return bounded(bag);
  const from = fields(request, 'config') ?? request;
  const found = PARAMETERS.filter((name) => has(from, name)).map(
    (name) => [name, bounded(from[name])] as const,
  );
  return found.length === 0 ? undefined : Object.fromEntries(found);
}

const PARAMETERS = ['temperature', 'top_p', 'topP', 'top_k', 'topK', 'max_tokens', 'maxTokens', 'max_completion_tokens', 'max_output_tokens', 'maxOutputTokens', 'stop', 'stop_sequences', 'stopSequences', 'n', 'seed', 'frequency_penalty', 'presence_penalty', 'response_format', 'responseMimeType', 'response_mime_type', 'text', 'tool_choice', 'parallel_tool_calls', 'reasoning', 'reasoning_effort', 'thinking', 'thinkingConfig', 'thinking_config', 'verbosity', 'modalities', 'service_tier', 'stream', 'format', 'logprobs', 'logit_bias', 'store', 'truncation', 'previous_response_id'] as const; // prettier-ignore
