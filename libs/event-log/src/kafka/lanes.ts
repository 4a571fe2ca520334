import type { Entry } from './append-request.ts';

/** Bounds of one send to one leader. The client copies a partition's records for each of them, hence the count. */
const MAX_SEND_BYTES = 8 << 20;
const MAX_SEND_RECORDS = 500;

/** A partition's records in order, and whether some of them are on their way. */
export interface Slot {
  readonly key: string;
  readonly topic: string;
  readonly partition: number;
  queue: Entry[];
  sending: Load | undefined;
}

/** A leader: one send at a time, so that a slow or dead one holds up only its own partitions. */
export interface Lane {
  readonly leader: number;
  /** What is on its way; the result of anything else comes too late. */
  load: Load | undefined;
  /** Which partition comes first in the next send, so that none is forgotten. */
  turn: number;
  /** Why nothing is accepted for it. */
  broken: string | undefined;
  /** performance.now() of that. */
  brokenAt: number;
}

export interface Load {
  readonly slots: Slot[];
  readonly entries: Entry[];
}

/** Where each partition's records wait. */
export class Lanes {
  readonly #slots = new Map<string, Slot>();
  readonly #lanes = new Map<number, Lane>();

  slot(topic: string, partition: number): Slot {
    const key = `${topic}/${partition}`;
    let slot = this.#slots.get(key);
    if (slot === undefined) {
      slot = { key, topic, partition, queue: [], sending: undefined };
      this.#slots.set(key, slot);
    }
    return slot;
  }

  lane(leader: number): Lane {
    let lane = this.#lanes.get(leader);
    if (lane === undefined) {
      lane = { leader, load: undefined, turn: 0, broken: undefined, brokenAt: 0 };
      this.#lanes.set(leader, lane);
    }
    return lane;
  }

  slots(): Iterable<Slot> {
    return this.#slots.values();
  }

  lanes(): Iterable<Lane> {
    return this.#lanes.values();
  }

  /** What can be sent now, by lane. */
  ready(leaderOf: (slot: Slot) => number): Map<Lane, Slot[]> {
    const ready = new Map<Lane, Slot[]>();
    for (const slot of this.#slots.values()) {
      if (slot.sending !== undefined || slot.queue.length === 0) continue;
      const lane = this.lane(leaderOf(slot));
      if (lane.load !== undefined || lane.broken !== undefined || lane.leader < 0) continue;
      const slots = ready.get(lane);
      if (slots === undefined) ready.set(lane, [slot]);
      else slots.push(slot);
    }
    return ready;
  }
}

/**
 * Takes from the heads of the queues what one send carries: at least one record, of one partition at most `maxBytes`
 * (a partition's records travel as one batch, which must fit the topic). What nobody waits for is dropped. `turn` says
 * which partition is the first.
 */
export function takeLoad(
  slots: readonly Slot[],
  turn: number,
  maxBytes: number,
  maxRecords = MAX_SEND_RECORDS,
): Load {
  const load: Load = { slots: [], entries: [] };
  let left = MAX_SEND_BYTES;
  for (let i = 0; i < slots.length && load.entries.length < maxRecords; i++) {
    const slot = slots[(turn + i) % slots.length]!;
    let slotLeft = Math.min(left, maxBytes);
    let taken = 0;
    let used = 0;
    for (; taken < slot.queue.length && load.entries.length < maxRecords; taken++) {
      const entry = slot.queue[taken]!;
      if (entry.request.isSettled) continue;
      const bytes = entry.record.value.length;
      if (bytes > slotLeft && (used > 0 || load.entries.length > 0)) break;
      load.entries.push(entry);
      used += bytes;
      slotLeft -= bytes;
      left -= bytes;
    }
    slot.queue.splice(0, taken);
    if (used > 0) load.slots.push(slot);
    if (left <= 0) break;
  }
  return load;
}
