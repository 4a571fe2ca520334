export {
  findRefs,
  MAX_DISPLAY_NAME,
  MAX_OP_NAME,
  readCallItem,
  type CallItem,
  type CallItemKind,
  type CallPart,
  type EndFields,
  type EndGroup,
  type RenameGroup,
  type StartFields,
  type StartGroup,
} from './call.ts';
export { AppError, ERROR_CODES, type ErrorCode } from './errors.ts';
export { EVENT_KINDS, partitionKey, type EventKind, type TraceEvent } from './events.ts';
export { isValidId, newId, parseProjectId, timeOfId } from './ids.ts';
export { JsonScanner, JsonSyntaxError, MAX_JSON_DEPTH, type Span } from './json-scan.ts';
export { formatInstant, MAX_INSTANT_US, MIN_INSTANT_US, nowUs, parseInstant } from './time.ts';
