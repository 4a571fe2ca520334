import { z } from 'zod';
import { flag, given, projectId } from '../members.ts';
import { defineRoute, json } from '../route-spec.ts';
import { expression } from './calls.ts';
import { instant } from './usage.ts';

/** Spans of agents (weave-api §4.16): calls made of OTLP spans with attributes of the GenAI conventions. */

const tag = 'Agents';

const CUSTOM = [
  'custom_attrs_string',
  'custom_attrs_int',
  'custom_attrs_float',
  'custom_attrs_bool',
] as const;
const AGGREGATIONS = [
  'sum',
  'avg',
  'min',
  'max',
  'count',
  'count_distinct',
  'count_true',
  'count_false',
] as const;
const VALUE_TYPES = ['datetime', 'number', 'boolean', 'string'] as const;
const STATUS = z.enum(['UNSET', 'OK', 'ERROR']);

const MAX_QUERY_LIMIT = 10_000;
const MAX_TURNS = 50;
/** Of any list in a request. */
const MAX_ITEMS = 50;

const count = z.int();
const usd = z.number().nullable();
const text = z.string().nullable();
const texts = z.array(z.string());
const when = z.iso.datetime().nullable();

/** From 0 (or `min`) to `max`. */
const page = (max: number, otherwise: number, min = 0) =>
  given(z.int().min(min).max(max)).transform((value = otherwise) => value);
const offset = given(z.int().min(0)).transform((value = 0) => value);
const list = <T extends z.ZodType>(item: T, max = MAX_ITEMS) =>
  given(z.array(item).max(max)).transform((items): z.output<T>[] => items ?? []);

const alias = z
  .string()
  .max(256)
  .regex(/^[a-zA-Z_][a-zA-Z0-9_]*$/);
const key = z.string().max(1024);

const sortBy = list(z.object({ field: key, direction: given(z.enum(['asc', 'desc'])).transform((way = 'desc') => way) }), 20); // prettier-ignore

const groupRef = z.object({
  source: given(z.enum(['field', 'column', ...CUSTOM])).transform((source = 'field') => source),
  key,
  alias: given(z.string().max(256)),
});
export type AgentGroupRef = z.output<typeof groupRef>;

const valueRef = z.object({
  source: given(z.enum(['field', 'derived', ...CUSTOM])).transform((source = 'field') => source),
  key,
});
export type AgentValueRef = z.output<typeof valueRef>;

const measure = z.object({
  alias,
  aggregation: z.enum(AGGREGATIONS),
  value: given(valueRef),
  value_type: given(z.enum(VALUE_TYPES)),
  filter: expression,
});
export type AgentMeasureSpec = z.output<typeof measure>;

/** A number, or an instant as text. */
const edge = given(z.union([z.number(), z.string()]));
const groupFilter = z.object({ group_by: list(groupRef), measure, min: edge, max: edge });
export type AgentGroupFilterSpec = z.output<typeof groupFilter>;

const signals = given(
  z.object({
    tags: list(z.string().max(1024)),
    ratings: list(z.object({ scorer_key: z.string().max(1024), op: z.enum(['gte', 'gt', 'lte', 'lt', 'eq']), value: z.number() })), // prettier-ignore
  }),
);
const insights = list(
  z.object({
    field: z.enum(['intent_category', 'intent_sentiment', 'failure_category', 'failure_severity', 'intent_topic_id', 'failure_topic_id']), // prettier-ignore
    values: z.array(z.string()).min(1).max(1000),
    exclude: flag,
  }),
);

const listing = {
  sort_by: sortBy,
  limit: page(MAX_QUERY_LIMIT, 100),
  offset,
  include_costs: flag,
};

const Agent = z.object({
  project_id: z.string(),
  agent_name: z.string(),
  invocation_count: count,
  span_count: count,
  total_input_tokens: count,
  total_output_tokens: count,
  total_duration_ms: count,
  error_count: count,
  first_seen: when,
  last_seen: when,
  total_cost_usd: usd,
});

export const agentsQuery = defineRoute({
  method: 'post',
  path: '/agents/query',
  tag,
  summary: 'Agents with figures of the spans that name them',
  request: z.object({
    project_id: projectId,
    filters: given(z.object({ agent_name: given(key) })),
    ...listing,
  }),
  answer: json(z.object({ agents: z.array(Agent), total_count: count })),
});
export type AgentsRequest = z.output<typeof agentsQuery.request>;

export const agentVersionsQuery = defineRoute({
  method: 'post',
  path: '/agents/agent-versions/query',
  tag,
  summary: 'Versions of an agent with figures of their spans',
  request: z.object({ project_id: projectId, agent_name: key, ...listing }),
  answer: json(
    z.object({ versions: z.array(Agent.extend({ agent_version: z.string() })), total_count: count }),
  ),
});
export type AgentVersionsRequest = z.output<typeof agentVersionsQuery.request>;

