import {
  agentBins,
  agentBuckets,
  agentDistribution,
  agentGroups,
  countAgentGroups,
  countAgents,
  listAgents,
} from './agents/groups.ts';
import {
  agentModels,
  conversationEnds,
  conversationSequences,
  conversationTurns,
  countAgentSpans,
  countConversationTurns,
  customAttributes,
  streamAgentSpans,
  streamTraceSpans,
  traceIdentities,
} from './agents/read.ts';
import {
  existingQueueItems,
  queueStats,
  readProgress,
  readQueue,
  streamQueueItems,
  streamQueues,
} from './annotation-queues/read.ts';
import { breakdownCalls, breakdownTokens, topGroups } from './breakdown/read.ts';
import { readChanges } from './calls/changes.ts';
import { descendants } from './calls/descendants.ts';
import { readFacet } from './calls/facets.ts';
import type { LoadClaimed } from './claimed.ts';
import { countCalls, streamCalls } from './calls/read.ts';
import { callStats, usageStats } from './calls/stats.ts';
import { tokenSums } from './calls/token-sums.ts';
import { streamTrace } from './calls/trace.ts';
import { openClickHouse, type StoreOptions } from './clickhouse.ts';
import { priceChanges, pricesOf, streamPrices } from './costs/read.ts';
import { countFeedback, feedbackOf, streamFeedback } from './feedback/read.ts';
import { aggregateFeedback, feedbackSamples, feedbackStats } from './feedback/stats.ts';
import { findFile, streamFileBytes } from './objects/files.ts';
import { countVersions } from './objects/count.ts';
import { findVersions, readObject } from './objects/find.ts';
import { listAliases, listTags } from './objects/labels.ts';
import { streamObjects } from './objects/list.ts';
import { readValues, statObjects } from './objects/values.ts';
import { listProjects, projectStats } from './project-stats.ts';
import { readOrder } from './tables/order.ts';
import { streamTableRows, tableStats } from './tables/read.ts';
import { rowVals } from './tables/rows.ts';
import { summariseSeries } from './series/read.ts';
import { spanCoverage } from './spans/coverage.ts';
import { streamSpans } from './spans/read.ts';
import { storageLedger } from './storage/ledger.ts';
import { isKnownProject, referencedFiles, referencedPayloads } from './storage/references.ts';
import { streamThreads } from './threads/read.ts';
import type { TraceReader } from './trace-store.ts';

export interface TraceReaderOptions extends StoreOptions {
  /** Without it payloads that are blobs cannot be had. */
  readonly loadClaimed?: LoadClaimed | undefined;
}

