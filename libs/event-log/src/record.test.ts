import { describe, expect, it } from '@jest/globals';
import { EVENT_KINDS, type EventKind, type TraceEvent } from '@weft/model';
import { mulberry32 } from '@weft/testkit';
import { decodeRecord, encodeRecord } from './record.ts';
import { testEvent } from './testing/events.ts';

const roundTrip = (events: readonly TraceEvent[]) => decodeRecord(Buffer.concat(encodeRecord(events)));

describe('records', () => {
  it('brings every kind and member back', () => {
    const events = (Object.keys(EVENT_KINDS) as EventKind[]).map((kind, i) =>
      testEvent(`id-${i}`, Buffer.alloc(i * 3000, i), {
        kind,
        projectId: `e/p${i % 2}`,
        userId: i % 3 === 0 ? '' : 'ü',
        note: i === 4 ? 'n'.repeat(70_000) : '',
        receivedAtUs: 1_790_000_000_000_000 + i,
      }),
    );
    const { events: back, undecodable } = roundTrip(events);
    expect(undecodable).toEqual([]);
    expect(back.map((event) => ({ ...event, payload: Buffer.from(event.payload) }))).toEqual(
      events.map((event) => ({ ...event, payload: Buffer.from(event.payload) })),
    );
  });

  it('copies no large payload when encoding and none when decoding', () => {
    const payload = Buffer.alloc(100_000, 7);
    const chunks = encodeRecord([testEvent('a'), testEvent('b', payload), testEvent('c')]);
    expect(chunks.some((chunk) => chunk.buffer === payload.buffer && chunk.length === payload.length)).toBe(
      true,
    );
    const value = Buffer.concat(chunks);
    for (const event of decodeRecord(value).events) expect(event.payload.buffer).toBe(value.buffer);
  });

  it('takes payloads that are no Buffer and begin within theirs', () => {
    const payload = new Uint8Array([1, 2, 3, 4, 5]).subarray(1, 4);
    const large = new Uint8Array(20_000).fill(9).subarray(100, 15_000);
    const { events } = roundTrip([testEvent('a', payload), testEvent('b', large)]);
    expect([...events[0]!.payload]).toEqual([2, 3, 4]);
    expect(Buffer.from(events[1]!.payload).equals(Buffer.alloc(14_900, 9))).toBe(true);
  });

  it('reports an unknown kind without losing its neighbours or the number', () => {
    const value = Buffer.concat(
      encodeRecord([testEvent('a', 'x'), testEvent('b', 'y'), testEvent('c', 'z')]),
    );
    value.writeUInt16LE(999, 5);
    const { events, undecodable } = decodeRecord(value);
    expect(events.map(({ id }) => id)).toEqual(['b', 'c']);
    expect(undecodable).toHaveLength(1);
    expect(undecodable[0]!.reason).toContain('999');
    const again = roundTrip([undecodable[0]!.event]);
    expect(again.undecodable[0]).toMatchObject({ event: { id: 'a', kind: 'unknown.999' } });
  });

  it('reports what is no record with all of its bytes', () => {
    for (const value of [Buffer.alloc(0), Buffer.from([9, 0, 0, 0, 0]), Buffer.from('not a record at all')]) {
      const { events, undecodable } = decodeRecord(value);
      expect(events).toEqual([]);
      expect(Buffer.from(undecodable[0]!.event.payload).equals(value)).toBe(true);
    }
  });

  it('survives any change of its bytes', () => {
    const sound = Buffer.concat(
      encodeRecord([testEvent('a', 'x'.repeat(50)), testEvent('ü', 'y'), testEvent('c', '')]),
    );
    const random = mulberry32(1);
    for (let i = 0; i < 5000; i++) {
      const value = Buffer.from(sound.subarray(0, Math.ceil(random() * sound.length)));
      for (let flips = Math.floor(random() * 4); flips >= 0; flips--) {
        value[Math.floor(random() * value.length)]! ^= 1 << Math.floor(random() * 8);
      }
      const { events, undecodable } = decodeRecord(value);
      expect(events.length + undecodable.length).toBeGreaterThan(0);
    }
  });
});
