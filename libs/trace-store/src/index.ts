export { fold, foldParts, rowVersion, type CallState } from './calls/fold.ts';
export { partVersion } from './calls/version.ts';
export type { StoreOptions } from './clickhouse.ts';
export { storeOptions, traceStoreEnv, type TraceStoreEnv } from './env.ts';
export { migrate } from './migrate.ts';
export { openTraceReader } from './reader.ts';
export {
  CALL_SORT_FIELDS,
  emptyBatch,
  type CallPayload,
  type CallsFilter,
  type CallSortField,
  type CallsQuery,
  type CallStatus,
  type FeedbackWrite,
  type FileWrite,
  type ObjectWrite,
  type RejectedRow,
  type StoredCall,
  type StoredObject,
  type TableRowWrite,
  type TableWrite,
  type TraceReader,
  type TraceWriter,
  type WriteBatch,
  type WriteRows,
} from './trace-store.ts';
export { openTraceWriter, type TraceWriterOptions } from './writer.ts';
