export { type FieldName, type Framework, type Source } from './fields.ts';
export { FRAMEWORKS } from './frameworks/index.ts';
export { opShortName } from './op-name.ts';
export { otelSpanJson } from './otel-span.ts';
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
