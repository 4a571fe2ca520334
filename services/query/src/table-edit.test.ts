import { describe, expect, it } from '@jest/globals';
import { CHUNK_ROWS, cutTable } from '@weft/model';
import { TableEdit } from './table-edit.ts';

/** The same numbers in every run. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => (state = (state * 16_807) % 2_147_483_647) / 2_147_483_647;
}

const digestOf = (rowDigests: readonly string[]) => rowDigests.join('+');
const stored = (rowDigests: readonly string[], digest: string | null) => ({
  digest,
  rowCount: rowDigests.length,
  text: Buffer.from(rowDigests.join('\n')),
});

/** As the store gives it back. */
function chunksOf(rowDigests: readonly string[]) {
  const { order, chunks } = cutTable(rowDigests, digestOf);
  if (order.chunks.length === 0) return [stored(rowDigests, null)];
  return chunks.map((chunk) => stored(chunk.rowDigests, chunk.digest));
}

function rowsAfter(base: readonly string[], edit: TableEdit): readonly string[] {
  const { order, chunks } = edit.finish(digestOf);
  expect([...edit.texts()].join('')).toBe(
    order.chunks.length === 0 ? order.rowDigests.join('') : rowsOf().join(''),
  );
  return rowsOf();

  function rowsOf(): readonly string[] {
    if (order.chunks.length === 0) return order.rowDigests;
    const known = new Map(cutTable(base, digestOf).chunks.map((chunk) => [chunk.digest, chunk.rowDigests]));
    for (const chunk of chunks) known.set(chunk.digest, chunk.rowDigests);
    for (const { digest, rowCount } of order.chunks) {
      expect(known.get(digest)).toHaveLength(rowCount);
      expect(rowCount).toBeLessThanOrEqual(CHUNK_ROWS);
      expect(rowCount).toBeGreaterThan(0);
    }
    return order.chunks.flatMap(({ digest }) => known.get(digest)!);
  }
}

const names = (count: number, name = 'r') => Array.from({ length: count }, (_, i) => `${name}${i}`);

describe('TableEdit', () => {
  it.each([0, 1, 5, CHUNK_ROWS, CHUNK_ROWS + 1, 3 * CHUNK_ROWS + 7])(
    'does to %d rows what a list does',
    (count) => {
      const random = seeded(count + 1);
      const base = names(count);
      const rows = [...base];
      const edit = new TableEdit(chunksOf(base));
      for (let i = 0; i < 3000; i++) {
        const at = Math.floor(random() * (rows.length + 1));
        if (random() < 0.4 && at < rows.length) {
          expect(edit.pop(at)).toBe(rows.splice(at, 1)[0]);
        } else {
          const place = random() < 0.3 ? rows.length : at;
          edit.insert(place, `new${i}`);
          rows.splice(place, 0, `new${i}`);
        }
        expect(edit.length).toBe(rows.length);
      }
      expect(rowsAfter(base, edit)).toEqual(rows);
    },
  );

  it('sends only the chunks that an edit fell into', () => {
    const base = names(100 * CHUNK_ROWS);
    const edit = new TableEdit(chunksOf(base));
    edit.insert(edit.length, 'appended');
    edit.pop(50 * CHUNK_ROWS + 3);
    const { order, chunks } = edit.finish(digestOf);
    expect(chunks.map((chunk) => chunk.rowDigests.length)).toEqual([CHUNK_ROWS - 1, CHUNK_ROWS, 1]);
    expect(order.chunks).toHaveLength(101);
  });

  it('goes from one form of the order to the other and back', () => {
    const short = names(CHUNK_ROWS);
    const grown = new TableEdit(chunksOf(short));
    grown.insert(CHUNK_ROWS, 'more');
    expect(grown.finish(digestOf).order.chunks).toHaveLength(2);
    const long = names(CHUNK_ROWS + 1);
    const shrunk = new TableEdit(chunksOf(long));
    shrunk.pop(0);
    expect(shrunk.finish(digestOf)).toEqual({ order: { rowDigests: long.slice(1), chunks: [] }, chunks: [] });
    const emptied = new TableEdit(chunksOf(['a']));
    emptied.pop(0);
    expect(emptied.finish(digestOf).order).toEqual({ rowDigests: [], chunks: [] });
    expect([...emptied.texts()].join('')).toBe('');
  });

  it('cuts what was stored before there were chunks', () => {
    const base = names(2 * CHUNK_ROWS + 1);
    const edit = new TableEdit([stored(base, null)]);
    edit.insert(0, 'first');
    expect(rowsAfter(base, edit)).toEqual(['first', ...base]);
  });

  it('takes many edits at one place without moving all rows for each', () => {
    const edit = new TableEdit(chunksOf([]));
    for (let i = 0; i < 30_000; i++) edit.insert(0, `x${i}`);
    for (let i = 0; i < 29_000; i++) expect(edit.pop(0)).toBe(`x${29_999 - i}`);
    expect(edit.length).toBe(1000);
  });
});
