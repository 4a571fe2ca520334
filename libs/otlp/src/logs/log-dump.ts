import { createHash } from 'node:crypto';
import { nanos, writeDropped, writeExact, writePairs, writeSource } from '../dump.ts';
import type { JsonWriter } from '../json-writer.ts';
import { exactValue, keyValues, type Exact, type Pairs } from '../read-dump.ts';
import type { Instant, KeyValues, OtlpResource, OtlpScope, Value } from '../span.ts';
import { asBuffer } from '../wire.ts';
import type { LogRecord } from './log-record.ts';

/**
 * A record as stored: JSON, compact and exact; values as in the dump of a span. What comes first, up to the attributes, is
 * what makes it this record; then `tie`, its place among records of the same time, and what may differ between copies of it.
 */
const DUMP_VERSION = 1;

/** A resource that is larger stays with its spans: every record would repeat it. */
const MAX_SOURCE_BYTES = 64 * 1024;

/** Of one stored record. */
export const MAX_LOG_BYTES = 8 * 1024 * 1024;
/** Leaves room for what stands around the content. */
const MAX_CONTENT_BYTES = MAX_LOG_BYTES - 4 * MAX_SOURCE_BYTES;

/** Writes what makes the record this one; null if that is too large to be stored. */
export function writeContent(out: JsonWriter, record: LogRecord): Buffer | null {
  out.reset();
  out.raw(`{"v":${DUMP_VERSION},"time":"${nanos(timeOf(record))}","name":`);
  out.string(record.eventName);
  out.raw(`,"severity":[${record.severityNumber},`);
  out.string(record.severityText);
  out.raw('],"body":');
  writeExact(out, record.body);
  out.raw(',"attributes":');
  writePairs(out, record.attributes);
  return out.mark() > MAX_CONTENT_BYTES ? null : out.since(0);
}

/** Ends the record begun by `writeContent`; a copy of its own. */
export function finishDump(
  out: JsonWriter,
  record: LogRecord,
  tie: number,
  resource: OtlpResource,
  scope: OtlpScope,
): Buffer {
  if (tie > 0) out.raw(`,"tie":${tie}`);
  out.raw(`,"observed":"${nanos(record.observed)}"`);
  if (record.flags !== 0) out.raw(`,"flags":${record.flags}`);
  writeDropped(out, record.droppedAttributes);
  const mark = out.mark();
  writeSource(out, resource, scope);
  if (out.mark() - mark > MAX_SOURCE_BYTES) out.rewind(mark);
  out.raw('}');
  return out.copy();
}

/** 61 bits of a hash, never 0. */
export function hashOf(content: Uint8Array, tie = 0): bigint {
  const hash = createHash('sha256').update(content);
  if (tie > 0) hash.update(`#${tie}`);
  return hash.digest().readBigUInt64BE() >> 3n || 1n;
}

/** Its own time, or when it was first seen. */
export function timeOf({ time, observed }: LogRecord): Instant {
  return time.us === 0 && time.ns === 0 ? observed : time;
}

/** What of a stored record has meaning. */
export interface StoredLog {
  /** Nanoseconds since the epoch. */
  readonly time: bigint;
  /** Equal for copies of one record, wherever they came from. */
  readonly identity: string;
  readonly tie: number;
  readonly eventName: string;
  readonly severity: readonly [number: number, text: string];
  readonly body: Value;
  readonly attributes: KeyValues;
}

interface Dump {
  time: string;
  name: string;
  severity: [number, string];
  body: Exact;
  attributes: Pairs;
  tie?: number;
}

const NOWHERE = { in: Buffer.alloc(0), out: Buffer.alloc(0) };

export function readLogDump(bytes: Uint8Array): StoredLog {
  const { time, name, severity, body, attributes, tie = 0 } = JSON.parse(asBuffer(bytes).toString()) as Dump;
  return {
    time: BigInt(time),
    identity: identityOf([time, name, severity, body, attributes]),
    tie,
    eventName: name,
    severity,
    body: exactValue(body, NOWHERE),
    attributes: keyValues(attributes, NOWHERE),
  };
}

/** Short, whatever the size of the record. */
function identityOf(content: unknown[]): string {
  return createHash('sha256').update(JSON.stringify(content)).digest('base64');
}
