import { crc32 } from 'node:zlib';
import type { Topic } from '../event-log.ts';
import { topicNumber, topicOfNumber, TOPICS } from '../topics.ts';

/**
 * Bytes of a segment file, little-endian. The checksum is CRC-32 (Node has it built in and vectorised; CRC-32C would
 * detect no more here). It starts from the segment's random salt, so that neither bytes of another segment nor a payload
 * that imitates a record can pass for one.
 *
 *     segment: "WEFTLOG1" | jsonBytes u32 | salt u32 | crc u32 | json | record × n
 *     record:  magic u32 | headCrc u32 | valueBytes u32 | valueCrc u32 | topic u8 | flags u8 | partition u16 | events u32
 *              | offset f64 | commit f64 | appendedAtMs f64 | value
 */
const SEGMENT_MAGIC = Buffer.from('WEFTLOG1');
const SEGMENT_HEAD_BYTES = 20;
const MAX_SEGMENT_JSON_BYTES = 1 << 20;

export const RECORD_MAGIC = Buffer.from([0xf5, 0x57, 0xee, 0x4c]);
export const HEAD_BYTES = 48;
const LAST_OF_COMMIT = 1;

/** Next offsets per topic and partition. */
export type Bases = ReadonlyMap<Topic, readonly number[]>;

export interface SegmentHead {
  readonly sequence: number;
  readonly partitions: number;
  readonly salt: number;
  /** Number of the first commit that is written to this segment. */
  readonly commit: number;
  /** Offsets at which the segment begins. */
  readonly bases: Bases;
}

export interface RecordHead {
  readonly topic: Topic;
  readonly partition: number;
  readonly offset: number;
  /** Records synced together share a number; `last` marks the end of such a group. */
  readonly commit: number;
  readonly last: boolean;
  readonly events: number;
  readonly appendedAtMs: number;
  readonly valueBytes: number;
  readonly valueCrc: number;
}

export function segmentName(sequence: number): string {
  return `${String(sequence).padStart(12, '0')}.log`;
}

export function sequenceOfName(name: string): number | undefined {
  return /^\d{12}\.log$/.test(name) ? Number(name.slice(0, 12)) : undefined;
}

export function encodeSegmentHead(head: SegmentHead): Buffer {
  const json = Buffer.from(
    JSON.stringify({
      sequence: head.sequence,
      partitions: head.partitions,
      commit: head.commit,
      bases: TOPICS.map((topic) => [topicNumber(topic), head.bases.get(topic)]),
    }),
  );
  const bytes = Buffer.alloc(SEGMENT_HEAD_BYTES + json.length);
  SEGMENT_MAGIC.copy(bytes, 0);
  bytes.writeUInt32LE(json.length, 8);
  bytes.writeUInt32LE(head.salt, 12);
  bytes.writeUInt32LE(crc32(json, crc32(bytes.subarray(8, 16))), 16);
  json.copy(bytes, SEGMENT_HEAD_BYTES);
  return bytes;
}

/** The head and its length, read from the first bytes of a file; undefined if it is not a whole, sound head. */
export function decodeSegmentHead(bytes: Buffer): { head: SegmentHead; length: number } | undefined {
  if (bytes.length < SEGMENT_HEAD_BYTES || !SEGMENT_MAGIC.equals(bytes.subarray(0, 8))) return undefined;
  const length = SEGMENT_HEAD_BYTES + bytes.readUInt32LE(8);
  if (length > SEGMENT_HEAD_BYTES + MAX_SEGMENT_JSON_BYTES || length > bytes.length) return undefined;
  const salt = bytes.readUInt32LE(12);
  const json = bytes.subarray(SEGMENT_HEAD_BYTES, length);
  if (crc32(json, crc32(bytes.subarray(8, 16))) !== bytes.readUInt32LE(16)) return undefined;
  const { sequence, partitions, commit, bases } = JSON.parse(json.toString()) as {
    sequence: number;
    partitions: number;
    commit: number;
    bases: [number, number[]][];
  };
  const byTopic = new Map<Topic, number[]>(
    TOPICS.map((topic) => [topic, new Array<number>(partitions).fill(0)]),
  );
  for (const [number, offsets] of bases) {
    const topic = topicOfNumber(number);
    if (topic === undefined) return undefined;
    byTopic.set(topic, offsets);
  }
  return { head: { sequence, partitions, salt, commit, bases: byTopic }, length };
}

export const MAX_SEGMENT_HEAD_BYTES = SEGMENT_HEAD_BYTES + MAX_SEGMENT_JSON_BYTES;

export function encodeRecordHead(into: Buffer, at: number, head: RecordHead, salt: number): void {
  RECORD_MAGIC.copy(into, at);
  into.writeUInt32LE(head.valueBytes, at + 8);
  into.writeUInt32LE(head.valueCrc, at + 12);
  into[at + 16] = topicNumber(head.topic);
  into[at + 17] = head.last ? LAST_OF_COMMIT : 0;
  into.writeUInt16LE(head.partition, at + 18);
  into.writeUInt32LE(head.events, at + 20);
  into.writeDoubleLE(head.offset, at + 24);
  into.writeDoubleLE(head.commit, at + 32);
  into.writeDoubleLE(head.appendedAtMs, at + 40);
  into.writeUInt32LE(crc32(into.subarray(at + 8, at + HEAD_BYTES), salt), at + 4);
}

/** Undefined if there is no sound record head at `at`. */
export function decodeRecordHead(bytes: Buffer, at: number, salt: number): RecordHead | undefined {
  if (at + HEAD_BYTES > bytes.length || bytes.readUInt32LE(at) !== RECORD_MAGIC.readUInt32LE(0))
    return undefined;
  if (crc32(bytes.subarray(at + 8, at + HEAD_BYTES), salt) !== bytes.readUInt32LE(at + 4)) return undefined;
  const topic = topicOfNumber(bytes[at + 16]!);
  if (topic === undefined) return undefined;
  return {
    topic,
    partition: bytes.readUInt16LE(at + 18),
    offset: bytes.readDoubleLE(at + 24),
    commit: bytes.readDoubleLE(at + 32),
    last: (bytes[at + 17]! & LAST_OF_COMMIT) !== 0,
    events: bytes.readUInt32LE(at + 20),
    appendedAtMs: bytes.readDoubleLE(at + 40),
    valueBytes: bytes.readUInt32LE(at + 8),
    valueCrc: bytes.readUInt32LE(at + 12),
  };
}

export function crcOf(chunks: readonly Buffer[]): number {
  let crc = 0;
  for (const chunk of chunks) crc = crc32(chunk, crc);
  return crc;
}
