import { describe, expect, it } from '@jest/globals';
import { groupByPartition, murmur2, partitionOfKey } from './partition.ts';
import { testEvent } from './testing/events.ts';

describe('murmur2', () => {
  // From Apache Kafka, clients/src/test/java/org/apache/kafka/common/utils/UtilsTest.java (testMurmur2).
  it.each([
    ['21', -973932308],
    ['foobar', -790332482],
    ['a-little-bit-long-string', -985981536],
    ['a-little-bit-longer-string', -1486304829],
    ['lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8', -58897971],
    ['abc', 479470107],
  ])('hashes %s as Kafka does', (text, expected) => {
    expect(murmur2(Buffer.from(text)) | 0).toBe(expected);
    expect(partitionOfKey(text, 7)).toBe((expected & 0x7fffffff) % 7);
  });

  it('hashes keys of any length and script', () => {
    for (const key of ['', 'ä', '日本', 'x'.repeat(5000)]) {
      expect(partitionOfKey(key, 11)).toBe((murmur2(Buffer.from(key)) & 0x7fffffff) % 11);
    }
  });
});

describe('groupByPartition', () => {
  const events = Array.from({ length: 200 }, (_, i) => testEvent(`call-${i % 50}`, Buffer.alloc(100, i)));

  it('keeps every event once, in order, in its partition', () => {
    const groups = groupByPartition(events, 4, 1 << 20);
    expect(groups).toHaveLength(4);
    for (const { partition, events: inside } of groups) {
      expect(inside).toEqual(
        events.filter((event) => partitionOfKey(`${event.projectId}/${event.id}`, 4) === partition),
      );
    }
  });

  it('cuts groups by bytes but never an event', () => {
    const groups = groupByPartition([...events, testEvent('large', Buffer.alloc(5000))], 2, 1000);
    const sizes = groups.map((group) => group.events.reduce((sum, { payload }) => sum + payload.length, 0));
    expect(sizes.filter((size) => size > 1000)).toEqual([5000]);
    expect(groups.flatMap((group) => group.events)).toHaveLength(201);
  });

  it('gives an event larger than a group one of its own', () => {
    expect(groupByPartition([testEvent('x', Buffer.alloc(10))], 1, 1)).toHaveLength(1);
  });
});
