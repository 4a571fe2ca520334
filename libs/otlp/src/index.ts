export { encodeSpans } from './encode-spans.ts';
export { type FieldName, type Framework, type Source } from './fields.ts';
export { FRAMEWORKS } from './frameworks/index.ts';
export { contentOfLogs } from './logs/content-of-logs.ts';
export { evaluationsOf, type Evaluation } from './logs/evaluation.ts';
export { readLogs, type ReadLog, type ReadLogs } from './logs/read-logs.ts';
export { splitLogsRequest, type LogGroup, type SplitLogs } from './logs/split-logs.ts';
export { MAPPING_VERSION } from './mapping-version.ts';
export { opShortName } from './op-name.ts';
export { otelSpanJson, readStoredSpan, type StoredSpan } from './otel-span.ts';
export { readDump } from './read-dump.ts';
export { readSpans, type ReadSpans } from './read.ts';
export {
  CONTENT_TYPES,
  describeRejected,
  encodeExportResponse,
  encodeStatus,
  encodingOf,
  RPC_CODES,
  type PartialSuccess,
  type RpcStatus,
  type Signal,
} from './responses.ts';
export { spanToCall, type SpanCall, type SpanToCallOptions } from './span-to-call.ts';
export {
  KeyValues,
  type Encoding,
  type Instant,
  type OtlpEvent,
  type OtlpLink,
  type OtlpResource,
  type OtlpScope,
  type OtlpSpan,
  type RejectedSpan,
  type Value,
} from './span.ts';
export { splitTraceRequest, type SpanGroup, type SplitOptions, type SplitRequest } from './split.ts';