const Message = z.object({ role: z.string(), content: z.string(), finish_reason: z.string() });
const AgentSpan = z.object({
  project_id: z.string(),
  trace_id: z.string(),
  span_id: z.string(),
  parent_span_id: text,
  span_name: text,
  span_kind: text,
  started_at: when,
  ended_at: when,
  status_code: STATUS.nullable(),
  status_message: text,
  operation_name: text,
  provider_name: text,
  agent_name: text,
  agent_id: text,
  agent_description: text,
  agent_version: text,
  eval_run_id: text,
  eval_predict_and_score_call_id: text,
  eval_kind: text,
  eval_row_digest: text,
  eval_example_id: text,
  eval_trial_index: count.nullable(),
  eval_evaluation_name: text,
  parent_call_id: text,
  parent_call_trace_id: text,
  request_model: text,
  response_model: text,
  response_id: text,
  input_tokens: count.nullable(),
  output_tokens: count.nullable(),
  reasoning_tokens: count.nullable(),
  cache_creation_input_tokens: count.nullable(),
  cache_read_input_tokens: count.nullable(),
  input_cost_usd: usd,
  output_cost_usd: usd,
  cache_read_cost_usd: usd,
  cache_creation_cost_usd: usd,
  total_cost_usd: usd,
  reasoning_content: text,
  conversation_id: text,
  conversation_name: text,
  tool_name: text,
  tool_type: text,
  tool_call_id: text,
  tool_description: text,
  tool_definitions: text,
  finish_reasons: texts,
  error_type: text,
  request_temperature: z.number().nullable(),
  request_max_tokens: count.nullable(),
  request_top_p: z.number().nullable(),
  request_frequency_penalty: z.number().nullable(),
  request_presence_penalty: z.number().nullable(),
  request_seed: count.nullable(),
  request_stop_sequences: texts,
  request_choice_count: count.nullable(),
  output_type: text,
  input_messages: z.array(Message),
  output_messages: z.array(Message),
  system_instructions: texts,
  tool_call_arguments: text,
  tool_call_result: text,
  compaction_summary: text,
  compaction_items_before: count.nullable(),
  compaction_items_after: count.nullable(),
  content_refs: texts,
  artifact_refs: texts,
  object_refs: texts,
  custom_attrs_string: z.record(z.string(), z.string()),
  custom_attrs_int: z.record(z.string(), z.number()),
  custom_attrs_float: z.record(z.string(), z.number()),
  custom_attrs_bool: z.record(z.string(), z.boolean()),
  server_address: text,
  server_port: count.nullable(),
  wb_user_id: text,
  wb_run_id: text,
  wb_run_step: count.nullable(),
  wb_run_step_end: count.nullable(),
  raw_span_dump: text,
});

const cell = z.union([z.string(), z.number(), z.boolean()]).nullable();
const Preview = z
  .object({ role: z.enum(['user_message', 'assistant_message']), text: z.string() })
  .nullable();
const Distribution = z.object({
  alias: z.string(),
  source: z.enum(CUSTOM),
  key: z.string(),
  value_type: z.enum(['string', 'int', 'float', 'bool']),
  total_count: count,
  present_count: count,
  missing_count: count,
  other_count: count,
  bins: z.array(z.object({ index: count, min: z.number(), max: z.number(), count })),
  values: z.array(z.object({ value: z.string(), count })),
});
const Group = z.object({
  group_keys: z.record(z.string(), cell),
  span_count: count,
  invocation_count: count,
  conversation_count: count,
  total_input_tokens: count,
  total_cache_creation_input_tokens: count,
  total_cache_read_input_tokens: count,
  total_output_tokens: count,
  total_reasoning_tokens: count,
  total_duration_ms: count,
  error_count: count,
  total_cost_usd: usd,
  total_input_cost_usd: usd,
  total_output_cost_usd: usd,
  agent_names: texts,
  agent_versions: texts,
  provider_names: texts,
  request_models: texts,
  conversation_names: texts,
  first_seen: when,
  last_seen: when,
  first_message: Preview,
  last_message: Preview,
  metrics: z.record(z.string(), cell),
  distributions: z.record(z.string(), Distribution),
});

const range = { started_after: given(instant), started_before: given(instant) };

