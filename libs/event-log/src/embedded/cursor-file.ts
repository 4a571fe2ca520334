import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { AppError } from '@weft/model';
import type { Topic } from '../event-log.ts';
import { TOPICS } from '../topics.ts';
import type { Disk, DiskFile } from './disk.ts';
import type { Bases } from './frame.ts';

const NAME = 'cursor';
const MAGIC = 0x57434652;
const HEAD_BYTES = 20;
const SLOT_BYTES = 64 << 10;

/** What the log must know beside its segments. */
export interface Cursor {
  readonly partitions: number;
  /** Segments below this one are consumed: files of theirs are leftovers of a deletion. */
  readonly firstSegment: number;
  /** Up to here the log was synced when the cursor was written: fewer bytes than that are damage, not a torn tail. */
  readonly synced: { readonly segment: number; readonly position: number };
  readonly ends: Bases;
  /** Committed offsets of each group. */
  readonly groups: ReadonlyMap<Topic, ReadonlyMap<string, readonly number[]>>;
}

/**
 * The cursor's file: two slots, written in turn and in place, each with number and checksum. A torn write leaves the other
 * slot, and a full disk can't keep the cursor from moving on, which is what frees the disk.
 */
export class CursorFile {
  readonly #file: DiskFile;
  #written: number;

  private constructor(file: DiskFile, written: number) {
    this.#file = file;
    this.#written = written;
  }

  /** The cursor is undefined in a new directory. @throws AppError `log_unavailable` if no slot is sound. */
  static async open(
    disk: Disk,
    dir: string,
    names: readonly string[],
  ): Promise<{ file: CursorFile; cursor: Cursor | undefined }> {
    const path = join(dir, NAME);
    const file = await disk.open(path, names.includes(NAME) ? 'existing' : 'create');
    const size = await file.size();
    if (size < 2 * SLOT_BYTES) await file.write([Buffer.alloc(2 * SLOT_BYTES - size)], size);
    // A killed process may have written what is not durable yet, and what is read here decides what is deleted.
    await file.sync();
    await disk.syncDir(dir);
    const slots = [await readSlot(file, 0), await readSlot(file, 1)].filter((slot) => slot !== undefined);
    slots.sort((a, b) => b.number - a.number);
    return { file: new CursorFile(file, slots[0]?.number ?? 0), cursor: slots[0]?.cursor };
  }

  /** Resolves once durable. */
  async write(cursor: Cursor): Promise<void> {
    const json = Buffer.from(JSON.stringify(toJson(cursor)));
    if (json.length > SLOT_BYTES - HEAD_BYTES) {
      throw new AppError(
        'log_unavailable',
        `event log: the offsets of all groups take more than ${SLOT_BYTES} bytes`,
      );
    }
    const number = this.#written + 1;
    const head = Buffer.alloc(HEAD_BYTES);
    head.writeUInt32LE(MAGIC, 0);
    head.writeUInt32LE(json.length, 8);
    head.writeDoubleLE(number, 12);
    head.writeUInt32LE(crc32(json, crc32(head.subarray(8))), 4);
    await this.#file.write([head, json], (number % 2) * SLOT_BYTES);
    await this.#file.sync();
    this.#written = number;
  }

  close(): Promise<void> {
    return this.#file.close();
  }
}

async function readSlot(
  file: DiskFile,
  slot: number,
): Promise<{ number: number; cursor: Cursor } | undefined> {
  const bytes = Buffer.alloc(SLOT_BYTES);
  await file.read(bytes, slot * SLOT_BYTES);
  const length = bytes.readUInt32LE(8);
  if (bytes.readUInt32LE(0) !== MAGIC || length > SLOT_BYTES - HEAD_BYTES) return undefined;
  if (crc32(bytes.subarray(8, HEAD_BYTES + length)) !== bytes.readUInt32LE(4)) return undefined;
  const json = JSON.parse(bytes.toString('utf8', HEAD_BYTES, HEAD_BYTES + length)) as CursorJson;
  return { number: bytes.readDoubleLE(12), cursor: fromJson(json) };
}

interface CursorJson {
  partitions: number;
  firstSegment: number;
  synced: { segment: number; position: number };
  ends: [Topic, number[]][];
  groups: [Topic, string, number[]][];
}

function toJson(cursor: Cursor): CursorJson {
  const groups: [Topic, string, number[]][] = [];
  for (const [topic, byName] of cursor.groups)
    for (const [name, offsets] of byName) groups.push([topic, name, [...offsets]]);
  const ends = [...cursor.ends].map(([topic, offsets]): [Topic, number[]] => [topic, [...offsets]]);
  return {
    partitions: cursor.partitions,
    firstSegment: cursor.firstSegment,
    synced: cursor.synced,
    ends,
    groups,
  };
}

function fromJson(json: CursorJson): Cursor {
  const groups = new Map<Topic, Map<string, readonly number[]>>(TOPICS.map((topic) => [topic, new Map()]));
  for (const [topic, name, offsets] of json.groups) groups.get(topic)?.set(name, offsets);
  const zero = new Array<number>(json.partitions).fill(0);
  const ends = new Map<Topic, readonly number[]>(TOPICS.map((topic) => [topic, zero]));
  for (const [topic, offsets] of json.ends) ends.set(topic, offsets);
  return { ...json, ends, groups };
}
