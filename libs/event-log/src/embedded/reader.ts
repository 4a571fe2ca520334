import { crc32 } from 'node:zlib';
import { AppError, type TraceEvent } from '@weft/model';
import { decodeRecord } from '../record.ts';
import { decodeRecordHead, HEAD_BYTES } from './frame.ts';
import type { RecordPlace } from './partition-index.ts';
import type { Segment } from './segment.ts';
import type { TopicLog } from './topic-log.ts';

/** One read covers records with at most this many bytes of others between them, and is at most this long if it holds several. */
const MAX_GAP_BYTES = 64 << 10;
const MAX_READ_BYTES = 8 << 20;

export interface Batch {
  readonly events: TraceEvent[];
  readonly undecodable: { readonly event: TraceEvent; readonly reason: string }[];
  /** Partition → offset to commit once the batch is handled. */
  readonly next: Map<number, number>;
  /** Records that damage took. */
  lostRecords: number;
}

interface Wanted extends RecordPlace {
  readonly partition: number;
  readonly offset: number;
  readonly kept: readonly TraceEvent[] | undefined;
}

export interface BatchLimits {
  readonly maxBatchEvents: number;
  readonly maxBatchBytes: number;
}

/**
 * The next records of `partitions` from `from` on, oldest first over all partitions, within the limits (a single larger
 * record comes alone); undefined if there is nothing. Reads the disk only for what is no longer in memory.
 * @throws AppError `log_unavailable` if a record on disk is damaged.
 */
export async function readBatch(
  log: TopicLog,
  segments: readonly Segment[],
  partitions: Iterable<number>,
  from: readonly number[],
  limits: BatchLimits,
): Promise<Batch | undefined> {
  const wanted = choose(log, partitions, from, limits);
  if (wanted.length === 0) return undefined;
  const batch: Batch = { events: [], undecodable: [], next: new Map(), lostRecords: 0 };
  let i = 0;
  while (i < wanted.length) {
    const record = wanted[i]!;
    if (record.kept !== undefined) {
      for (const event of record.kept) batch.events.push(event);
      i++;
    } else if (record.segment === 0) {
      batch.lostRecords++;
      i++;
    } else {
      const end = endOfRead(wanted, i);
      await readRun(segments, wanted.slice(i, end), batch);
      i = end;
    }
  }
  for (const { partition, offset } of wanted) batch.next.set(partition, offset + 1);
  return batch;
}

function choose(
  log: TopicLog,
  partitions: Iterable<number>,
  from: readonly number[],
  limits: BatchLimits,
): Wanted[] {
  const cursors = [...partitions]
    .map((partition) => headOf(log, partition, from[partition]!))
    .filter((c) => c !== undefined);
  const wanted: Wanted[] = [];
  let events = 0;
  let bytes = 0;
  while (cursors.length > 0) {
    let at = 0;
    for (let i = 1; i < cursors.length; i++) if (isBefore(cursors[i]!, cursors[at]!)) at = i;
    const record = cursors[at]!;
    events += record.events;
    bytes += record.valueBytes;
    if (wanted.length > 0 && (events > limits.maxBatchEvents || bytes > limits.maxBatchBytes)) break;
    wanted.push(record);
    const next = headOf(log, record.partition, record.offset + 1);
    if (next === undefined) cursors.splice(at, 1);
    else cursors[at] = next;
  }
  return wanted;
}

function headOf(log: TopicLog, partition: number, offset: number): Wanted | undefined {
  const index = log.indexes[partition]!;
  if (offset >= index.next) return undefined;
  const record = {
    partition,
    offset,
    kept: index.kept(offset),
    segment: 0,
    position: 0,
    valueBytes: 0,
    events: 0,
  };
  index.read(offset, record);
  return record;
}

function isBefore(a: RecordPlace, b: RecordPlace): boolean {
  return a.segment < b.segment || (a.segment === b.segment && a.position < b.position);
}

function endOfRead(wanted: readonly Wanted[], start: number): number {
  const first = wanted[start]!;
  let end = first.position + HEAD_BYTES + first.valueBytes;
  let i = start + 1;
  for (; i < wanted.length; i++) {
    const record = wanted[i]!;
    if (
      record.kept !== undefined ||
      record.segment !== first.segment ||
      record.position - end > MAX_GAP_BYTES
    )
      break;
    end = record.position + HEAD_BYTES + record.valueBytes;
    if (end - first.position > MAX_READ_BYTES) break;
  }
  return i;
}

async function readRun(segments: readonly Segment[], run: readonly Wanted[], batch: Batch): Promise<void> {
  const first = run[0]!;
  const last = run.at(-1)!;
  const segment = segments.find(({ head }) => head.sequence === first.segment);
  if (segment === undefined) throw damagedAt(`segment ${first.segment}`, first.position);
  // Not pooled: the batch owns these bytes.
  const bytes = Buffer.allocUnsafeSlow(last.position + HEAD_BYTES + last.valueBytes - first.position);
  const read = await segment.file.read(bytes, first.position).catch((cause: unknown) => {
    throw new AppError('log_unavailable', `event log: can't read ${segment.path}`, { cause });
  });
  for (const { position, valueBytes, offset } of run) {
    const at = position - first.position;
    const head = decodeRecordHead(bytes.subarray(0, read), at, segment.head.salt);
    const value = bytes.subarray(at + HEAD_BYTES, at + HEAD_BYTES + valueBytes);
    const sound =
      head?.offset === offset && head.valueBytes === valueBytes && at + HEAD_BYTES + valueBytes <= read;
    if (!sound || crc32(value) !== head.valueCrc) throw damagedAt(segment.path, position);
    const decoded = decodeRecord(value);
    for (const event of decoded.events) batch.events.push(event);
    batch.undecodable.push(...decoded.undecodable);
  }
}

function damagedAt(where: string, position: number): AppError {
  return new AppError('log_unavailable', `event log: the record at byte ${position} of ${where} is damaged`);
}
