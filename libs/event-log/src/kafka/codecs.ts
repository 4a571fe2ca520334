import { promisify } from 'node:util';
import * as zlib from 'node:zlib';
import kafkajs, { type CompressionTypes as CompressionType } from 'kafkajs';
import lz4 from 'lz4js';
import snappy from 'snappyjs';
import type { KafkaConfig } from './env.ts';

// A CommonJS module whose members Node does not find by name.
const { CompressionCodecs, CompressionTypes } = kafkajs;

interface Codec {
  compress(encoder: { readonly buffer: Buffer }): Promise<Buffer>;
  decompress(bytes: Buffer): Promise<Buffer>;
}

/** What one record batch may unpack to: the largest record and what travels with it, several times over. */
const MAX_UNPACKED_BYTES = 512 << 20;

const gzip = promisify(zlib.gzip);
const gunzip = promisify(zlib.gunzip);

/** Level 1: a third of the CPU of the client's own level 6 for JSON that is a tenth larger. */
const GZIP: Codec = {
  compress: ({ buffer }) => gzip(buffer, { level: 1 }),
  decompress: (bytes) => gunzip(bytes, { maxOutputLength: MAX_UNPACKED_BYTES }),
};

/** Java's producers put blocks into a frame of their own: this, two versions, then each block after its length. */
const XERIAL = Buffer.from([0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0]);
const XERIAL_HEAD_BYTES = 16;

const SNAPPY: Codec = {
  compress: async ({ buffer }) => snappy.compress(buffer),
  decompress: async (bytes) => {
    if (!bytes.subarray(0, XERIAL.length).equals(XERIAL)) return unsnap(bytes);
    const blocks: Buffer[] = [];
    for (let at = XERIAL_HEAD_BYTES; at < bytes.length;) {
      const end = at + 4 + bytes.readInt32BE(at);
      blocks.push(unsnap(bytes.subarray(at + 4, end)));
      at = end;
    }
    return Buffer.concat(blocks);
  },
};

function unsnap(block: Buffer): Buffer {
  return snappy.uncompress(block, MAX_UNPACKED_BYTES);
}

/** For reading only: the package writes blocks that refer to each other, which brokers refuse. */
const LZ4: Codec = {
  compress: () => Promise.reject(new Error('lz4 is read, not written')),
  decompress: async (bytes) => toBuffer(lz4.decompress(bytes)),
};

function toBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer as ArrayBuffer, bytes.byteOffset, bytes.length);
}

/** Node 22.15 and later. The types are those of the oldest Node we run on. */
type ZstdCall = (
  bytes: Buffer,
  options: { readonly maxOutputLength?: number },
  done: (error: Error | null, result: Buffer) => void,
) => void;
const { zstdCompress, zstdDecompress } = zlib as unknown as Record<string, ZstdCall | undefined>;

export const HAS_ZSTD = zstdCompress !== undefined && zstdDecompress !== undefined;

function zstd(): Codec {
  const [pack, unpack] = [promisify(zstdCompress!), promisify(zstdDecompress!)];
  return {
    compress: ({ buffer }) => pack(buffer, {}),
    decompress: (bytes) => unpack(bytes, { maxOutputLength: MAX_UNPACKED_BYTES }),
  };
}

let isRegistered = false;

/** Lets the client read what any producer wrote; it knows gzip only. Done once: the client's table belongs to the whole process. */
export function registerCodecs(): void {
  if (isRegistered) return;
  isRegistered = true;
  CompressionCodecs[CompressionTypes.GZIP] = () => GZIP;
  CompressionCodecs[CompressionTypes.Snappy] = () => SNAPPY;
  CompressionCodecs[CompressionTypes.LZ4] = () => LZ4;
  if (HAS_ZSTD) CompressionCodecs[CompressionTypes.ZSTD] = zstd;
}

const TYPES: Readonly<Record<KafkaConfig['KAFKA_COMPRESSION'], CompressionType>> = {
  none: CompressionTypes.None,
  gzip: CompressionTypes.GZIP,
  snappy: CompressionTypes.Snappy,
  zstd: CompressionTypes.ZSTD,
};

export function compressionType(name: KafkaConfig['KAFKA_COMPRESSION']): CompressionType {
  return TYPES[name];
}
