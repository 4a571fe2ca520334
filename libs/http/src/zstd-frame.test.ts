import { describe, expect, it } from '@jest/globals';
import { isWholeZstdFrame } from './zstd-frame.ts';

const MAGIC = [0x28, 0xb5, 0x2f, 0xfd];

/** Three header bytes of a block. Types: 0 raw, 1 one byte repeated, 2 compressed. */
function block(last: boolean, type: number, size: number): number[] {
  const bits = (size << 3) | (type << 1) | Number(last);
  return [bits & 0xff, (bits >> 8) & 0xff, bits >> 16];
}

const RAW = [...block(true, 0, 2), 1, 2];

const FRAMES: [string, number[]][] = [
  ['an empty raw block, single segment', [...MAGIC, 0x20, 0, ...block(true, 0, 0)]],
  ['a window descriptor', [...MAGIC, 0x00, 0x58, ...RAW]],
  ['a checksum', [...MAGIC, 0x04, 0x58, ...RAW, 9, 9, 9, 9]],
  [
    'a dictionary id of 4 bytes and a content size of 8',
    [...MAGIC, 0xe3, 1, 2, 3, 4, 2, 0, 0, 0, 0, 0, 0, 0, ...RAW],
  ],
  ['a content size of 2 bytes', [...MAGIC, 0x60, 2, 0, ...RAW]],
  ['several blocks, one of them repeated', [...MAGIC, 0x00, 0x58, ...block(false, 1, 5000), 7, ...RAW]],
  ['a compressed block', [...MAGIC, 0x00, 0x58, ...block(true, 2, 3), 1, 2, 3]],
];

describe('isWholeZstdFrame', () => {
  it.each(FRAMES)('knows the end of a frame with %s', (_, bytes) => {
    const frame = Buffer.from(bytes);
    expect(isWholeZstdFrame(frame)).toBe(true);
    for (let cut = 0; cut < frame.length; cut++) expect(isWholeZstdFrame(frame.subarray(0, cut))).toBe(false);
    expect(isWholeZstdFrame(Buffer.concat([frame, frame]))).toBe(false);
  });

  it('refuses what is no frame', () => {
    expect(isWholeZstdFrame(Buffer.alloc(100))).toBe(false);
    expect(isWholeZstdFrame(Buffer.alloc(100, 0xff))).toBe(false);
  });
});
