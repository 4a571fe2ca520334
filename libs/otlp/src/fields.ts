import { isJson } from './json-writer.ts';
import type { OtlpSpan, Value } from './span.ts';
import type { Leaf } from './tree.ts';

/** Everything a call takes from attributes. */
export type FieldName =
  | 'inputs'
  | 'output'
  // usage
  | 'input_tokens'
  | 'prompt_tokens'
  | 'output_tokens'
  | 'completion_tokens'
  | 'total_tokens'
  | 'cache_read_input_tokens'
  | 'cache_creation_input_tokens'
  | 'reasoning_tokens'
  | ModalityField
  | 'reported_cost'
  // attributes
  | 'system'
  | 'kind'
  | 'model'
  | 'provider'
  | 'model_parameters'
  | 'operation_name'
  | 'response_id'
  | 'finish_reasons'
  | 'agent_name'
  | 'agent_id'
  | 'system_instructions'
  | 'tool_name'
  | 'tool_call_id'
  | 'tool_type'
  | 'tool_definitions'
  | 'agent_version'
  | 'agent_description'
  | 'user_id'
  | 'tags'
  | 'metadata'
  | 'time_to_first_token'
  | 'error_type'
  // identity, threads, time
  | 'display_name'
  | 'thread_id'
  | 'is_turn'
  | 'run_id'
  | 'run_step'
  | 'run_step_end'
  | 'start_time'
  | 'end_time'
  | 'wandb_attributes'
  | 'weave_attributes'
  // status
  | 'level'
  | 'status_message'
  // for model_parameters.model
  | 'parameter_model';

export type ModalityField = `${'text' | 'image' | 'audio' | 'video'}_${'input' | 'output'}_tokens`;

/** One attribute key that can fill a field. */
export interface Source {
  /** Place in the field's order over all frameworks; the lowest that has a value wins. Unique per field. */
  readonly rank: number;
  /** The key itself, the root of a subtree of keys, or a path into the JSON of a shorter key. */
  readonly key: string;
  /** Values are JSON-encoded, scalars included: `"\"text\""` is `text`. */
  readonly encoded?: boolean;
  /** The key alone counts, not keys below it: it is too common a word. */
  readonly exact?: boolean;
  /** Keys below `key` that mean something else. */
  readonly except?: readonly string[];
  /** Of the keys below `key`, these count. */
  readonly below?: RegExp;
  /** Keys below `key` that are part of the value, but no value by themselves. */
  readonly aside?: RegExp;
  /** Changes the value of each key below. */
  readonly each?: (value: Value) => Value;
  /** Changes the value, or refuses it with undefined. */
  readonly map?: (value: Value, span: OtlpSpan) => Value | undefined;
}

/** What one instrumentation framework is known to send. Adding one: a file here, a line in `frameworks/index.ts`. */
export interface Framework {
  readonly name: string;
  readonly fields: Readonly<Partial<Record<FieldName, readonly Source[]>>>;
  /** Looks for content in span events; asked only where no attribute gave any. */
  readonly events?: (span: OtlpSpan) => EventContent;
}

/** Key = the attribute's own name, as for content from attributes. */
export interface EventContent {
  inputs?: { key: string; value: Leaf };
  output?: { key: string; value: Leaf };
  instructions?: Leaf;
}

/** For the singular keys of a field that is a list. */
export function asList(value: Value): Value {
  return typeof value === 'string' && !value.startsWith('[') ? [value] : value;
}

/** A list of JSON texts (`["\"a\"","[1,2]"]`) as one: `["a",[1,2]]`. A list of anything else stays. */
export function asJsonList(value: Value): Value {
  if (!Array.isArray(value) || !value.every((item) => typeof item === 'string')) return value;
  const joined = `[${value.join(',')}]`;
  return isJson(Buffer.from(joined)) ? joined : value;
}
