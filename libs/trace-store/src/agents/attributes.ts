/**
 * What spans of agents say of themselves: the attributes of the OpenTelemetry GenAI conventions, and W&B's own names for
 * them (`weave.…`), which win. The first key that has a value counts.
 */

export type AgentColumnType = 'string' | 'int' | 'float' | 'strings' | 'json';

export interface AgentAttribute {
  /** Member of a span in answers. */
  readonly column: string;
  readonly type: AgentColumnType;
  /** W&B's key, then the others. */
  readonly keys: readonly string[];
}

const attribute = (
  column: string,
  type: AgentColumnType,
  name: string,
  ...others: readonly string[]
): AgentAttribute => ({ column, type, keys: [`weave.${name}`, ...others] });

/** The same name with either prefix. */
const both = (column: string, type: AgentColumnType, name: string, ...others: readonly string[]) =>
  attribute(column, type, name, `gen_ai.${name}`, ...others);

export const AGENT_ATTRIBUTES: readonly AgentAttribute[] = [
  both('operation_name', 'string', 'operation.name'),
  both('provider_name', 'string', 'provider.name', 'weave.system', 'gen_ai.system'),
  both('agent_name', 'string', 'agent.name'),
  both('agent_id', 'string', 'agent.id'),
  both('agent_description', 'string', 'agent.description'),
  both('agent_version', 'string', 'agent.version'),
  both('request_model', 'string', 'request.model'),
  both('response_model', 'string', 'response.model'),
  both('response_id', 'string', 'response.id'),
  both('input_tokens', 'int', 'usage.input_tokens'),
  both('output_tokens', 'int', 'usage.output_tokens'),
  attribute(
    'reasoning_tokens',
    'int',
    'usage.reasoning_tokens',
    'gen_ai.usage.reasoning.output_tokens',
    'gen_ai.usage.reasoning_tokens',
    'gen_ai.usage.experimental.reasoning_tokens',
  ),
  both(
    'cache_creation_input_tokens',
    'int',
    'usage.cache_creation.input_tokens',
    // The name of the conventions since August 2026.
    'gen_ai.usage.cache_write.input_tokens',
  ),
  both(
    'cache_read_input_tokens',
    'int',
    'usage.cache_read.input_tokens',
    'gen_ai.usage.prompt_tokens_details.cached_tokens',
    'gen_ai.usage.input_tokens_details.cached_tokens',
    'prompt_tokens_details.cached_tokens',
  ),
  both('conversation_name', 'string', 'conversation.name'),
  both('tool_name', 'string', 'tool.name'),
  both('tool_type', 'string', 'tool.type'),
  both('tool_call_id', 'string', 'tool.call.id'),
  both('tool_description', 'string', 'tool.description'),
  both('tool_definitions', 'json', 'tool.definitions'),
  both('tool_call_arguments', 'json', 'tool.call.arguments'),
  both('tool_call_result', 'json', 'tool.call.result'),
  both('finish_reasons', 'strings', 'response.finish_reasons'),
  both('request_temperature', 'float', 'request.temperature'),
  both('request_max_tokens', 'int', 'request.max_tokens'),
  both('request_top_p', 'float', 'request.top_p'),
  both('request_frequency_penalty', 'float', 'request.frequency_penalty'),
  both('request_presence_penalty', 'float', 'request.presence_penalty'),
  both('request_seed', 'int', 'request.seed'),
  both('request_stop_sequences', 'strings', 'request.stop_sequences'),
  both('request_choice_count', 'int', 'request.choice.count'),
  both('output_type', 'string', 'output.type'),
  both('input_messages', 'json', 'input.messages', 'weave.prompt', 'gen_ai.prompt'),
  both('output_messages', 'json', 'output.messages', 'weave.completion', 'gen_ai.completion'),
  both('system_instructions', 'json', 'system_instructions'),
  attribute('error_type', 'string', 'error.type', 'error.type'),
  attribute('server_address', 'string', 'server.address', 'server.address'),
  attribute('server_port', 'int', 'server.port', 'server.port'),
  attribute('reasoning_content', 'string', 'reasoning_content'),
  attribute('compaction_summary', 'string', 'compaction.summary'),
  attribute('compaction_items_before', 'int', 'compaction.items_before'),
  attribute('compaction_items_after', 'int', 'compaction.items_after'),
  attribute('content_refs', 'strings', 'content_refs'),
  attribute('artifact_refs', 'strings', 'artifact_refs'),
  attribute('object_refs', 'strings', 'object_refs'),
  attribute('eval_run_id', 'string', 'eval.run_id'),
  attribute('eval_predict_and_score_call_id', 'string', 'eval.predict_and_score_call_id'),
  attribute('eval_kind', 'string', 'eval.kind'),
  attribute('eval_row_digest', 'string', 'eval.row_digest'),
  attribute('eval_example_id', 'string', 'eval.example_id'),
  attribute('eval_trial_index', 'int', 'eval.trial_index'),
  attribute('eval_evaluation_name', 'string', 'eval.evaluation_name'),
  attribute('parent_call_id', 'string', 'parent_call.id'),
  attribute('parent_call_trace_id', 'string', 'parent_call.trace_id'),
];

/** Keys that are known by a column of their own: custom attributes are all others, and nothing below these. */
export const KNOWN_AGENT_KEYS: ReadonlySet<string> = new Set(
  [...AGENT_ATTRIBUTES.flatMap(({ keys }) => keys), 'weave.conversation.id', 'gen_ai.conversation.id'].filter(
    // Older spellings of messages, which W&B keeps as custom attributes too.
    (key) => key !== 'gen_ai.prompt' && key !== 'weave.prompt',
  ),
);

/** Operations that a span's name begins with where it does not say its operation. */
export const OPERATION_PREFIXES: readonly string[] = [
  'chat',
  'invoke_agent',
  'execute_tool',
  'generate_content',
  'text_completion',
  'embeddings',
  'create_agent',
  'retrieval',
];

export const SPAN_KINDS: readonly string[] = [
  'UNSPECIFIED',
  'INTERNAL',
  'SERVER',
  'CLIENT',
  'PRODUCER',
  'CONSUMER',
];
export const STATUS_CODES: readonly string[] = ['UNSET', 'OK', 'ERROR'];
