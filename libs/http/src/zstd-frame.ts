const MAGIC = 0xfd2fb528;
const BLOCK_RAW = 0;
const BLOCK_RLE = 1;
const BLOCK_RESERVED = 3;
/** RFC 8878 3.1.1.2.3: no block holds more, before or after decoding. */
export const ZSTD_BLOCK_MAX_BYTES = 128 * 1024;

export interface ZstdFrame {
  /** What a decoder has to keep of its output, as the header says. */
  readonly windowBytes: number;
  /** What all of it decodes to; undefined where the header does not say. */
  readonly contentBytes: number | undefined;
  readonly dictionaryId: number;
  /** In order. */
  readonly blocks: readonly ZstdBlock[];
}

export interface ZstdBlock {
  /** Behind its last byte. */
  readonly end: number;
  /** Most bytes that it decodes to. */
  readonly maxBytes: number;
}

/** True when `wire` is one Zstandard frame from its first byte to its last. Native decoders lose what is cut off, or what follows, silently. */
export function isWholeZstdFrame(wire: Buffer): boolean {
  return readZstdFrame(wire) !== undefined;
}

/** The frame (RFC 8878 3.1.1) that `wire` is from its first byte to its last; undefined when it is not one. */
export function readZstdFrame(wire: Buffer): ZstdFrame | undefined {
  if (wire.length < 6 || wire.readUInt32LE(0) !== MAGIC) return undefined;
  const descriptor = wire[4]!;
  const header = readHeader(wire, descriptor);
  if (header === undefined) return undefined;
  const blocks: ZstdBlock[] = [];
  let at = header.end;
  for (let last = false; !last;) {
    if (at + 3 > wire.length) return undefined;
    const block = wire.readUIntLE(at, 3);
    const [type, size] = [(block >> 1) & 3, block >> 3];
    if (type === BLOCK_RESERVED || size > ZSTD_BLOCK_MAX_BYTES) return undefined;
    last = (block & 1) === 1;
    at += 3 + (type === BLOCK_RLE ? 1 : size);
    blocks.push({
      end: at,
      maxBytes: type === BLOCK_RAW || type === BLOCK_RLE ? size : ZSTD_BLOCK_MAX_BYTES,
    });
  }
  const hasChecksum = (descriptor & 0x04) !== 0;
  return at + (hasChecksum ? 4 : 0) === wire.length ? { ...header, blocks } : undefined;
}

/** Window descriptor, dictionary id and content size (RFC 8878 3.1.1.1). */
function readHeader(
  wire: Buffer,
  descriptor: number,
): (Omit<ZstdFrame, 'blocks'> & { end: number }) | undefined {
  const isSingleSegment = (descriptor & 0x20) !== 0;
  const sizeFlag = descriptor >> 6;
  const dictionaryBytes = [0, 1, 2, 4][descriptor & 3]!;
  const sizeBytes = sizeFlag === 0 ? (isSingleSegment ? 1 : 0) : 1 << sizeFlag;
  const dictionaryAt = isSingleSegment ? 5 : 6;
  const sizeAt = dictionaryAt + dictionaryBytes;
  const end = sizeAt + sizeBytes;
  if (end > wire.length) return undefined;
  const contentBytes = sizeBytes === 0 ? undefined : readSize(wire, sizeAt, sizeBytes);
  const dictionaryId = dictionaryBytes === 0 ? 0 : wire.readUIntLE(dictionaryAt, dictionaryBytes);
  return {
    end,
    contentBytes,
    dictionaryId,
    windowBytes: isSingleSegment ? contentBytes! : windowOf(wire[5]!),
  };
}

function readSize(wire: Buffer, at: number, bytes: number): number {
  if (bytes === 8) return Number(wire.readBigUInt64LE(at));
  return wire.readUIntLE(at, bytes) + (bytes === 2 ? 256 : 0);
}

function windowOf(descriptor: number): number {
  const base = 2 ** (10 + (descriptor >> 3));
  return base + (base / 8) * (descriptor & 7);
}
