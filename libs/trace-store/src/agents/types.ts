import type { Expr } from '@weft/query-language';
import type { OpenClaim } from '../claimed.ts';
import type { AgentValueType, CustomSource } from './fields.ts';

/** Which calls are looked at at all. */
export interface AgentScope {
  readonly projectId: string;
  /** Half-open. */
  readonly afterUs?: number | undefined;
  readonly beforeUs?: number | undefined;
  readonly traceIds?: readonly string[] | undefined;
  readonly conversationIds?: readonly string[] | undefined;
}

/** What a model's tokens cost, per token. */
export type AgentPrices = readonly {
  readonly model: string;
  readonly input: number;
  readonly output: number;
  readonly cacheRead: number;
  readonly cacheCreation: number;
}[];

export interface AgentFilter extends AgentScope {
  /** Fields as `agentField` knows them. */
  readonly where?: Expr | undefined;
}

export type SortDirection = 'asc' | 'desc';

/** A value of a span: a column (`agentColumn`), a figure made of columns, or a custom attribute. */
export type AgentValue =
  | { readonly kind: 'column'; readonly column: string }
  | { readonly kind: 'derived'; readonly key: DerivedValue }
  | { readonly kind: 'custom'; readonly source: CustomSource; readonly key: string };

export const DERIVED_VALUES = [
  'duration_ms',
  'total_tokens',
  'is_error',
  'is_invocation',
  'total_cost_usd',
  'input_cost_usd',
  'output_cost_usd',
] as const;
export type DerivedValue = (typeof DERIVED_VALUES)[number];

export interface AgentSpansQuery extends AgentFilter {
  /** Default: the newest first. Trace and id of the span break ties. */
  readonly sort: readonly { readonly by: AgentValue | { readonly kind: 'cost'; readonly column: string }; readonly direction: SortDirection }[];
  readonly limit: number;
  readonly offset: number;
  /** Needed to sort by costs. */
  readonly prices?: AgentPrices | undefined;
  /** Conditions on the agent and the conversation see what spans have from their trace. Default true. */
  readonly attributed?: boolean;
  /** False leaves messages and other long texts out. */
  readonly details: boolean;
  /** Letters and digits that have to be somewhere in the messages. */
  readonly word?: string | undefined;
} // prettier-ignore

/** A span as it was sent, and what its trace says of it. */
export interface StoredAgentSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentId: string | null;
  /** Empty = none. */
  readonly conversationId: string;
  readonly startedAtUs: number;
  readonly endedAtUs: number;
  readonly userId: string;
  readonly runId: string;
  readonly runStep: number;
  readonly runStepEnd: number;
  /** For `otelSpanJson`. */
  readonly otelDump: Uint8Array;
  /** Empty without details, and where they are blobs that cannot be had or are too large for what was asked. */
  readonly inputs: Uint8Array;
  readonly output: Uint8Array;
  /** On those of them that are not whole here. */
  readonly claims: readonly OpenClaim[];
}

/** Whom the spans of a trace belong to that do not say it. */
export interface TraceIdentity {
  readonly agentName: string;
  readonly agentVersion: string;
  readonly agentId: string;
  readonly conversationId: string;
}

export type AgentAggregation =
  'sum' | 'avg' | 'min' | 'max' | 'count' | 'count_distinct' | 'count_true' | 'count_false';

export interface AgentMeasure {
  /** Undefined for a count of spans. */
  readonly value?: AgentValue | undefined;
  /** Or a percentile, 0 to 100. */
  readonly aggregation: AgentAggregation | number;
  readonly filter?: Expr | undefined;
}

/** Null = no value. Instants are microseconds. */
export type AgentCell = string | number | boolean | null;

export interface AgentBound {
  readonly measure: AgentMeasure;
  readonly min?: number | undefined;
  readonly max?: number | undefined;
}

/** Conversations are left out unless feedback on them has all of this. */
export interface AgentSignals {
  readonly tags: readonly string[];
  readonly ratings: readonly { readonly key: string; readonly op: 'gte' | 'gt' | 'lte' | 'lt' | 'eq'; readonly value: number }[];
} // prettier-ignore