/** The user needs SELECT on the tables of the database and a profile that lets it set its own limits (`readonly = 2`). */
export function openTraceReader({ loadClaimed: load, ...options }: TraceReaderOptions): TraceReader {
  const db = openClickHouse(options);
  return {
    streamCalls: (query, signal) => streamCalls(db, query, load, signal),
    countCalls: (query, signal) => countCalls(db, query, signal),
    streamTrace: (query, signal) => streamTrace(db, query, signal),
    facet: (query, signal) => readFacet(db, query, signal),
    changedCalls: (query, signal) => readChanges(db, query, signal),
    descendants: (projectId, ids, signal) => descendants(db, projectId, ids, signal),
    readObject: (projectId, objectId, name, parts) => readObject(db, projectId, objectId, name, parts),
    countVersions: (projectId, objectId, kind) => countVersions(db, projectId, objectId, kind),
    findVersions: (projectId, objectId, names) => findVersions(db, projectId, objectId, names),
    streamObjects: (query, signal) => streamObjects(db, query, signal),
    listTags: (projectId) => listTags(db, projectId),
    listAliases: (projectId) => listAliases(db, projectId),
    statObjects: (projectId, keys, signal) => statObjects(db, projectId, keys, signal),
    readValues: (projectId, keys, signal) => readValues(db, projectId, keys, signal),
    streamTableRows: (query, signal) => streamTableRows(db, query, signal),
    tableRows: (projectId, rowDigests) => rowVals(db, projectId, rowDigests),
    tableStats: (projectId, digests, how) => tableStats(db, projectId, digests, how),
    tableOrder: (projectId, digest) => readOrder(db, projectId, digest),
    findFile: (projectId, digest, signal) => findFile(db, projectId, digest, signal),
    streamFileBytes: (projectId, digest, range, signal) =>
      streamFileBytes(db, projectId, digest, range, signal),
    feedbackOf: (projectId, weaveRefs) => feedbackOf(db, projectId, weaveRefs),
    streamFeedback: (query, signal) => streamFeedback(db, query, signal),
    countFeedback: (query) => countFeedback(db, query),
    feedbackStats: (range, metrics, bucketSeconds) => feedbackStats(db, range, metrics, bucketSeconds),
    feedbackSamples: (range, limit, signal) => feedbackSamples(db, range, limit, signal),
    aggregateFeedback: (query, limit) => aggregateFeedback(db, query, limit),
    streamQueues: (query, signal) => streamQueues(db, query, signal),
    readQueue: (projectId, id) => readQueue(db, projectId, id),
    streamQueueItems: (query, signal) => streamQueueItems(db, query, signal),
    existingQueueItems: (projectId, queueId, ids) => existingQueueItems(db, projectId, queueId, ids),
    readProgress: (projectId, queueId, itemId, annotator) =>
      readProgress(db, projectId, queueId, itemId, annotator),
    queueStats: (projectId, queueIds) => queueStats(db, projectId, queueIds),
    streamPrices: (query, signal) => streamPrices(db, query, signal),
    pricesOf: (projectId, models) => pricesOf(db, projectId, models),
    priceChanges: (projectId, fromUs, toUs) => priceChanges(db, projectId, fromUs, toUs),
    callStats: (range, metrics) => callStats(db, range, metrics),
    usageStats: (range, metrics, limit) => usageStats(db, range, metrics, limit),
    tokenSums: (range, changesUs, limit) => tokenSums(db, range, changesUs, limit),
    topGroups: (query, order, limit, signal) => topGroups(db, query, order, limit, signal),
    breakdownCalls: (query, groups, withBuckets, signal) =>
      breakdownCalls(db, query, groups, withBuckets, signal),
    breakdownTokens: (query, groups, changesUs, limit, signal) =>
      breakdownTokens(db, query, groups, changesUs, limit, signal),
    streamThreads: (query, signal) => streamThreads(db, query, signal),
    listAgents: (query) => listAgents(db, query),
    countAgents: (query) => countAgents(db, query),
    streamAgentSpans: (query, signal) => streamAgentSpans(db, query, load, signal),
    countAgentSpans: (query) => countAgentSpans(db, query),
    traceIdentities: (projectId, traceIds) => traceIdentities(db, projectId, traceIds),
    agentModels: (query, limit) => agentModels(db, query, limit),
    agentGroups: (query) => agentGroups(db, query),
    countAgentGroups: (query) => countAgentGroups(db, query),
    agentDistribution: (query, groups, of) => agentDistribution(db, query, groups, of),
    agentBuckets: (query, limit) => agentBuckets(db, query, limit),
    agentBins: (query) => agentBins(db, query),
    customAttributes: (query, limit, offset) => customAttributes(db, query, limit, offset),
    streamTraceSpans: (projectId, traceIds, limit, conversationId, signal) =>
      streamTraceSpans(db, projectId, traceIds, limit, load, conversationId, signal),
    conversationTurns: (projectId, conversationId, limit, offset) =>
      conversationTurns(db, projectId, conversationId, limit, offset),
    countConversationTurns: (projectId, conversationId) =>
      countConversationTurns(db, projectId, conversationId),
    conversationEnds: (scope) => conversationEnds(db, scope, load),
    conversationSequences: (scope, perConversation) => conversationSequences(db, scope, perConversation),
    streamSpans: (query, signal) => streamSpans(db, query, load, signal),
    spanCoverage: (range, limit, signal) => spanCoverage(db, range, limit, signal),
    summariseSeries: (query, signal) => summariseSeries(db, query, signal),
    projects: (options, signal) => listProjects(db, options, signal),
    projectStats: (projectId, kinds) => projectStats(db, projectId, kinds),
    isKnownProject: (projectId, signal) => isKnownProject(db, projectId, signal),
    referencedFiles: (projectId, digests, signal) => referencedFiles(db, projectId, digests, signal),
    referencedPayloads: (projectId, digests, signal) => referencedPayloads(db, projectId, digests, signal),
    storageLedger: (query, signal) => storageLedger(db, query, signal),
    async ping() {
      await db.all({ sql: 'SELECT 1' }, (row) => row.uint8());
    },
    close: () => db.close(),
  };
}
