import { crc32 } from 'node:zlib';
import type { DiskFile } from './disk.ts';
import { decodeRecordHead, HEAD_BYTES, RECORD_MAGIC, type RecordHead } from './frame.ts';

const WINDOW_BYTES = 4 << 20;

/** A stretch of a segment without a sound record. */
export interface BadSpan {
  readonly from: number;
  readonly to: number;
  /** The commit that wrote the bytes at `from`, as far as the records before tell. */
  readonly commit: number;
}

export interface ScanResult {
  /** Where the last complete commit before anything bad ends, and its number (that before the segment if there is none). */
  readonly completeEnd: number;
  readonly completeCommit: number;
  /** Number of the last commit of which there is a sound record. */
  readonly lastCommit: number;
  readonly bad: readonly BadSpan[];
}

/** Reads a file forwards through a window. */
class Window {
  #buffer = Buffer.alloc(0);
  #from = 0;
  readonly #file: DiskFile;
  readonly size: number;

  constructor(file: DiskFile, size: number) {
    this.#file = file;
    this.size = size;
  }

  /** `bytes` at `position`, or fewer at the end of the file. Valid until the next call. */
  async at(position: number, bytes: number): Promise<Buffer> {
    const want = Math.max(0, Math.min(bytes, this.size - position));
    const start = position - this.#from;
    if (start < 0 || start + want > this.#buffer.length) {
      // Not from the pool: records may be larger than the window, which grows with them.
      const buffer = Buffer.allocUnsafeSlow(Math.max(want, Math.min(WINDOW_BYTES, this.size - position)));
      const read = await this.#file.read(buffer, position);
      this.#buffer = buffer.subarray(0, read);
      this.#from = position;
    }
    const from = position - this.#from;
    return this.#buffer.subarray(from, from + want);
  }
}

/**
 * Checks every record of a segment and hands the sound ones to `onRecord` in order. After a bad stretch it looks for the
 * next sound record byte by byte: what lies behind tells a torn tail from damage.
 */
export async function scanSegment(
  file: DiskFile,
  start: number,
  size: number,
  first: { salt: number; commit: number },
  onRecord: (head: RecordHead, position: number, afterBad: boolean) => void,
): Promise<ScanResult> {
  const window = new Window(file, size);
  const bad: BadSpan[] = [];
  let at = start;
  let complete = { end: start, commit: first.commit - 1 };
  let lastCommit = first.commit - 1;
  let commit = first.commit;
  while (at < size) {
    const head = await soundRecordAt(window, at, first.salt);
    if (head === undefined) {
      const next = await findNext(window, at + 1, first.salt);
      bad.push({ from: at, to: next, commit });
      at = next;
      continue;
    }
    onRecord(head, at, bad.length > 0);
    lastCommit = head.commit;
    at += HEAD_BYTES + head.valueBytes;
    commit = head.last ? head.commit + 1 : head.commit;
    if (head.last && bad.length === 0) complete = { end: at, commit: head.commit };
  }
  return { completeEnd: complete.end, completeCommit: complete.commit, lastCommit, bad };
}

async function soundRecordAt(window: Window, at: number, salt: number): Promise<RecordHead | undefined> {
  const head = decodeRecordHead(await window.at(at, HEAD_BYTES), 0, salt);
  if (head === undefined || at + HEAD_BYTES + head.valueBytes > window.size) return undefined;
  const value = await window.at(at + HEAD_BYTES, head.valueBytes);
  return value.length === head.valueBytes && crc32(value) === head.valueCrc ? head : undefined;
}

/** Position of the next sound record at or after `from`, or the end of the file. */
async function findNext(window: Window, from: number, salt: number): Promise<number> {
  let at = from;
  while (at < window.size) {
    const bytes = await window.at(at, WINDOW_BYTES);
    const found = bytes.indexOf(RECORD_MAGIC);
    if (found < 0) {
      // The magic may lie across the edge of what was read.
      at += Math.max(1, bytes.length - RECORD_MAGIC.length + 1);
      continue;
    }
    if ((await soundRecordAt(window, at + found, salt)) !== undefined) return at + found;
    at += found + 1;
  }
  return window.size;
}
