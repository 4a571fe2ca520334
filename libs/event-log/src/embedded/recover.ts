import { join } from 'node:path';
import { AppError } from '@weft/model';
import type { Topic } from '../event-log.ts';
import { TOPICS } from '../topics.ts';
import type { Cursor } from './cursor-file.ts';
import type { Disk } from './disk.ts';
import { segmentName, sequenceOfName, type Bases, type RecordHead } from './frame.ts';
import { PartitionIndex } from './partition-index.ts';
import { scanSegment, type ScanResult } from './scan.ts';
import { openSegment, type Segment } from './segment.ts';

export type Indexes = ReadonlyMap<Topic, readonly PartitionIndex[]>;

export interface Recovered {
  /** Oldest first. */
  readonly segments: Segment[];
  readonly indexes: Indexes;
  /** Number of the last complete commit. */
  readonly commit: number;
  /** What was found damaged, one sentence each; empty for a sound log. */
  readonly damage: readonly string[];
}

export interface RecoverOptions {
  readonly disk: Disk;
  readonly dir: string;
  readonly names: readonly string[];
  readonly cursor: Cursor;
  /** `refuse`: damage stops the start. `quarantine`: go on with what is sound, and report. */
  readonly onDamage: 'refuse' | 'quarantine';
}

export const DAMAGED_DIR = 'damaged';

/**
 * Reads the segments, rebuilds the index and cuts a torn tail off. Torn is only what no later commit stands behind and
 * what the cursor does not know as synced: everything else is damage.
 */
export async function recover(options: RecoverOptions): Promise<Recovered> {
  const recovery = new Recovery(options);
  try {
    await recovery.run();
  } catch (error) {
    for (const segment of recovery.segments) await segment.file.close().catch(() => undefined);
    throw error;
  }
  return recovery;
}

class Recovery implements Recovered {
  readonly segments: Segment[] = [];
  readonly damage: string[] = [];
  indexes: Indexes;
  commit = 0;
  readonly #options: RecoverOptions;

  constructor(options: RecoverOptions) {
    this.#options = options;
    this.indexes = indexesAt(options.cursor.ends);
  }

  async run(): Promise<void> {
    const { cursor } = this.#options;
    await this.#openSegments(await this.#removeConsumed());
    const first = this.segments[0];
    const bases = first?.head.bases ?? cursor.ends;
    this.indexes = indexesAt(neededBases(bases, cursor));
    this.#expectAt(bases, () => 'events are gone that a group has not committed', first);
    for (const segment of this.segments) await this.#readSegment(segment, segment === this.segments.at(-1));
    this.#checkEnd(cursor);
  }

