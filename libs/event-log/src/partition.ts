import { partitionKey, type TraceEvent } from '@weft/model';

const SEED = 0x9747b28c;
const M = 0x5bd1e995;
const scratch = Buffer.allocUnsafe(4096);

/** Murmur2 of the bytes as Kafka's Java client computes it (unsigned 32 bit). */
export function murmur2(bytes: Uint8Array, length = bytes.length): number {
  let h = SEED ^ length;
  const blocks = length & ~3;
  for (let i = 0; i < blocks; i += 4) {
    let k = bytes[i]! | (bytes[i + 1]! << 8) | (bytes[i + 2]! << 16) | (bytes[i + 3]! << 24);
    k = Math.imul(k, M);
    k ^= k >>> 24;
    h = Math.imul(h, M) ^ Math.imul(k, M);
  }
  const rest = length - blocks;
  if (rest === 3) h ^= bytes[blocks + 2]! << 16;
  if (rest >= 2) h ^= bytes[blocks + 1]! << 8;
  if (rest >= 1) h = Math.imul(h ^ bytes[blocks]!, M);
  h ^= h >>> 13;
  h = Math.imul(h, M);
  return (h ^ (h >>> 15)) >>> 0;
}

/** Kafka's default partitioner for a keyed message: the low 31 bits of murmur2 of the key's UTF-8, modulo. */
export function partitionOfKey(key: string, partitions: number): number {
  if (key.length * 3 <= scratch.length) {
    const length = scratch.write(key, 'utf8');
    return (murmur2(scratch, length) & 0x7fffffff) % partitions;
  }
  return (murmur2(Buffer.from(key, 'utf8')) & 0x7fffffff) % partitions;
}

/** Which partition an event belongs to: the same for both implementations, so that a log can be moved. */
export function partitionOf(event: TraceEvent, partitions: number): number {
  return partitions === 1 ? 0 : partitionOfKey(partitionKey(event), partitions);
}

/**
 * Events by partition, in order, cut into the groups that travel as one record each: a group's payloads stay below
 * `maxRecordBytes` unless a single event is larger. `placeOf` says where an event belongs.
 */
export function groupByPartition(
  events: readonly TraceEvent[],
  partitions: number,
  maxRecordBytes: number,
  placeOf: (event: TraceEvent, partitions: number) => number = partitionOf,
): { partition: number; events: TraceEvent[] }[] {
  const groups: { partition: number; events: TraceEvent[] }[] = [];
  const open: ({ partition: number; events: TraceEvent[] } | undefined)[] = new Array(partitions);
  const openBytes = new Float64Array(partitions);
  for (const event of events) {
    const partition = placeOf(event, partitions);
    let group = open[partition];
    if (group === undefined || openBytes[partition]! + event.payload.length > maxRecordBytes) {
      group = { partition, events: [] };
      open[partition] = group;
      openBytes[partition] = 0;
      groups.push(group);
    }
    group.events.push(event);
    openBytes[partition]! += event.payload.length;
  }
  return groups;
}
