import { describe, expect, it } from '@jest/globals';
import kafkajs from 'kafkajs';
import snappy from 'snappyjs';
import { registerCodecs } from './codecs.ts';

const { CompressionCodecs: codecs, CompressionTypes: types } = kafkajs;

describe('snappy', () => {
  registerCodecs();
  const codec = codecs[types.Snappy]() as { decompress(bytes: Buffer): Promise<Buffer> };
  const text = Buffer.from('{"inputs":"wefts and warps"}'.repeat(40));

  it("is read in the frame of Java's producers", async () => {
    const head = Buffer.concat([
      Buffer.from('82534e4150505900', 'hex'),
      Buffer.from('0000000100000001', 'hex'),
    ]);
    const blocks = [text.subarray(0, 500), text.subarray(500)].flatMap((part) => {
      const block = snappy.compress(part);
      const length = Buffer.alloc(4);
      length.writeInt32BE(block.length);
      return [length, block];
    });
    expect((await codec.decompress(Buffer.concat([head, ...blocks]))).equals(text)).toBe(true);
  });

  it('is read without one', async () => {
    expect((await codec.decompress(snappy.compress(text))).equals(text)).toBe(true);
  });
});