export interface AgentGroupsQuery extends AgentFilter {
  readonly groupBy: readonly AgentValue[];
  readonly measures: readonly AgentMeasure[];
  readonly bounds: readonly AgentBound[];
  readonly signals?: AgentSignals | undefined;
  /** By a figure of `AGENT_GROUP_FIGURES`, a place in `groupBy` or in `measures`, or a cost. Default: last seen first. */
  readonly sort: readonly { readonly by: string | { readonly group: number } | { readonly measure: number }; readonly direction: SortDirection }[];
  readonly limit: number;
  readonly offset: number;
  readonly prices?: AgentPrices | undefined;
} // prettier-ignore

export const AGENT_GROUP_FIGURES = [
  'span_count',
  'invocation_count',
  'conversation_count',
  'total_input_tokens',
  'total_cache_creation_input_tokens',
  'total_cache_read_input_tokens',
  'total_output_tokens',
  'total_reasoning_tokens',
  'total_duration_ms',
  'error_count',
] as const;
export type AgentGroupFigure = (typeof AGENT_GROUP_FIGURES)[number];
export const AGENT_GROUP_LISTS = [
  'agent_names',
  'agent_versions',
  'provider_names',
  'request_models',
  'conversation_names',
] as const;
export type AgentGroupList = (typeof AGENT_GROUP_LISTS)[number];

export interface AgentGroup {
  readonly keys: readonly AgentCell[];
  readonly figures: Readonly<Record<AgentGroupFigure, number>>;
  readonly lists: Readonly<Record<AgentGroupList, readonly string[]>>;
  readonly firstSeenUs: number;
  readonly lastSeenUs: number;
  /** Total, input, output; null = no model has a price, or none was asked for. */
  readonly costs: readonly (number | null)[];
  readonly measures: readonly AgentCell[];
}

export interface AgentDistribution {
  readonly value: AgentValue & { readonly kind: 'custom' };
  readonly bins: number;
  readonly topN: number;
}

/** Values of one custom attribute in one group. */
export interface AgentDistributionRow {
  /** As text; null as ''. */
  readonly group: string;
  readonly present: number;
  readonly count: number;
  /** Of numbers: their bin and its edges. */
  readonly index: number;
  readonly min: number;
  readonly max: number;
  /** Of others. */
  readonly text: string;
}

export interface AgentBucketsQuery extends AgentFilter {
  readonly afterUs: number;
  readonly beforeUs: number;
  /** Ascending, microseconds. */
  readonly bucketStartsUs: readonly number[];
  readonly groupBy: readonly AgentValue[];
  /** Groups of most spans. */
  readonly groupLimit: number;
  readonly measures: readonly AgentMeasure[];
  /** Only spans of groups that keep within bounds; one group after the other. */
  readonly among: readonly { readonly groupBy: readonly AgentValue[]; readonly bound: AgentBound }[];
  readonly signals?: AgentSignals | undefined;
  readonly prices?: AgentPrices | undefined;
}

export interface AgentBucket {
  readonly startUs: number;
  readonly group: readonly AgentCell[];
  readonly measures: readonly AgentCell[];
}

export interface AgentBinsQuery extends AgentFilter {
  readonly bins: number;
  readonly min?: number | undefined;
  readonly max?: number | undefined;
  /** What is counted into bins: a value of each span, or a measure of each group. */
  readonly of:
    | { readonly value: AgentValue }
    | { readonly groupBy: readonly AgentValue[]; readonly measure: AgentMeasure; readonly bounds: readonly AgentBound[] };
  readonly measures: readonly AgentMeasure[];
  readonly signals?: AgentSignals | undefined;
  readonly prices?: AgentPrices | undefined;
} // prettier-ignore

export interface AgentBins {
  /** Null = there are no values. */
  readonly range: { readonly min: number; readonly max: number } | null;
  /** Those that have values. */
  readonly bins: readonly { readonly index: number; readonly measures: readonly AgentCell[] }[];
}

