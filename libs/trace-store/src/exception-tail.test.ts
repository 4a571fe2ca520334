import { ClickHouseError } from '@clickhouse/client';
import { describe, expect, it } from '@jest/globals';
import { cutException } from './exception-tail.ts';

const TAG = 'lbuzlfokgoobdpcv';
const TAIL = `\r\n__exception__\r\n${TAG}\r\nCode: 159. DB::Exception: Timeout exceeded: maximum: 300 ms. (TIMEOUT_EXCEEDED) (version 26.7.2.1)\n86 ${TAG}\r\n__exception__\r\n`;

async function* inPieces(text: string, size: number, breaks: boolean): AsyncGenerator<Buffer> {
  for (let at = 0; at < text.length; at += size) yield Buffer.from(text.slice(at, at + size));
  if (breaks) throw new Error('aborted');
}

async function read(chunks: AsyncIterable<Buffer>, tag: string | null = TAG): Promise<[string, unknown]> {
  let text = '';
  try {
    for await (const chunk of cutException(chunks, tag ?? undefined)) text += chunk.toString();
    return [text, undefined];
  } catch (error) {
    return [text, error];
  }
}

describe('cutException', () => {
  it.each([1, 2, 3, 7, 40, 1000])('gives the rows, then the error, from pieces of %d bytes', async (size) => {
    for (const breaks of [true, false]) {
      const [text, error] = await read(inPieces(`rows\r\n\r\n__exc rows${TAIL}`, size, breaks));
      expect(text).toBe('rows\r\n\r\n__exc rows');
      expect(error).toBeInstanceOf(ClickHouseError);
      expect(error).toMatchObject({
        code: '159',
        type: 'TIMEOUT_EXCEEDED',
        message: 'Timeout exceeded: maximum: 300 ms',
      });
    }
  });

  it('leaves what only looks like it', async () => {
    for (const text of ['', 'rows', `rows\r\n__exception__\r\nlbuz`, `\r\n__exception__\r\nother\r\n`])
      for (const size of [1, 5, 100])
        expect(await read(inPieces(text, size, false))).toEqual([text, undefined]);
  });

  it('hands a broken connection on', async () => {
    expect(await read(inPieces('rows', 2, true))).toMatchObject(['rows', { message: 'aborted' }]);
  });

  it('gives everything where the server has no tag', async () => {
    expect(await read(inPieces(`rows${TAIL}`, 9, false), null)).toEqual([
      expect.stringContaining('rows'),
      undefined,
    ]);
  });
});
