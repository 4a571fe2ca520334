import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import type { Disk, DiskFile } from './disk.ts';
import {
  decodeSegmentHead,
  encodeSegmentHead,
  MAX_SEGMENT_HEAD_BYTES,
  RECORD_MAGIC,
  segmentName,
  type Bases,
  type SegmentHead,
} from './frame.ts';

/** An open segment file. `size` is where its last durable record ends. */
export interface Segment {
  readonly head: SegmentHead;
  readonly path: string;
  readonly file: DiskFile;
  readonly dataStart: number;
  size: number;
  /** Kept aside instead of deleted when it is consumed. */
  damaged: boolean;
}

/** Creates a segment, durable with its name. Leaves nothing behind if that fails. */
export async function createSegment(
  disk: Disk,
  dir: string,
  next: { sequence: number; partitions: number; commit: number; bases: Bases },
): Promise<Segment> {
  const path = join(dir, segmentName(next.sequence));
  const head: SegmentHead = { ...next, salt: randomBytes(4).readUInt32LE(0) };
  const bytes = encodeSegmentHead(head);
  const file = await disk.open(path, 'create');
  try {
    await file.write([bytes], 0);
    await file.sync();
    await disk.syncDir(dir);
  } catch (error) {
    await file.close().catch(() => undefined);
    await disk.remove(path).catch(() => undefined);
    throw error;
  }
  return { head, path, file, dataStart: bytes.length, size: bytes.length, damaged: false };
}

/**
 * Opens a segment by name. Without a sound head of that name it is `unfinished` if it holds no record (a crash while it was
 * created: records are written only after the head was synced), else `damaged`.
 */
export async function openSegment(
  disk: Disk,
  dir: string,
  sequence: number,
): Promise<Segment | 'unfinished' | 'damaged'> {
  const path = join(dir, segmentName(sequence));
  const file = await disk.open(path, 'existing');
  const size = await file.size();
  const bytes = Buffer.alloc(Math.min(size, MAX_SEGMENT_HEAD_BYTES));
  await file.read(bytes, 0);
  const found = decodeSegmentHead(bytes);
  if (found === undefined || found.head.sequence !== sequence) {
    await file.close();
    return size < MAX_SEGMENT_HEAD_BYTES && !bytes.includes(RECORD_MAGIC) ? 'unfinished' : 'damaged';
  }
  return { head: found.head, path, file, dataStart: found.length, size, damaged: false };
}
