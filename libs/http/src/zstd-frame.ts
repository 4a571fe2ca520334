const MAGIC = 0xfd2fb528;
const BLOCK_RLE = 1;

/**
 * True when `wire` is one Zstandard frame (RFC 8878 3.1.1) from its first byte to its last. Node 22 decodes the start of a
 * cut frame without an error, and every Node drops what follows the first frame: both would lose data silently.
 */
export function isWholeZstdFrame(wire: Buffer): boolean {
  if (wire.length < 6 || wire.readUInt32LE(0) !== MAGIC) return false;
  const descriptor = wire[4]!;
  let at = 5 + headerRest(descriptor);
  for (let last = false; !last;) {
    if (at + 3 > wire.length) return false;
    const block = wire.readUIntLE(at, 3);
    last = (block & 1) === 1;
    at += 3 + (((block >> 1) & 3) === BLOCK_RLE ? 1 : block >> 3);
  }
  const hasChecksum = (descriptor & 0x04) !== 0;
  return at + (hasChecksum ? 4 : 0) === wire.length;
}

/** Bytes of window descriptor, dictionary id and content size. */
function headerRest(descriptor: number): number {
  const singleSegment = (descriptor & 0x20) !== 0;
  const contentSizeFlag = descriptor >> 6;
  const contentSize = contentSizeFlag === 0 ? (singleSegment ? 1 : 0) : 1 << contentSizeFlag;
  return (singleSegment ? 0 : 1) + [0, 1, 2, 4][descriptor & 3]! + contentSize;
}
