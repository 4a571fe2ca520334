import { describe, expect, it } from '@jest/globals';
import { IdIndex } from './id-index.ts';
import { lanesOf } from './lanes.ts';
import { rollUp } from './roll-up.ts';
import { findRows, placeAmong } from './search.ts';
import { shapeOf } from './shape.ts';
import { slowPath } from './slow-path.ts';
import { dice, partOf, randomCalls, type TestCall } from './testing/calls.ts';
import { flat, naiveSlowPath, naiveSums, naiveTree } from './testing/naive.ts';
import { TraceTable } from './trace-table.ts';
import { foldFrom, reveal, visibleRows } from './visible.ts';

const SEEDS = Array.from({ length: 120 }, (_, seed) => seed + 1);

/** In parts of any size, in the order given. */
function tableOf(calls: readonly TestCall[], seed = 1): TraceTable {
  const roll = dice(seed);
  const table = new TraceTable();
  for (let i = 0; i < calls.length;) {
    const length = 1 + roll(calls.length);
    table.add(partOf(calls.slice(i, i + length), 1_000_000 + roll(50)));
    i += length;
  }
  return table;
}

const idsOf = (table: TraceTable, rows: Iterable<number>) => Array.from(rows, (row) => table.ids.textOf(row));

describe('a trace as columns', () => {
  it('has the tree that its calls say, whatever order and parts they come in', () => {
    for (const seed of SEEDS) {
      const calls = randomCalls(seed, 1 + (seed % 40));
      const table = tableOf(calls, seed);
      const shape = shapeOf(table);
      const expected = flat(naiveTree(calls));
      expect(idsOf(table, shape.order)).toEqual(expected.map(({ call }) => call.id));
      expect(Array.from(shape.order, (row) => shape.depth[row])).toEqual(expected.map(({ depth }) => depth));
      expect(Array.from(shape.order, (row) => shape.size[row])).toEqual(expected.map(({ size }) => size));
      expect(Array.from(shape.order, (row) => shape.children[row])).toEqual(
        expected.map(({ children }) => children.length),
      );
      shape.order.forEach((row, place) => expect(shape.placeOf[row]).toBe(place));
    }
  });

  it('counts tokens, costs and errors of each subtree once', () => {
    for (const seed of SEEDS) {
      const calls = randomCalls(seed, 1 + (seed % 30));
      const table = tableOf(calls, seed);
      const shape = shapeOf(table);
      const sums = rollUp(table, shape);
      const expected = flat(naiveTree(calls)).map(naiveSums);
      const found = Array.from(shape.order, (row) => ({
        in: sums.tokensIn[row],
        out: sums.tokensOut[row],
        cost: sums.cost[row],
        errors: sums.errors[row],
      }));
      expect(found).toEqual(expected);
    }
  });

  it('marks the calls that the end waited for', () => {
    for (const seed of SEEDS) {
      const calls = randomCalls(seed, 1 + (seed % 30));
      const table = tableOf(calls, seed);
      const shape = shapeOf(table);
      // Base times of parts differ: back to those of the test.
      const shift = calls[0]!.startUs - table.starts[0]!;
      const nowUs = 500;
      const isSlow = slowPath(table, shape, nowUs - shift);
      const found = idsOf(
        table,
        shape.order.filter((row) => isSlow[row] === 1),
      ).sort();
      expect(found).toEqual(naiveSlowPath(naiveTree(calls), nowUs).sort());
    }
  });

  it('shows what is not folded, folds to a level, and unfolds what hides a call', () => {
    for (const seed of SEEDS) {
      const calls = randomCalls(seed, 1 + (seed % 40));
      const table = tableOf(calls, seed);
      const shape = shapeOf(table);
      const level = seed % 4;
      const folded = new Uint8Array(table.count);
      foldFrom(shape, level, folded);
      const nodes = flat(naiveTree(calls));
      expect(idsOf(table, visibleRows(shape, folded))).toEqual(
        nodes.filter(({ depth }) => depth <= level).map(({ call }) => call.id),
      );
      const deepest = nodes.reduce((a, b) => (b.depth > a.depth ? b : a));
      const row = table.ids.findText(deepest.call.id);
      expect(reveal(shape, row, folded)).toBe(deepest.depth > level);
      expect(visibleRows(shape, folded)).toContain(row);
      const sums = rollUp(table, shape);
      const failed = visibleRows(shape, new Uint8Array(table.count), (each) => sums.errors[each]! > 0);
      expect(idsOf(table, failed)).toEqual(
        nodes.filter((node) => naiveSums(node).errors > 0).map(({ call }) => call.id),
      );
    }
  });

  it('draws calls below their parents and none over another', () => {
    for (const seed of SEEDS.slice(0, 40)) {
      const table = tableOf(randomCalls(seed, 1 + (seed % 60)), seed);
      const shape = shapeOf(table);
      const { laneOf, count } = lanesOf(table, shape, 1000);
      for (const row of shape.order) {
        if (shape.up[row]! >= 0) expect(laneOf[row]).toBeGreaterThan(laneOf[shape.up[row]!]!);
        expect(laneOf[row]).toBeLessThan(count);
        for (const other of shape.order) {
          if (other === row || laneOf[other] !== laneOf[row]) continue;
          const isApart =
            table.endOf(row, 1000) <= table.starts[other]! || table.endOf(other, 1000) <= table.starts[row]!;
          const isPoint = table.durations[row] === 0 || table.durations[other] === 0;
          expect(isApart || isPoint).toBe(true);
        }
      }
    }
  });

  it('takes what changed, and nothing else, for new', () => {
    const root = { id: 'r', startUs: 0, durationUs: -1, usage: [{ model: 'gpt', in: 5, out: 1, cost: 2 }] };
    const table = new TraceTable();
    expect(table.add(partOf([root]))).toBe(true);
    expect([table.running, table.add(partOf([root])), table.running]).toEqual([1, false, 1]);
    const child = { id: 'c', parent: 'r', startUs: 3, durationUs: 4, error: 'Boom', state: 1 };
    expect(table.add(partOf([{ ...root, durationUs: 9 }, child]))).toBe(true);
    const shape = shapeOf(table);
    expect([table.running, table.endUs, rollUp(table, shape).tokensIn[0], table.count]).toEqual([0, 9, 5, 2]);
    expect(findRows(table, shape, 'boom', (name) => name)).toEqual(Int32Array.of(1));
    expect(findRows(table, shape, 'GPT', (name) => name)).toEqual(Int32Array.of(0));
    expect(findRows(table, shape, ' ', (name) => name)).toHaveLength(0);
    // A parent that comes after its children.
    table.add(partOf([{ id: 'late', parent: 'gone', startUs: 1, durationUs: 1 }]));
    table.add(partOf([{ id: 'gone', parent: 'r', startUs: 0, durationUs: 3 }]));
    expect(idsOf(table, shapeOf(table).order)).toEqual(['r', 'gone', 'late', 'c']);
  });

  it('finds the next match', () => {
    const found = Int32Array.of(4, 1, 3);
    const placeOf = Int32Array.of(9, 5, 9, 7, 2);
    expect([0, 2, 3, 5, 6, 8].map((place) => placeAmong(found, placeOf, place))).toEqual([0, 0, 1, 1, 2, 3]);
  });

  it('knows every id', () => {
    const ids = new IdIndex();
    const texts = Array.from({ length: 5000 }, (_, i) => (i % 2 ? `ü${i * 7919}` : `${i}`.padStart(36, 'x')));
    for (const text of texts) {
      const bytes = new TextEncoder().encode(text);
      expect(ids.find(bytes, 0, bytes.length)).toBe(-1);
      ids.add(bytes, 0, bytes.length);
    }
    expect(texts.map((text) => ids.findText(text))).toEqual(texts.map((_, i) => i));
    expect([ids.textOf(4999), ids.findText('none')]).toEqual([texts[4999], -1]);
  });

  it('holds a chain as long as it gets, and one circle of it all', () => {
    const count = 200_000;
    const chain = (circle: boolean) => ({
      count,
      parents: Int32Array.from({ length: count }, (_, i) => (i === 0 ? (circle ? count - 1 : -1) : i - 1)),
      byStart: Int32Array.from({ length: count }, (_, i) => i),
    });
    for (const circle of [false, true]) {
      const { maxDepth, roots, order } = shapeOf(chain(circle));
      expect([maxDepth, roots, order.length]).toEqual([count - 1, 1, count]);
    }
  });
});
