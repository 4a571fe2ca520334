import { AppError, type SpanLog } from '@weft/model';
import { JsonWriter } from '../json-writer.ts';
import { readEnvelopes } from '../read-envelopes.ts';
import { idProblem } from '../read.ts';
import type { OtlpResource, OtlpScope, RejectedSpan } from '../span.ts';
import { evaluationOf, type Evaluation } from './evaluation.ts';
import { finishDump, hashOf, MAX_LOG_BYTES, timeOf, writeContent } from './log-dump.ts';
import { eventNameOf, readLogRecord, type LogRecord } from './log-record.ts';

/** A record and the span it belongs to. */
export interface ReadLog {
  readonly traceId: string;
  readonly spanId: string;
  readonly log: SpanLog;
  /** When the record is the result of an evaluation of the span. */
  readonly evaluation: Evaluation | null;
}

export interface ReadLogs {
  logs: ReadLog[];
  /** Records that could not be read; the others are unharmed. */
  rejected: RejectedSpan[];
}

const out = new JsonWriter();

/**
 * The records of one `otlp.logs` event. A record that is there twice is one.
 * @throws AppError `invalid_request` when the envelopes around the records cannot be read.
 */
export function readLogs(payload: Uint8Array): ReadLogs {
  const read: ReadLogs = { logs: [], rejected: [] };
  const seen: Seen = new Map();
  readEnvelopes(payload, (reader, end, resource, scope) => {
    let record: LogRecord;
    try {
      record = readLogRecord(reader, end);
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      read.rejected.push({ reason: ofLogs(error) });
      return;
    }
    addRecord(record, resource, scope, seen, read);
  });
  return read;
}

/** Hashes of the records of one span and time. */
type Seen = Map<string, Set<bigint>>;

/**
 * Clocks of milliseconds give a whole conversation one time: among such records their place in the request decides, which
 * so is part of what they are.
 */
function addRecord(
  record: LogRecord,
  resource: OtlpResource,
  scope: OtlpScope,
  seen: Seen,
  read: ReadLogs,
): void {
  const { traceId, spanId } = record;
  const content = writeContent(out, record);
  const reason = idProblem(traceId, spanId) ?? (content === null ? TOO_LARGE : null);
  if (reason !== null || content === null) {
    read.rejected.push({ reason: reason ?? TOO_LARGE, name: nameForSender(record), traceId, spanId });
    return;
  }
  const time = timeOf(record);
  const key = `${traceId}${spanId}${time.us}.${time.ns}`;
  let hashes = seen.get(key);
  if (hashes === undefined) seen.set(key, (hashes = new Set()));
  const hash = hashOf(content);
  if (hashes.has(hash)) return;
  const tie = hashes.size;
  hashes.add(hash);
  const log = {
    hash: tie === 0 ? hash : hashOf(content, tie),
    bytes: finishDump(out, record, tie, resource, scope),
  };
  const evaluation = evaluationOf({ ...record, name: eventNameOf(record) }, time);
  read.logs.push({ traceId, spanId, log, evaluation });
}

export const TOO_LARGE = `larger than ${MAX_LOG_BYTES} bytes`;

export function nameForSender(record: LogRecord): string {
  return eventNameOf(record).slice(0, 128);
}

/** The reader of the wire format speaks of traces, which it was made for. */
export function ofLogs({ message }: AppError): string {
  return message.replace('OTLP trace request', 'OTLP logs request');
}
