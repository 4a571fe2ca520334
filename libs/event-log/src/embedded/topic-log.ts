import type { TraceEvent } from '@weft/model';
import type { Topic } from '../event-log.ts';
import { Group } from './group.ts';
import type { PartitionIndex, RecordPlace } from './partition-index.ts';

const place: RecordPlace = { segment: 0, position: 0, valueBytes: 0, events: 0 };

/** One topic: its partitions, its groups, and the newest events in memory while somebody still has to read them. */
export class TopicLog {
  readonly topic: Topic;
  readonly indexes: readonly PartitionIndex[];
  readonly groups = new Map<string, Group>();
  readonly #tailBytes: number;
  #keptBytes = 0;

  constructor(topic: Topic, indexes: readonly PartitionIndex[], tailBytes: number) {
    this.topic = topic;
    this.indexes = indexes;
    this.#tailBytes = tailBytes;
  }

  /** The group, registered from now on: the log keeps what it has not committed. New ones begin at the oldest record. */
  group(name: string, committed?: readonly number[]): Group {
    let group = this.groups.get(name);
    if (group === undefined) {
      group = new Group(this.indexes, committed ?? this.indexes.map((index) => index.first));
      this.groups.set(name, group);
    }
    return group;
  }

  /** Called after the record was pushed to the index. */
  appended(partition: number, events: readonly TraceEvent[], valueBytes: number): void {
    if (this.groups.size === 0) return;
    for (const group of this.groups.values()) group.appended(events.length, valueBytes);
    const index = this.indexes[partition]!;
    if (valueBytes > this.#tailBytes) {
      // What is kept has no holes: a record too large to keep ends what was kept before it.
      while (index.firstKept !== undefined) this.#forget(index);
      return;
    }
    index.keep(events);
    this.#keptBytes += valueBytes;
    while (this.#keptBytes > this.#tailBytes) this.#forgetOldest();
  }

  wakeConsumers(): void {
    for (const group of this.groups.values()) group.wakeAll();
  }

  /** Where the partition's slowest group is; the end if it has none. */
  needed(partition: number): number {
    let needed = this.indexes[partition]!.next;
    for (const group of this.groups.values()) needed = Math.min(needed, group.committed[partition]!);
    return needed;
  }

  /** Lets go of events that every group has committed. */
  forgetCommitted(): void {
    this.indexes.forEach((index, partition) => {
      const needed = this.needed(partition);
      while ((index.firstKept ?? Infinity) < needed) this.#forget(index);
    });
  }

  #forgetOldest(): void {
    let oldest: PartitionIndex | undefined;
    let segment = 0;
    let position = 0;
    for (const index of this.indexes) {
      if (index.firstKept === undefined) continue;
      index.read(index.firstKept, place);
      if (
        oldest !== undefined &&
        (place.segment > segment || (place.segment === segment && place.position > position))
      )
        continue;
      oldest = index;
      ({ segment, position } = place);
    }
    if (oldest !== undefined) this.#forget(oldest);
  }

  #forget(index: PartitionIndex): void {
    index.read(index.firstKept!, place);
    this.#keptBytes -= place.valueBytes;
    index.forgetOldestKept();
  }
}
