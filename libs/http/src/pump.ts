import type { IncomingMessage } from 'node:http';
import { AppError } from '@weft/model';
import { broken, createDecoder, joined, tooLarge, zstdInJavaScript, type ZlibStream } from './inflate.ts';

/** Takes bytes one chunk after the other. */
export interface Sink {
  /** Resolves when the next chunk may come. Rejects: no more is wanted. */
  write(chunk: Buffer): Promise<void>;
  /** There are no more. */
  end(): Promise<void>;
}

/**
 * Gives the body to the sink as it arrives, decoded. What is not read when it fails is left in the request.
 * @param encoding as `parseEncoding` gives it.
 * @param hold told of bytes that are kept to be decoded.
 * @throws what the sink throws; AppError `invalid_request` for a body that breaks off or is not what `encoding` says.
 */
export function pump(
  req: IncomingMessage,
  encoding: string | undefined,
  sink: Sink,
  hold: (bytes: number) => void,
): Promise<void> {
  const first = encoding === undefined ? sink : decoding(encoding, sink, hold);
  return new Promise((resolve, reject) => {
    let isOver = false;
    const stop = () => {
      isOver = true;
      req.off('data', onData).off('end', onEnd).off('error', onBroken).off('close', onBroken);
    };
    const fail = (error: unknown) => {
      if (isOver) return;
      stop();
      reject(error as Error);
    };
    const onData = (chunk: Buffer) => {
      req.pause();
      first.write(chunk).then(() => !isOver && req.resume(), fail);
    };
    const onEnd = () => {
      req.off('close', onBroken);
      first.end().then(() => {
        stop();
        resolve();
      }, fail);
    };
    const onBroken = (cause?: unknown) =>
      fail(new AppError('invalid_request', 'the request body broke off', { cause }));
    req.on('data', onData).on('end', onEnd).on('error', onBroken).on('close', onBroken);
  });
}

/** Decodes on the way to `sink`. */
function decoding(encoding: string, sink: Sink, hold: (bytes: number) => void): Sink {
  // What decoder it takes shows in the first two bytes.
  let head: Buffer = Buffer.alloc(0);
  let decoder: Sink | undefined;
  const open = (): Sink => {
    const stream = createDecoder(encoding, head);
    return stream === undefined
      ? decodingWhole(encoding, sink, hold)
      : decodingStream(encoding, stream, sink);
  };
  return {
    write: async (chunk) => {
      if (decoder !== undefined) return decoder.write(chunk);
      head = head.length === 0 ? chunk : Buffer.concat([head, chunk]);
      if (head.length >= 2) await (decoder = open()).write(head);
    },
    end: async () => {
      if (decoder !== undefined) return decoder.end();
      if (head.length > 0) throw broken(encoding);
      await sink.end();
    },
  };
}

function decodingStream(encoding: string, stream: ZlibStream, sink: Sink): Sink {
  let failure: unknown;
  let inBytes = 0;
  let wake = () => {};
  const fail = (error: unknown) => {
    failure ??= error;
    stream.destroy();
    wake();
  };
  stream.on('data', (chunk: Buffer) => {
    stream.pause();
    sink.write(chunk).then(() => stream.resume(), fail);
  });
  stream.on('error', (cause) => fail(broken(encoding, cause)));
  const settled = (start: (done: () => void) => void): Promise<void> =>
    new Promise((resolve, reject) => {
      wake = () => (failure === undefined ? resolve() : reject(failure as Error));
      if (failure !== undefined) wake();
      else start(wake);
    });
  return {
    write: (chunk) => {
      inBytes += chunk.length;
      return settled((done) => stream.write(chunk, () => done()));
    },
    end: async () => {
      await settled((done) => {
        stream.once('end', done);
        stream.end();
      });
      // zlib stops at the end of its stream and says nothing of bytes that follow.
      if (stream.bytesWritten !== inBytes) throw broken(encoding);
      await sink.end();
    },
  };
}

/** Of a body that has to be in memory to be decoded, where zlib has no Zstandard. */
const MAX_WHOLE_BYTES = 32 * 1024 * 1024;

function decodingWhole(encoding: string, sink: Sink, hold: (bytes: number) => void): Sink {
  const chunks: Buffer[] = [];
  let size = 0;
  return {
    write: async (chunk) => {
      size += chunk.length;
      if (size > MAX_WHOLE_BYTES) throw tooLarge(MAX_WHOLE_BYTES);
      hold(chunk.length);
      chunks.push(chunk);
    },
    end: async () => {
      const { output } = zstdInJavaScript(joined(chunks, size), 0);
      output.on('error', () => {});
      const decoded = output.iterator() as AsyncIterator<Buffer>;
      const next = () =>
        decoded.next().catch((cause: unknown) => {
          throw broken(encoding, cause);
        });
      for (let { done, value } = await next(); done !== true; { done, value } = await next())
        await sink.write(value as Buffer);
      await sink.end();
    },
  };
}
