/** The wire contract: every route with its request and answer, and the OpenAPI document made of them. */
export { flag, given, limit, offset, projectId, strings } from './members.ts';
export { openApiDocument, type OpenApiInfo } from './openapi.ts';
export {
  bytes,
  defineRoute,
  hasProjectInPath,
  json,
  lines,
  pathMembers,
  toExpressPath,
  type Answer,
  type Method,
  type RouteSpec,
} from './route-spec.ts';
export { ROUTES } from './routes.ts';
export { traceRead, type TraceReadRequest } from './routes/trace.ts';
export {
  agentConversationChat,
  agentConversationSpans,
  agentCustomAttributes,
  agentSearch,
  agentSpansQuery,
  agentSpansStats,
  agentsQuery,
  agentTraceChat,
  agentVersionsQuery,
  type AgentConversationChatRequest,
  type AgentConversationSpansRequest,
  type AgentCustomAttributesRequest,
  type AgentGroupFilterSpec,
  type AgentGroupRef,
  type AgentMeasureSpec,
  type AgentMetricSpec,
  type AgentSearchRequest,
  type AgentSpansRequest,
  type AgentSpansStatsRequest,
  type AgentsRequest,
  type AgentTraceChatRequest,
  type AgentValueRef,
  type AgentVersionsRequest,
} from './routes/agents.ts';
export {
  Call,
  callRead,
  callsDelete,
  CallsFilter,
  callsQuery,
  callsQueryStats,
  callsStreamQuery,
  SortBy,
  type CallReadRequest,
  type CallsDeleteRequest,
  type CallsQueryRequest,
  type CallsStatsRequest,
} from './routes/calls.ts';
export {
  completionsCreate,
  completionsCreateStream,
  modelsList,
  type CompletionInputs,
  type CompletionRequest,
} from './routes/completions.ts';
export {
  evalResultsPage,
  evalResultsQuery,
  evaluationRunCreate,
  evaluationRunDelete,
  evaluationRunFinish,
  evaluationRunList,
  evaluationRunRead,
  predictionCreate,
  predictionDelete,
  predictionFinish,
  predictionList,
  predictionRead,
  scoreCreate,
  scoreDelete,
  scoreList,
  scoreRead,
  type EvalResultsFilter,
  type EvalResultsQuery,
  type EvalResultsSort,
  type EvalResultsSummary,
} from './routes/evaluations.ts';
export {
  costCreate,
  costPurge,
  costQuery,
  type CostPurgeRequest,
  type CostQueryRequest,
} from './routes/costs.ts';
export { fileContent, fileDownload, type FileContentRequest } from './routes/files.ts';
export { filesStats, projectsList, projectStats, type ProjectStatsRequest } from './routes/projects.ts';
export { callsBreakdown, type CallsBreakdownRequest } from './routes/breakdown.ts';
export { pipelineRead } from './routes/pipeline.ts';
export { threadsStreamQuery, type ThreadsRequest } from './routes/threads.ts';
export {
  CALL_METRICS,
  callsStats,
  callsUsage,
  COST_METRICS,
  TOKEN_METRICS,
  traceUsage,
  type CallsStatsBucketsRequest,
  type CallsUsageRequest,
  type TraceUsageRequest,
} from './routes/usage.ts';
export {
  aliasesList,
  aliasesRemove,
  aliasesSet,
  tagsAdd,
  tagsList,
  tagsRemove,
  type AliasesRemoveRequest,
  type AliasesSetRequest,
  type TagsRequest,
} from './routes/labels.ts';
export {
  objDelete,
  ObjectVersion,
  objRead,
  objsQuery,
  type ObjDeleteRequest,
  type ObjectsFilter,
  type ObjsQueryRequest,
} from './routes/objects.ts';
export { refsReadBatch, type RefsReadRequest } from './routes/refs.ts';
export {
  datasets,
  evaluations,
  models,
  ops,
  scorers,
  type TypedListRequest,
} from './routes/typed-objects.ts';
export {
  TableRow,
  tableCreate,
  tableCreateFromDigests,
  tableQuery,
  tableQueryStats,
  tableQueryStatsBatch,
  tableQueryStream,
  tableUpdate,
  type TableQueryRequest,
} from './routes/tables.ts';
export { otelCoverage, remap, type OtelCoverageRequest, type RemapRequest } from './routes/spans.ts';
export { storageCheck, storageGc, storageUsage, type StorageGcRequest } from './routes/storage.ts';
export { ingestSamplingRead, openApi, sensitiveDataSettings, ttlSettingsRead } from './routes/service.ts';
export {
  annotationQueueAddCalls,
  annotationQueueCreate,
  annotationQueueDelete,
  annotationQueueItemsQuery,
  annotationQueueProgress,
  annotationQueueRead,
  annotationQueuesQuery,
  annotationQueuesStats,
  annotationQueueUpdate,
  type AnnotationQueueAddCallsRequest,
  type AnnotationQueueCreateRequest,
  type AnnotationQueueItemsQueryRequest,
  type AnnotationQueueProgressRequest,
  type AnnotationQueueRequest,
  type AnnotationQueuesQueryRequest,
  type AnnotationQueuesStatsRequest,
  type AnnotationQueueUpdateRequest,
} from './routes/annotation-queues.ts';
export {
  feedbackAggregate,
  feedbackBatchCreate,
  feedbackCreate,
  feedbackPayloadSchema,
  feedbackPurge,
  feedbackQuery,
  feedbackReplace,
  feedbackStats,
  type FeedbackAggregateRequest,
  type FeedbackBatchCreateRequest,
  type FeedbackCreateRequest,
  type FeedbackMetricSpec,
  type FeedbackPayloadSchemaRequest,
  type FeedbackPurgeRequest,
  type FeedbackQueryRequest,
  type FeedbackReplaceRequest,
  type FeedbackStatsRequest,
} from './routes/feedback.ts';
export {
  callsExport,
  callsFacets,
  callsFields,
  callsLive,
  EXPORT_FORMATS,
  type CallsExportRequest,
  type CallsFacetsRequest,
  type CallsFieldsRequest,
  type CallsLiveRequest,
} from './routes/calls-list.ts';
export {
  callsPage,
  chatRead,
  ChatOfCall,
  sessionCreate,
  keysRead,
  sessionDelete,
  sessionRead,
  type CallsPageRequest,
  type ChatReadRequest,
} from './routes/weft.ts';
export {
  budgetSet,
  budgetSetPost,
  budgetsRead,
  callsScore,
  deadDrop,
  deadJobs,
  deadRevive,
  monitorsLedger,
  monitorsLedgerGet,
  monitorsScore,
  ONLINE_EVAL_OFF,
  SCORING_ROUTES,
  scoringJob,
  type BudgetSetRequest,
  type CallsScoreRequest,
  type LedgerRequest,
  type MonitorsScoreRequest,
  type WhichDead,
} from './routes/scoring.ts';
