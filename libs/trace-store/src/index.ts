export {
  AGENT_ATTRIBUTES,
  KNOWN_AGENT_KEYS,
  OPERATION_PREFIXES,
  type AgentAttribute,
} from './agents/attributes.ts';
export {
  agentColumn,
  agentColumnType,
  agentField,
  CUSTOM_SOURCES,
  CUSTOM_TYPE,
  type AgentValueType,
  type CustomSource,
} from './agents/fields.ts';
export { COST_COLUMNS } from './agents/relation.ts';
export {
  AGENT_GROUP_FIGURES,
  AGENT_GROUP_LISTS,
  AGENT_SORT_FIELDS,
  DERIVED_VALUES,
  type AgentAggregation,
  type AgentBinsQuery,
  type AgentBound,
  type AgentBucketsQuery,
  type AgentCell,
  type AgentFilter,
  type AgentGroup,
  type AgentGroupsQuery,
  type AgentMeasure,
  type AgentPrices,
  type AgentReads,
  type AgentScope,
  type AgentSignals,
  type AgentSortField,
  type AgentSpansQuery,
  type AgentsQuery,
  type AgentValue,
  type StoredAgent,
  type StoredAgentSpan,
  type TraceIdentity,
} from './agents/types.ts';
export { measureType, valueType } from './agents/values.ts';
export { rowOfCall } from './calls/evaluate-row.ts';
export type { CallChange, ChangeReads } from './calls/changes.ts';
export type { Facet, FacetField, FacetQuery, FacetReads } from './calls/facets.ts';
export { callFields } from './calls/fields.ts';
export type { FinishedCall } from './calls/finished.ts';
export { fold, foldParts, rowVersion, type CallState } from './calls/fold.ts';
export { lowestSpanVersion, mappingOf, partVersion, spanVersion } from './calls/version.ts';
export type { StoreOptions } from './clickhouse.ts';
export { storeOptions, traceStoreEnv, type TraceStoreEnv } from './env.ts';
export type { ClusterOptions } from './cluster.ts';
export {
  assertMigrated,
  migrate,
  migrationStatus,
  renderMigrations,
  type MigrateOptions,
  type MigrationStatus,
} from './migrate.ts';
export type {
  AliasWrite,
  ObjectKey,
  ObjectReads,
  ObjectsFilter,
  ObjectsQuery,
  ObjectStat,
  ObjectValue,
  StoredObject,
  TagWrite,
} from './objects/types.ts';
export type { ByteRange, FileReads, StoredFile } from './objects/files.ts';
export type { ScopeCoverage, SpanCounts, SpanKey, SpanReads, SpanRow, SpansQuery } from './spans/types.ts';
export { feedbackField } from './feedback/fields.ts';
export type {
  FeedbackAggregateQuery,
  FeedbackAggregation,
  FeedbackDimension,
  FeedbackMetric,
  FeedbackPurge,
  FeedbackQuery,
  FeedbackRange,
  FeedbackReads,
  FeedbackValueType,
  FeedbackWrite,
} from './feedback/types.ts';
export {
  QUEUE_ITEM_SORT_FIELDS,
  QUEUE_SORT_FIELDS,
  type ProgressWrite,
  type QueueItemsQuery,
  type QueueItemWrite,
  type QueuesQuery,
  type QueueStats,
  type QueueReads,
  type QueueWrite,
  type StoredQueue,
  type StoredQueueItem,
} from './annotation-queues/types.ts';
export type {
  Aggregation,
  CallMetric,
  CallStatsRow,
  Metric,
  StatsRange,
  StatsReads,
  TokenMetric,
  TokenSums,
  UsageStatsRow,
} from './calls/stats-types.ts';
export type {
  BreakdownCalls,
  BreakdownDimension,
  BreakdownGroup,
  BreakdownQuery,
  BreakdownReads,
  BreakdownTokens,
} from './breakdown/types.ts';
export type { CallSeries, ScoreSeries, SeriesQuery, SeriesReads, SeriesSummary } from './series/types.ts';
export type { LedgerQuery, ProjectLedger, StorageReads, Stored } from './storage/types.ts';
export { priceField } from './costs/fields.ts';
export type { CostReads, PricePurge, PriceQuery, StoredPrice } from './costs/types.ts';
export type { ProjectReads, ProjectStats, StorageKind } from './project-stats.ts';
export {
  THREAD_SORT_FIELDS,
  type StoredThread,
  type ThreadReads,
  type ThreadsQuery,
  type ThreadSortField,
} from './threads/types.ts';
export type { LoadClaimed, OpenClaim } from './claimed.ts';
export { openTraceReader, type TraceReaderOptions } from './reader.ts';
export {
  storeReport,
  type DiskReport,
  type Known,
  type ReplicaReport,
  type StoreReport,
  type TableReport,
} from './report.ts';
export {
  emptyBatch,
  newTally,
  type CallPayload,
  type CallsFilter,
  type CallSortField,
  type CallsQuery,
  type CallStatus,
  type FileWrite,
  type ObjectWrite,
  type RejectedRow,
  type StoredCall,
  type TraceReader,
  type TraceWriter,
  type WriteBatch,
  type WriteGuard,
  type WriteRows,
  type WriteTally,
} from './trace-store.ts';
export type {
  StoredChunk,
  StoredTableRow,
  TableChunkWrite,
  TableQuery,
  TableReads,
  TableRowWrite,
  TableStats,
  TableWrite,
} from './tables/types.ts';
export { openTraceWriter, type TraceWriterOptions } from './writer.ts';
