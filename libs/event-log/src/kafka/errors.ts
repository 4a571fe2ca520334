import { AppError } from '@weft/model';
import type { KafkaJSProtocolError } from 'kafkajs';

/** A chain of causes, outermost first. The client wraps errors in errors. */
function* chain(error: unknown): Generator<Error> {
  for (let one = error, depth = 0; one instanceof Error && depth < 10; one = one.cause, depth++) yield one;
}

/** Kafka's name of the error (`NOT_LEADER_FOR_PARTITION`), or undefined if a broker did not say one. */
export function kafkaErrorType(error: unknown): string | undefined {
  for (const one of chain(error)) {
    const { type } = one as Partial<KafkaJSProtocolError>;
    if (typeof type === 'string') return type;
  }
  return undefined;
}

/** Whether the client's class of error, or one that it wraps, has this name. */
export function isKafkaError(error: unknown, name: string): boolean {
  for (const one of chain(error)) if (one.name === name) return true;
  return false;
}

const FORBIDDEN = new Set([
  'TOPIC_AUTHORIZATION_FAILED',
  'GROUP_AUTHORIZATION_FAILED',
  'CLUSTER_AUTHORIZATION_FAILED',
  'SASL_AUTHENTICATION_FAILED',
  'UNSUPPORTED_SASL_MECHANISM',
]);

/** The credentials are refused, or allow too little: repeating does not help. */
export function isRefused(error: unknown): boolean {
  return isKafkaError(error, 'KafkaJSSASLAuthenticationError') || FORBIDDEN.has(kafkaErrorType(error) ?? '');
}

const TOO_LARGE = new Set(['MESSAGE_TOO_LARGE', 'RECORD_LIST_TOO_LARGE', 'INVALID_FETCH_SIZE']);

export function isTooLarge(error: unknown): boolean {
  return TOO_LARGE.has(kafkaErrorType(error) ?? '');
}

/** A record in a codec that this process can't read. */
export function isUnknownCodec(error: unknown): boolean {
  return isKafkaError(error, 'KafkaJSNotImplemented');
}

const OUTAGE = new Set([
  'KafkaJSConnectionError',
  'KafkaJSConnectionClosedError',
  'KafkaJSRequestTimeoutError',
  'KafkaJSBrokerNotFound',
  'KafkaJSGroupCoordinatorNotFound',
  'KafkaJSNoBrokerAvailableError',
  'KafkaJSLockTimeout',
  'KafkaJSTopicMetadataNotLoaded',
  'KafkaJSMetadataNotLoaded',
]);

/** Kafka, or the way to it, is away for some time: what is repeated long enough will work. */
export function isOutage(error: unknown): boolean {
  if (error instanceof AppError) return error.code === 'log_unavailable';
  for (const one of chain(error)) {
    const { retriable, code } = one as { readonly retriable?: unknown; readonly code?: unknown };
    if (OUTAGE.has(one.name) || typeof code === 'string') return true;
    if (kafkaErrorType(one) !== undefined && retriable === true) return true;
  }
  return false;
}

/** The group goes on without this member: its partitions are others' already. */
export function isExpelled(error: unknown): boolean {
  return EXPELLED.has(kafkaErrorType(error) ?? '');
}

const EXPELLED = new Set(['ILLEGAL_GENERATION', 'UNKNOWN_MEMBER_ID']);

/** The group comes together anew, or elsewhere: join again. */
export function isRejoin(error: unknown): boolean {
  const type = kafkaErrorType(error) ?? '';
  return type === 'REBALANCE_IN_PROGRESS' || type === 'NOT_COORDINATOR_FOR_GROUP' || EXPELLED.has(type);
}

/** What a vendor's error is to our callers. An AppError stays what it is. */
export function toAppError(error: unknown, doing: string): AppError {
  if (error instanceof AppError) return error;
  const what = kafkaErrorType(error) ?? (error as Error | undefined)?.name ?? 'unknown error';
  if (isTooLarge(error))
    return new AppError('request_too_large', `${doing}: larger than Kafka's topic takes`, { cause: error });
  return new AppError('log_unavailable', `${doing}: Kafka answers ${what}`, { cause: error });
}