export const agentSpansQuery = defineRoute({
  method: 'post',
  path: '/agents/spans/query',
  tag,
  summary: 'Spans of agents, or figures of them by groups',
  request: z.object({
    project_id: projectId,
    query: expression,
    group_by: list(groupRef),
    measures: list(measure),
    group_filters: list(groupFilter),
    group_distributions: list(
      z.object({
        alias,
        value: valueRef,
        bins: page(50, 12, 1),
        top_n: page(20, 5, 1),
      }),
      20,
    ),
    custom_attr_columns: list(valueRef, 200),
    include_details: flag,
    ...listing,
    ...range,
    signal_filters: signals,
    insight_filters: insights,
  }),
  answer: json(z.object({ spans: z.array(AgentSpan), groups: z.array(Group), total_count: count })),
});
export type AgentSpansRequest = z.output<typeof agentSpansQuery.request>;

const metric = z.object({
  alias,
  value_type: z.enum(VALUE_TYPES),
  aggregations: list(z.enum(AGGREGATIONS), AGGREGATIONS.length),
  percentiles: list(z.number().min(0).max(100), 20),
  value: valueRef,
});
export type AgentMetricSpec = z.output<typeof metric>;

const bucketBy = z.union([
  z.object({
    type: z.literal('number'),
    alias: given(alias),
    bins: page(200, 24, 1),
    min: given(z.number()),
    max: given(z.number()),
    value: given(valueRef),
    group_by: list(groupRef),
    measure: given(measure),
  }),
  z.object({ type: given(z.literal('time')) }),
]);

export const agentSpansStats = defineRoute({
  method: 'post',
  path: '/agents/spans/stats',
  tag,
  summary: 'Figures of spans of agents over time, or by ranges of a value',
  request: z.object({
    project_id: projectId,
    query: expression,
    start: instant,
    end: given(instant),
    granularity: given(z.int().min(1)),
    timezone: given(z.string().max(100)).transform((zone) => zone || 'UTC'),
    group_by: list(groupRef),
    metrics: list(metric, 20),
    group_limit: page(1000, 50, 1),
    bucket_by: given(bucketBy),
    group_filters: list(groupFilter, 10),
    signal_filters: signals,
    insight_filters: insights,
  }),
  answer: json(
    z.object({
      start: z.iso.datetime(),
      end: z.iso.datetime(),
      granularity: count.nullable(),
      timezone: z.string(),
      bucket_type: z.enum(['time', 'number']),
      columns: z.array(
        z.object({
          name: z.string(),
          role: z.enum(['time', 'bucket', 'group', 'metric']),
          value_type: z.enum(VALUE_TYPES),
          metric: text,
          aggregation: text,
        }),
      ),
      rows: z.array(z.record(z.string(), cell)),
    }),
  ),
});
export type AgentSpansStatsRequest = z.output<typeof agentSpansStats.request>;

export const agentCustomAttributes = defineRoute({
  method: 'post',
  path: '/agents/spans/custom-attrs/schema',
  tag,
  summary: 'Custom attributes that spans of agents have',
  request: z.object({
    project_id: projectId,
    query: expression,
    ...range,
    limit: page(2000, 200, 1),
    offset,
  }),
  answer: json(
    z.object({
      attributes: z.array(
        z.object({
          source: z.enum(CUSTOM),
          key: z.string(),
          value_type: z.enum(['string', 'int', 'float', 'bool']),
          span_count: count,
        }),
      ),
      limit: count,
      offset: count,
      has_more: z.boolean(),
    }),
  ),
});
export type AgentCustomAttributesRequest = z.output<typeof agentCustomAttributes.request>;

export const agentSearch = defineRoute({
  method: 'post',
  path: '/agents/search',
  tag,
  summary: 'Messages that hold a text, by conversation',
  request: z.object({
    project_id: projectId,
    query: given(z.string().max(32 * 1024)).transform((wanted = '') => wanted),
    trace_id: given(key),
    roles: given(
      z.array(z.enum(['', 'user', 'assistant', 'system', 'tool', 'tool_call', 'tool_result'])).max(20),
    ),
    conversation_id: given(key),
    agent_name: given(key),
    provider_name: given(key),
    request_model: given(key),
    truncate_content: given(z.boolean()).transform((cut = true) => cut),
    ...range,
    limit: page(1000, 20),
    offset,
  }),
  answer: json(
    z.object({
      results: z.array(
        z.object({
          conversation_id: z.string(),
          conversation_name: z.string(),
          agent_name: z.string(),
          matched_messages: z.array(
            z.object({
              span_id: z.string(),
              trace_id: z.string(),
              role: z.string(),
              content_preview: z.string(),
              content_digest: z.string(),
              started_at: z.iso.datetime(),
            }),
          ),
          last_activity: z.iso.datetime(),
        }),
      ),
      total_conversations: count,
    }),
  ),
});
export type AgentSearchRequest = z.output<typeof agentSearch.request>;