export const AGENT_SORT_FIELDS = [
  'last_seen',
  'first_seen',
  'invocation_count',
  'span_count',
  'total_input_tokens',
  'error_count',
] as const;
export type AgentSortField = (typeof AGENT_SORT_FIELDS)[number];

export interface AgentsQuery {
  readonly projectId: string;
  /** Undefined = agents; else the versions of this one. */
  readonly versionsOf?: string | undefined;
  readonly agentName?: string | undefined;
  /** Default: last seen first. The name breaks ties. */
  readonly sort: readonly { readonly field: AgentSortField; readonly direction: SortDirection }[];
  readonly limit: number;
  readonly offset: number;
  readonly prices?: AgentPrices | undefined;
}

/** An agent, or a version of one, told by the spans that name it. */
export interface StoredAgent {
  /** Of the agent or the version. */
  readonly name: string;
  readonly invocationCount: number;
  readonly spanCount: number;
  readonly errorCount: number;
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly durationMs: number;
  readonly firstSeenUs: number;
  readonly lastSeenUs: number;
  readonly costUsd: number | null;
}

/** Where a conversation begins and ends. */
export interface ConversationEnds {
  readonly conversationId: string;
  /** The first span with input messages. */
  readonly first: StoredAgentSpan | undefined;
  /** The last one with output messages. */
  readonly last: StoredAgentSpan | undefined;
}

/** One span in the sequence of a conversation. */
export interface SequenceSpan {
  readonly conversationId: string;
  readonly operationName: string;
  readonly traceId: string;
  readonly spanId: string;
  readonly statusCode: string;
  readonly durationMs: number;
}

export interface CustomAttribute {
  readonly source: CustomSource;
  readonly key: string;
  readonly spanCount: number;
}

/** Spans of agents: calls made of OTLP spans that have attributes of the GenAI conventions. */
export interface AgentReads {
  listAgents(query: AgentsQuery): Promise<StoredAgent[]>;
  countAgents(query: Pick<AgentsQuery, 'projectId' | 'versionsOf' | 'agentName'>): Promise<number>;
  /** Rows in order, in pages. */
  streamAgentSpans(query: AgentSpansQuery, signal?: AbortSignal): AsyncIterable<readonly StoredAgentSpan[]>;
  countAgentSpans(query: AgentFilter): Promise<number>;
  traceIdentities(projectId: string, traceIds: readonly string[]): Promise<ReadonlyMap<string, TraceIdentity>>;
  /** Models of the spans that match, at most `limit`. */
  agentModels(query: AgentFilter, limit: number): Promise<string[]>;
  agentGroups(query: AgentGroupsQuery): Promise<AgentGroup[]>;
  countAgentGroups(query: AgentGroupsQuery): Promise<number>;
  /** Values of `of` in each of the groups. */
  agentDistribution(query: AgentGroupsQuery, groups: readonly string[], of: AgentDistribution): Promise<AgentDistributionRow[]>;
  agentBuckets(query: AgentBucketsQuery, limit: number): Promise<AgentBucket[]>;
  agentBins(query: AgentBinsQuery): Promise<AgentBins>;
  customAttributes(query: AgentFilter, limit: number, offset: number): Promise<CustomAttribute[]>;
  /** All spans of these traces that were made of OTLP spans, oldest first; of a conversation those of others are left out. */
  streamTraceSpans(projectId: string, traceIds: readonly string[], limit: number, conversationId?: string, signal?: AbortSignal): AsyncIterable<readonly StoredAgentSpan[]>;
  /** Traces of a conversation, the newest first. */
  conversationTurns(projectId: string, conversationId: string, limit: number, offset: number): Promise<string[]>;
  countConversationTurns(projectId: string, conversationId: string): Promise<number>;
  conversationEnds(scope: AgentScope & { readonly conversationIds: readonly string[] }): Promise<ConversationEnds[]>;
  /** The last `perConversation` spans of each, oldest first. */
  conversationSequences(scope: AgentScope & { readonly conversationIds: readonly string[] }, perConversation: number): Promise<SequenceSpan[]>;
} // prettier-ignore

export type { AgentValueType, CustomSource };
