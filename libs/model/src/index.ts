/**
 * The nouns and their wire schemas. Runs in browsers with a `Buffer` (scanner, digests and refs use its `indexOf` and
 * encodings, which plain Uint8Array has no fast form of); imports nothing from Node.
 */
export { canonicalJson } from './canonical-json.ts';
export { CallFramer, type FramedCall } from './call-framer.ts';
export {
  findRefs,
  MAX_DISPLAY_NAME,
  MAX_OP_NAME,
  readCallItem,
  readFramedCall,
  type CallItem,
  type CallItemKind,
  type CallPart,
  type EndFields,
  type EndGroup,
  type RenameGroup,
  type StartFields,
  type StartGroup,
} from './call.ts';
export { createDigests, type Digests, type Sha256 } from './digest.ts';
export { AppError, ERROR_CODES, type ErrorCode } from './errors.ts';
export {
  encodeCallUpdated,
  encodeFeedback,
  encodeObject,
  encodeTable,
  objectEventId,
  readCallUpdatedEvent,
  readFeedback,
  readFeedbackEvent,
  readObjectEvent,
  readTableEvent,
  TABLE_EVENT_BYTES,
  type FeedbackRecord,
  type ObjectPayload,
  type ObjectRecord,
  type TableRecord,
  type TableRow,
} from './event-payloads.ts';
export { EVENT_KINDS, partitionKey, type EventKind, type TraceEvent } from './events.ts';
export { isValidId, newId, parseProjectId, timeOfId } from './ids.ts';
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
export { formatInstant, MAX_INSTANT_US, MIN_INSTANT_US, nowUs, parseInstant } from './time.ts';
