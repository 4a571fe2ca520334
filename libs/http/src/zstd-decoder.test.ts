import { createHash, randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { inflate, zstdInJavaScript } from './inflate.ts';
import { rleZstd, storedZstd } from './testing/zstd.ts';

/** Made by the reference implementation of 600 KB of words that repeat near and far. */
const fixture = (name: string) => readFileSync(new URL(`../fixtures/${name}.zst`, import.meta.url));
const TEXT_SHA256 = '926483faadd8f84df4e64d58f900a28d231ff54a0b680376bc2697a2ef4ba2ae';
const MIB = 1024 * 1024;

/** What is kept along the way, and the most of it at one time. */
async function decode(wire: Buffer, maxBytes = 64 * MIB) {
  let [held, peak] = [0, 0];
  const account = (bytes: number) => {
    held += bytes;
    peak = Math.max(peak, held);
  };
  const decoders = new Map([['zstd', zstdInJavaScript]]);
  const outcome = await inflate(wire, 'zstd', maxBytes, account, decoders).catch((error: unknown) => error);
  return { outcome, held, peak };
}

describe('Zstandard in JavaScript', () => {
  it.each(['text-with-size-and-checksum', 'text-streamed'])('decodes %s', async (name) => {
    const { outcome } = await decode(fixture(name));
    expect(
      createHash('sha256')
        .update(outcome as Buffer)
        .digest('hex'),
    ).toBe(TEXT_SHA256);
  });

  it('decodes blocks that are stored or one byte repeated, and no block at all', async () => {
    const body = randomBytes(700_000);
    expect(body.equals((await decode(storedZstd(body))).outcome as Buffer)).toBe(true);
    const repeated = (await decode(rleZstd(5 * MIB, 0x61))).outcome as Buffer;
    expect(repeated.equals(Buffer.alloc(5 * MIB, 'a'))).toBe(true);
    expect((await decode(storedZstd(Buffer.alloc(0)))).outcome).toHaveLength(0);
  });

  it('takes exactly the limit, and refuses one byte more', async () => {
    expect((await decode(rleZstd(MIB), MIB)).outcome).toHaveLength(MIB);
    expect((await decode(rleZstd(MIB + 1), MIB)).outcome).toMatchObject({ code: 'request_too_large' });
  });

  it('refuses a bomb having kept little of it', async () => {
    const { outcome, held, peak } = await decode(rleZstd(1024 * MIB), 64 * MIB);
    expect(outcome).toMatchObject({ code: 'request_too_large' });
    expect(held).toBe(0);
    expect(peak).toBeLessThanOrEqual(6 * MIB);
  });

  it('gives a window of 8 MiB and no more', async () => {
    const body = Buffer.from('words');
    expect((await decode(storedZstd(body, { windowLog: 23 }))).outcome).toEqual(body);
    expect((await decode(storedZstd(body, { windowLog: 24 }))).outcome).toMatchObject({
      code: 'invalid_request',
    });
    expect((await decode(fixture('window-of-32-mib'))).outcome).toMatchObject({ code: 'invalid_request' });
  });

  it('does not move a large window for millions of tiny blocks', async () => {
    const wire = storedZstd(Buffer.alloc(5000), { windowLog: 23, blockBytes: 1 });
    expect((await decode(wire)).outcome).toMatchObject({ code: 'invalid_request' });
    expect((await decode(storedZstd(Buffer.alloc(5000), { blockBytes: 1 }))).outcome).toHaveLength(5000);
  });

  it('refuses a frame that is cut, goes on, or decodes to another size than it says', async () => {
    const whole = fixture('text-with-size-and-checksum');
    for (const wire of [whole.subarray(0, -1), whole.subarray(0, 900), Buffer.concat([whole, whole])])
      expect((await decode(wire)).outcome).toMatchObject({ code: 'invalid_request' });
    const lying = Buffer.from(whole);
    lying.writeUInt32LE(lying.readUInt32LE(6) + 1, 6);
    expect((await decode(lying)).outcome).toMatchObject({ code: 'invalid_request' });
  });

  it('ends with an error or some bytes, whatever is changed in a frame', async () => {
    const whole = fixture('text-streamed');
    for (let at = 9; at < whole.length; at += 211) {
      const broken = Buffer.from(whole);
      broken[at] = broken[at]! ^ (1 << (at & 7));
      const { outcome } = await decode(broken);
      if (!Buffer.isBuffer(outcome)) expect(outcome).toMatchObject({ code: 'invalid_request' });
    }
  });
});