  /** Sequences that remain, ascending. */
  async #removeConsumed(): Promise<number[]> {
    const { disk, dir, names, cursor } = this.#options;
    const sequences = names.map(sequenceOfName).filter((sequence) => sequence !== undefined);
    for (const sequence of sequences) {
      if (sequence < cursor.firstSegment) await disk.remove(join(dir, segmentName(sequence)));
    }
    return sequences.filter((sequence) => sequence >= cursor.firstSegment).sort((a, b) => a - b);
  }

  async #openSegments(sequences: readonly number[]): Promise<void> {
    const { disk, dir, cursor } = this.#options;
    let expected = cursor.firstSegment;
    for (const sequence of sequences) {
      if (sequence !== expected && (expected !== cursor.firstSegment || cursor.synced.segment >= expected)) {
        this.#report(`segments ${segmentName(expected)} to ${segmentName(sequence - 1)} are missing`);
      }
      expected = sequence + 1;
      const isLast = sequence === sequences.at(-1);
      const segment = await openSegment(disk, dir, sequence);
      if (segment === 'unfinished' && isLast && sequence > cursor.synced.segment) {
        await disk.remove(join(dir, segmentName(sequence)));
      } else if (typeof segment === 'string') {
        this.#report(`segment ${segmentName(sequence)} has no sound head`);
        await setAside(disk, dir, segmentName(sequence));
      } else this.segments.push(segment);
    }
  }

  async #readSegment(segment: Segment, isLast: boolean): Promise<void> {
    const name = segmentName(segment.head.sequence);
    this.#expectAt(
      segment.head.bases,
      () => `${name} does not begin where the segment before it ends`,
      segment,
    );
    /** Where the partitions touched since the last complete commit stood. */
    const unfinished = new Map<PartitionIndex, number>();
    let bad = false;
    let lastSound = segment.head.commit - 1;
    const onRecord = (head: RecordHead, position: number, afterBad: boolean) => {
      const index = this.indexes.get(head.topic)?.[head.partition];
      if (index === undefined || head.offset < index.next) {
        return this.#reportIn(segment, `${name}: record at byte ${position} repeats or has no place`);
      }
      if (!unfinished.has(index)) unfinished.set(index, index.next);
      bad ||= afterBad || head.offset > index.next;
      fillLost(index, head.offset);
      index.push(segment.head.sequence, position, head.valueBytes, head.events);
      lastSound = head.commit;
      if (head.last && !bad) unfinished.clear();
    };
    const scan = await scanSegment(segment.file, segment.dataStart, segment.size, segment.head, onRecord);
    this.commit = Math.max(this.commit, scan.lastCommit, segment.head.commit - 1);
    const torn = isLast && this.#isTorn(segment, scan, lastSound);
    if (torn) await this.#cutTail(segment, scan, unfinished);
    else if (scan.bad.length > 0 || bad || scan.completeEnd !== segment.size) {
      this.#reportIn(segment, `${name}: ${describeBad(scan)}`);
    }
  }

  #isTorn(segment: Segment, scan: ScanResult, lastSound: number): boolean {
    const { synced } = this.#options.cursor;
    if (segment.head.sequence === synced.segment && scan.completeEnd < synced.position) return false;
    return scan.bad.length === 0 || lastSound <= scan.bad[0]!.commit;
  }

  async #cutTail(
    segment: Segment,
    scan: ScanResult,
    unfinished: ReadonlyMap<PartitionIndex, number>,
  ): Promise<void> {
    for (const [index, next] of unfinished) index.cut(next);
    this.commit = Math.max(scan.completeCommit, segment.head.commit - 1);
    if (scan.completeEnd < segment.size) await segment.file.truncate(scan.completeEnd);
    segment.size = scan.completeEnd;
    // Records that were written but not synced before a crash are about to be handed out: they must not vanish later.
    await segment.file.sync();
  }

  #checkEnd(cursor: Cursor): void {
    const last = this.segments.at(-1);
    if (last === undefined && cursor.synced.segment > 0) this.#report('all segments are missing');
    else if (last !== undefined && last.head.sequence < cursor.synced.segment) {
      this.#report(`segment ${segmentName(cursor.synced.segment)} is missing`);
    }
    this.#expectAt(cursor.ends, () => 'the log ends before what was once durable', last);
  }

  /** Every partition must have come at least to `bases`; what lacks is marked as lost. */
  #expectAt(bases: Bases, describe: () => string, segment: Segment | undefined): void {
    for (const [topic, offsets] of bases) {
      offsets.forEach((offset, partition) => {
        const index = this.indexes.get(topic)?.[partition];
        if (index === undefined || index.next >= offset) return;
        this.#report(`${describe()}: ${topic}/${partition} lacks offsets ${index.next} to ${offset - 1}`);
        fillLost(index, offset);
        if (segment !== undefined) segment.damaged = true;
      });
    }
  }

  #reportIn(segment: Segment, text: string): void {
    segment.damaged = true;
    this.#report(text);
  }

  #report(text: string): void {
    if (this.#options.onDamage === 'refuse') {
      const help =
        'restore the directory, or open it with onDamage "quarantine" to go on with the sound records';
      throw new AppError('log_unavailable', `event log ${this.#options.dir} is damaged: ${text}; ${help}`);
    }
    this.damage.push(text);
  }
}

function indexesAt(bases: Bases): Indexes {
  return new Map(
    TOPICS.map((topic) => [topic, (bases.get(topic) ?? []).map((offset) => new PartitionIndex(offset))]),
  );
}

/** `bases`, or where it is lower the offset that the slowest group still needs. */
function neededBases(bases: Bases, cursor: Cursor): Bases {
  return new Map(
    [...bases].map(([topic, offsets]) => {
      const groups = [...(cursor.groups.get(topic)?.values() ?? [])];
      return [
        topic,
        offsets.map((offset, i) => Math.min(offset, ...groups.map((committed) => committed[i]!))),
      ];
    }),
  );
}

function fillLost(index: PartitionIndex, next: number): void {
  while (index.next < next) index.push(0, 0, 0, 0);
}

function describeBad(scan: ScanResult): string {
  const [bad] = scan.bad;
  if (bad === undefined) return `ends within a commit, at byte ${scan.completeEnd}`;
  return `no sound record from byte ${bad.from} to ${bad.to}${scan.bad.length > 1 ? ` and in ${scan.bad.length - 1} more places` : ''}`;
}

export async function setAside(disk: Disk, dir: string, name: string): Promise<void> {
  await disk.makeDir(join(dir, DAMAGED_DIR));
  await disk.rename(join(dir, name), join(dir, DAMAGED_DIR, `${name}.${Date.now()}`));
  await disk.syncDir(join(dir, DAMAGED_DIR));
  await disk.syncDir(dir);
}