const Feedback = z.looseObject({ id: z.string(), feedback_type: z.string(), weave_ref: z.string() });
const feedbackList = z.array(Feedback).nullable();
const ms = count.nullable();
const ChatMessage = z.object({
  type: z.enum(['user_message', 'assistant_message', 'tool_call', 'agent_handoff', 'agent_start', 'context_compacted']), // prettier-ignore
  span_id: text,
  agent_name: text,
  agent_version: text,
  status_code: STATUS.nullable(),
  error_type: text,
  status_message: text,
  started_at: when,
  user_message: z.object({ text: z.string(), content_refs: texts }).nullable(),
  assistant_message: z
    .object({
      text: z.string(),
      model: text,
      reasoning_content: text,
      reasoning_tokens: count.nullable(),
      input_tokens: count.nullable(),
      output_tokens: count.nullable(),
      input_cost_usd: usd,
      output_cost_usd: usd,
      total_cost_usd: usd,
      duration_ms: ms,
      status: STATUS.nullable(),
      content_refs: texts,
    })
    .nullable(),
  tool_call: z
    .object({
      tool_name: text,
      tool_arguments: text,
      tool_result: text,
      duration_ms: ms,
      status: STATUS.nullable(),
      content_refs: texts,
    })
    .nullable(),
  agent_start: z
    .object({ model: text, system_instructions: text, tool_definitions: text, status: STATUS.nullable() })
    .nullable(),
  agent_handoff: z.object({}).nullable(),
  context_compacted: z
    .object({
      compaction_summary: text,
      compaction_items_before: count.nullable(),
      compaction_items_after: count.nullable(),
    })
    .nullable(),
  feedback: feedbackList,
});
const TraceChat = z.object({
  trace_id: z.string(),
  root_span_name: text,
  agent_name: text,
  agent_version: text,
  status_code: STATUS.nullable(),
  provider: text,
  started_at: when,
  ended_at: when,
  wb_user_id: text,
  total_duration_ms: ms,
  total_cost_usd: usd,
  total_input_tokens: count,
  total_output_tokens: count,
  total_reasoning_tokens: count,
  total_cache_creation_input_tokens: count,
  total_cache_read_input_tokens: count,
  messages: z.array(ChatMessage),
  feedback: feedbackList,
});

export const agentTraceChat = defineRoute({
  method: 'post',
  path: '/agents/traces/chat',
  tag,
  summary: 'A trace as a conversation: who said and did what, in order',
  request: z.object({
    project_id: projectId,
    trace_id: key,
    include_feedback: flag,
    include_model_tool_calls: flag,
  }),
  answer: json(TraceChat),
});
export type AgentTraceChatRequest = z.output<typeof agentTraceChat.request>;

export const agentConversationChat = defineRoute({
  method: 'post',
  path: '/agents/conversations/chat',
  tag,
  summary: 'The last turns of a conversation, each with its messages',
  request: z.object({
    project_id: projectId,
    conversation_id: key,
    limit: page(MAX_TURNS, MAX_TURNS),
    offset,
    include_feedback: flag,
    include_model_tool_calls: flag,
  }),
  answer: json(
    z.object({
      conversation_id: z.string(),
      turns: z.array(TraceChat),
      total_turns: count,
      has_more: z.boolean(),
      limit: count,
      offset: count,
      total_cost_usd: usd,
      feedback: feedbackList,
    }),
  ),
});
export type AgentConversationChatRequest = z.output<typeof agentConversationChat.request>;

export const agentConversationSpans = defineRoute({
  method: 'post',
  path: '/agents/conversations/spans',
  tag,
  summary: 'The last spans of each conversation, and the feedback on it',
  request: z.object({
    project_id: projectId,
    conversation_ids: list(key, MAX_QUERY_LIMIT),
    ...range,
  }),
  answer: json(
    z.object({
      conversations: z.array(
        z.object({
          conversation_id: z.string(),
          spans: z.array(
            z.object({
              operation_name: z.string(),
              trace_id: z.string(),
              span_id: z.string(),
              status: STATUS,
              duration_ms: count,
            }),
          ),
          spans_feedback: z.array(
            z.object({
              trace_id: text,
              feedback_type: z.string(),
              tags: texts,
              ratings: z.array(
                z.object({
                  name: z.string(),
                  value: z.number(),
                  reason: text,
                  confidence: z.number().nullable(),
                }),
              ),
            }),
          ),
        }),
      ),
    }),
  ),
});
export type AgentConversationSpansRequest = z.output<typeof agentConversationSpans.request>;

export const AGENT_ROUTES = [
  agentsQuery,
  agentVersionsQuery,
  agentSpansQuery,
  agentSpansStats,
  agentCustomAttributes,
  agentSearch,
  agentTraceChat,
  agentConversationChat,
  agentConversationSpans,
];
