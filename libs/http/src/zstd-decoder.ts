import { Readable } from 'node:stream';
import { setImmediate as nextTurn } from 'node:timers/promises';
import vm from 'node:vm';
import { Decompress } from 'fzstd';
import { readZstdFrame, type ZstdFrame } from './zstd-frame.ts';

/** Output and blocks decoded without a pause for other requests. */
const TURN_BYTES = 1024 * 1024;
const TURN_BLOCKS = 32;
/** A turn takes 10 ms; only a frame made to cost time takes longer. */
const TURN_MAX_MS = 1000;
/** The decoder moves its window once per block. An honest frame has a block for each 128 KiB of its content. */
const MAX_MOVED_BYTES = 16 * 2 ** 30;

/**
 * Decodes one whole Zstandard frame in JavaScript, for a Node whose zlib cannot: in turns, so that other requests are
 * answered meanwhile, with memory for the window and one turn's output. Checksums are not verified; the content size is,
 * where the header has it. The stream fails for a frame that is broken, wants a dictionary or a window of more than
 * `maxWindowBytes`, or is made of so many or so strange blocks that decoding would hold the process up.
 */
export function decodeZstd(wire: Buffer, maxWindowBytes: number): Readable {
  return Readable.from(chunksOf(wire, maxWindowBytes), { objectMode: false });
}

async function* chunksOf(wire: Buffer, maxWindowBytes: number): AsyncGenerator<Buffer> {
  const frame = decodable(readZstdFrame(wire), maxWindowBytes);
  let out: Uint8Array[] = [];
  let decodedBytes = 0;
  const decoder = new Decompress((chunk) => out.push(chunk));
  let from = 0;
  for (const end of turnsOf(frame, wire.length)) {
    inTime(() => decoder.push(wire.subarray(from, end), end === wire.length));
    from = end;
    const chunk = Buffer.concat(out);
    out = [];
    decodedBytes += chunk.length;
    if (chunk.length > 0) yield chunk;
    await nextTurn();
  }
  if (frame.contentBytes !== undefined && frame.contentBytes !== decodedBytes)
    throw new Error('the frame does not decode to the size that its header says');
}

function decodable(frame: ZstdFrame | undefined, maxWindowBytes: number): ZstdFrame {
  if (frame === undefined) throw new Error('not a whole frame');
  if (frame.dictionaryId !== 0) throw new Error('the frame needs a dictionary');
  if (frame.windowBytes > maxWindowBytes) throw new Error('the window is too large');
  if (frame.blocks.length * frame.windowBytes > MAX_MOVED_BYTES) throw new Error('too many blocks');
  return frame;
}

/** Where each turn ends, in the bytes of the frame. */
function* turnsOf({ blocks }: ZstdFrame, end: number): Generator<number> {
  let [bytes, count] = [0, 0];
  for (const block of blocks.slice(0, -1)) {
    bytes += block.maxBytes;
    if (++count < TURN_BLOCKS && bytes < TURN_BYTES) continue;
    yield block.end;
    [bytes, count] = [0, 0];
  }
  yield end;
}

const sandbox = vm.createContext({ work: () => {} });
const script = new vm.Script('work()');

/** The decoder trusts the lengths it reads: some frames of a few hundred KB would keep it in a loop for a minute. */
function inTime(work: () => void): void {
  sandbox.work = work;
  script.runInContext(sandbox, { timeout: TURN_MAX_MS });
}
