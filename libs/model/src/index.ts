/**
 * The nouns and their wire schemas. Runs in browsers with a `Buffer` (scanner, digests and refs use its `indexOf` and
 * encodings, which plain Uint8Array has no fast form of); imports nothing from Node.
 */
export { abridge } from './abridge.ts';
export { canonicalJson } from './canonical-json.ts';
export { callCompleted, callEnded, callStarted, type CallEnd, type NewCall } from './call-events.ts';
export { CallFramer, type FramedCall } from './call-framer.ts';
export type { CallPart, EndFields, EndGroup, RenameGroup, StartFields, StartGroup } from './call.ts';
export {
  findRefs,
  MAX_DISPLAY_NAME,
  MAX_OP_NAME,
  readCallItem,
  readFramedCall,
  type CallItem,
  type CallItemKind,
} from './call-item.ts';
export {
  CLAIM_COLUMNS,
  claimsByGroup,
  claimStub,
  encodeCallClaims,
  encodeClaim,
  readCallClaims,
  readClaim,
  type CallClaims,
  type Claim,
  type ClaimColumn,
} from './claims.ts';
export { createDigests, digestOfSha256, type Digests, type Sha256 } from './digest.ts';
export { AppError, ERROR_CODES, valueError, type ErrorCode } from './errors.ts';
export { claimedEvent, readClaimedEvent, type ClaimedEvent } from './event-payloads/claimed-event.ts';
export {
  encodeStoredFile,
  readStoredFileEvent,
  type StoredFileRecord,
} from './event-payloads/stored-file.ts';
export { encodeCallUpdated, readCallUpdatedEvent } from './event-payloads/calls.ts';
export {
  agentTarget,
  encodeFeedback,
  NO_SCORED_SPAN,
  NO_SCORER_RESULT,
  readFeedback,
  readFeedbackEvent,
  type FeedbackRecord,
  type Named,
  type ScoredSpan,
  type ScorerResult,
} from './event-payloads/feedback.ts';
export {
  assertAlias,
  assertTag,
  encodeAliases,
  encodeTags,
  readAliasesEvent,
  readTagsEvent,
  type AliasesRecord,
  type TagsRecord,
} from './event-payloads/labels.ts';
export { encodeStoredCall, readStoredCallEvent, type StoredCallFacts } from './event-payloads/stored-call.ts';
export {
  encodeObject,
  objectEventId,
  readObjectEvent,
  type ObjectPayload,
  type ObjectRecord,
} from './event-payloads/objects.ts';
export {
  ANNOTATION_STATES,
  encodeProgress,
  encodeQueue,
  encodeQueueItem,
  readQueueEvent,
  readQueueItemEvent,
  type AnnotationState,
  type ProgressRecord,
  type QueueItemPayload,
  type QueueItemRecord,
  type QueueRecord,
} from './event-payloads/queues.ts';
export {
  encodePrice,
  MAX_LLM_ID,
  readPrice,
  readPriceEvent,
  type PriceRecord,
} from './event-payloads/prices.ts';
export {
  CHUNK_ROWS,
  cutTable,
  encodeTable,
  MAX_TABLE_ROWS,
  orderOf,
  readTableEvent,
  TABLE_EVENT_BYTES,
  type ChunkRef,
  type TableChunk,
  type TableOrder,
  type TableRecord,
  type TableRow,
} from './event-payloads/tables.ts';
export { EVENT_KINDS, MOVED_SPANS, partitionKey, type EventKind, type TraceEvent } from './events.ts';
export { isValidId, newId, parseProjectId, timeOfId } from './ids.ts';
export {
  entriesOf,
  isNumber,
  jsonObject,
  membersOf,
  numberAt,
  textAt,
  textOf,
  valueAt,
  valueAtPath,
} from './json-bytes.ts';
export {
  appendMembers,
  asBuffer,
  asInvalidRequest,
  JsonMembers,
  type JsonMembersOptions,
} from './json-members.ts';
export { JsonScanner, JsonSyntaxError, MAX_JSON_DEPTH, type Span } from './json-scan.ts';
export {
  classifyObject,
  MAX_OBJECT_NAME,
  parseObjectName,
  withBuiltinClass,
  type ObjectClass,
} from './object.ts';
export { createPlaceholderOps, type OpVersion, type PlaceholderOp } from './placeholder-ops.ts';
export { isSecretName, REDACTED, redactAt, redactSecrets, SecretFinder } from './redact.ts';
export {
  formatRef,
  INTERNAL_REF_SCHEME,
  internalizeRef,
  internalProjectId,
  parseRef,
  REF_SCHEME,
  type Ref,
  type RefStep,
} from './refs.ts';
export { hasScoreMark } from './score-mark.ts';
export type { ContentOfLogs, LogContent, SpanLog } from './span-log.ts';
export { formatInstant, MAX_INSTANT_US, MIN_INSTANT_US, nowUs, parseInstant } from './time.ts';
export {
  readModels,
  readUsage,
  toModelUsage,
  USAGE_COUNTS,
  type ModelUsage,
  type UsageCount,
} from './usage.ts';
