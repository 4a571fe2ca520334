import { describe, expect, it } from '@jest/globals';
import { ByteWriter } from './native.ts';
import { readRows, type RowReader } from './row-binary.ts';

const ROWS = [
  { text: '', bytes: Buffer.from('a'), int: 0, wide: 0n, list: [] as string[] },
  { text: 'ä€😀', bytes: Buffer.alloc(300, 1), int: -1, wide: (1n << 128n) - 1n, list: ['x', ''] },
  {
    text: 'z'.repeat(200),
    bytes: Buffer.alloc(0),
    int: Number.MAX_SAFE_INTEGER,
    wide: 1n << 64n,
    list: ['y'.repeat(130)],
  },
  { text: 'é'.repeat(42), bytes: Buffer.alloc(0), int: Number.MIN_SAFE_INTEGER, wide: 5n, list: [] },
];

function encode(): Buffer {
  const out = new ByteWriter(1);
  for (const row of ROWS) {
    out.text(row.text);
    out.bytes(row.bytes);
    out.int64(row.int);
    out.uint128(row.wide);
    out.varint(row.list.length);
    for (const item of row.list) out.text(item);
  }
  return Buffer.from(out.done());
}

function read(row: RowReader): (typeof ROWS)[number] {
  return {
    text: row.text(),
    bytes: Buffer.from(row.bytes()),
    int: row.int64(),
    wide: row.uint128(),
    list: row.texts(),
  };
}

async function decode(chunks: Buffer[]): Promise<(typeof ROWS)[number][]> {
  const rows = [];
  async function* source(): AsyncGenerator<Buffer> {
    yield* chunks;
  }
  for await (const some of readRows(source(), read)) rows.push(...some);
  return rows;
}

describe('readRows', () => {
  it('reads what was written, wherever the stream is cut', async () => {
    const all = encode();
    expect(await decode([all])).toEqual(ROWS);
    for (let cut = 0; cut <= all.length; cut += 7) {
      expect(await decode([all.subarray(0, cut), all.subarray(cut)])).toEqual(ROWS);
    }
    expect(await decode(Array.from(all, (_, i) => all.subarray(i, i + 1)))).toEqual(ROWS);
  });

  it('refuses a stream that ends inside a row', async () => {
    await expect(decode([encode().subarray(0, -1)])).rejects.toThrow('ends inside a row');
  });
});
