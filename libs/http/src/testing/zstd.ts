/** Zstandard frames without an encoder, which not every Node has: blocks that are stored, or one byte repeated. */

const HEADER_WINDOW_LOG = 20;
const BLOCK_BYTES = 128 * 1024;

function frame(windowLog: number, blocks: readonly Buffer[]): Buffer {
  return Buffer.concat([Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0, (windowLog - 10) << 3]), ...blocks]);
}

function block(isLast: boolean, type: 0 | 1, size: number, content: Buffer): Buffer {
  const head = Buffer.alloc(3);
  head.writeUIntLE((size << 3) | (type << 1) | Number(isLast), 0, 3);
  return Buffer.concat([head, content]);
}

/** `data` as it is, in one frame. */
export function storedZstd(data: Buffer, options: { windowLog?: number; blockBytes?: number } = {}): Buffer {
  const { windowLog = HEADER_WINDOW_LOG, blockBytes = BLOCK_BYTES } = options;
  const blocks: Buffer[] = [];
  for (let at = 0; at === 0 || at < data.length; at += blockBytes) {
    const part = data.subarray(at, at + blockBytes);
    blocks.push(block(at + blockBytes >= data.length, 0, part.length, part));
  }
  return frame(windowLog, blocks);
}

/** A frame that decodes to `size` times one byte. */
export function rleZstd(size: number, byte = 0): Buffer {
  const blocks: Buffer[] = [];
  for (let left = size; left > 0; left -= BLOCK_BYTES)
    blocks.push(block(left <= BLOCK_BYTES, 1, Math.min(left, BLOCK_BYTES), Buffer.from([byte])));
  return frame(HEADER_WINDOW_LOG, blocks);
}
