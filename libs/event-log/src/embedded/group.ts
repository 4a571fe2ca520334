import type { Offsets } from '../event-log.ts';
import type { PartitionIndex, RecordPlace } from './partition-index.ts';

/** What a consume loop shows to its group. */
export interface Member {
  /** Something changed: events came, partitions may be taken or must be given up. */
  wake(): void;
}

interface Waiter {
  readonly offsets: Offsets;
  readonly done: (reached: boolean) => void;
}

const place: RecordPlace = { segment: 0, position: 0, valueBytes: 0, events: 0 };

/** One consumer group of one topic: what it has committed, how far it is behind, and which member reads which partition. */
export class Group {
  readonly committed: number[];
  readonly lag = { records: 0, events: 0, bytes: 0 };
  /** When it last got further, or began to have something to do (`performance.now()`). */
  progressAt = performance.now();
  readonly #indexes: readonly PartitionIndex[];
  readonly #members: Member[] = [];
  readonly #owners: (Member | undefined)[];
  readonly #waiters = new Set<Waiter>();

  constructor(indexes: readonly PartitionIndex[], committed: readonly number[]) {
    this.#indexes = indexes;
    this.committed = [...committed];
    this.#owners = new Array<Member | undefined>(indexes.length).fill(undefined);
    indexes.forEach((index, partition) =>
      this.#walk(index, Math.max(committed[partition]!, index.first), index.next, 1),
    );
  }

  get hasMembers(): boolean {
    return this.#members.length > 0;
  }

  join(member: Member): void {
    this.#members.push(member);
    this.progressAt = performance.now();
    this.wakeAll();
  }

  leave(member: Member): void {
    this.#members.splice(this.#members.indexOf(member), 1);
    this.#owners.forEach((owner, partition) => {
      if (owner === member) this.#owners[partition] = undefined;
    });
    this.wakeAll();
  }

  /**
   * Gives up what now belongs to another member and takes what is this one's and free; true if anything changed. Called
   * between two batches, so that a partition never has two readers.
   */
  settle(member: Member, owned: Set<number>): boolean {
    let changed = false;
    let released = false;
    const rank = this.#members.indexOf(member);
    this.#owners.forEach((owner, partition) => {
      const mine = partition % this.#members.length === rank;
      if (mine && owner === undefined) {
        this.#owners[partition] = member;
        owned.add(partition);
        changed = true;
      } else if (!mine && owner === member) {
        this.#owners[partition] = undefined;
        owned.delete(partition);
        changed = released = true;
      }
    });
    if (released) this.wakeAll();
    return changed;
  }

  wakeAll(): void {
    for (const member of this.#members) member.wake();
  }

  appended(events: number, bytes: number): void {
    if (this.lag.records === 0) this.progressAt = performance.now();
    this.lag.records++;
    this.lag.events += events;
    this.lag.bytes += bytes;
  }

  commit(partition: number, next: number): void {
    this.#walk(this.#indexes[partition]!, this.committed[partition]!, next, -1);
    this.committed[partition] = next;
    this.progressAt = performance.now();
  }

  /** After the commits of a batch. */
  announce(): void {
    for (const waiter of this.#waiters) if (this.#reached(waiter.offsets)) waiter.done(true);
  }

  /** Resolves true once committed up to `offsets`, false after `timeoutMs` or when the log closes. */
  waitFor(offsets: Offsets, timeoutMs: number): Promise<boolean> {
    if (this.#reached(offsets)) return Promise.resolve(true);
    if (timeoutMs <= 0) return Promise.resolve(false);
    return new Promise((resolve) => {
      const timer = setTimeout(() => waiter.done(false), timeoutMs);
      const waiter: Waiter = {
        offsets,
        done: (reached) => {
          clearTimeout(timer);
          this.#waiters.delete(waiter);
          resolve(reached);
        },
      };
      this.#waiters.add(waiter);
    });
  }

  close(): void {
    for (const waiter of this.#waiters) waiter.done(false);
  }

  #reached(offsets: Offsets): boolean {
    // Comparing a bigint with a number is exact.
    return offsets.every((offset, partition) => (this.committed[partition] ?? 0) >= offset);
  }

  #walk(index: PartitionIndex, from: number, to: number, sign: 1 | -1): void {
    for (let offset = from; offset < to; offset++) {
      index.read(offset, place);
      this.lag.records += sign;
      this.lag.events += sign * place.events;
      this.lag.bytes += sign * place.valueBytes;
    }
  }
}
