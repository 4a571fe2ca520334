import type { ServerHttp2Stream } from 'node:http2';
import { AppError } from '@weft/model';

/** Before each message: whether it is compressed, and its length. */
const PREFIX_BYTES = 5;

export interface ReadMessageOptions {
  /** Of the message as sent. */
  readonly maxBytes: number;
  /** Told of bytes as they are kept; may throw to refuse them. */
  readonly hold: (bytes: number) => void;
}

export interface GrpcMessage {
  readonly isCompressed: boolean;
  readonly bytes: Buffer;
}

/**
 * The one message of a unary call.
 * @throws AppError `request_too_large` as soon as the prefix says so, `invalid_request` when there is no message, more
 * than one, or it breaks off; whatever `hold` throws.
 */
export function readMessage(stream: ServerHttp2Stream, options: ReadMessageOptions): Promise<GrpcMessage> {
  const { maxBytes, hold } = options;
  return new Promise((resolve, reject) => {
    let chunks: Buffer[] = [];
    let size = 0;
    let expected: number | undefined;
    const settle = () => {
      stream.off('data', onData).off('end', onEnd).off('close', onBroken).off('aborted', onBroken);
    };
    const fail = (error: unknown) => {
      settle();
      chunks = [];
      reject(error as Error);
    };
    const onData = (chunk: Buffer) => {
      try {
        hold(chunk.length);
        size += chunk.length;
        chunks.push(chunk);
        expected ??= expectedBytes(chunks, size, maxBytes);
        if (expected !== undefined && size > expected) throw invalid('expected one message');
      } catch (error) {
        fail(error);
      }
    };
    const onEnd = () => {
      if (size !== expected) return fail(invalid('the message broke off'));
      settle();
      const whole = chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks, size);
      resolve({ isCompressed: whole[0] === 1, bytes: whole.subarray(PREFIX_BYTES) });
    };
    const onBroken = () => fail(invalid('the message broke off'));
    stream.on('data', onData).on('end', onEnd).on('close', onBroken).on('aborted', onBroken);
  });
}

/** Prefix and message; undefined while the prefix is not there. */
function expectedBytes(chunks: readonly Buffer[], size: number, maxBytes: number): number | undefined {
  if (size < PREFIX_BYTES) return undefined;
  const prefix = chunks[0]!.length >= PREFIX_BYTES ? chunks[0]! : Buffer.concat(chunks, size);
  if (prefix[0]! > 1) throw invalid('the message has unknown flags');
  const length = prefix.readUInt32BE(1);
  if (length > maxBytes)
    throw new AppError('request_too_large', `Request too large: at most ${maxBytes} bytes, decoded`);
  return PREFIX_BYTES + length;
}

function invalid(message: string): AppError {
  return new AppError('invalid_request', message);
}

/** A message as it is sent, uncompressed. */
export function framed(message: Buffer): Buffer {
  const prefix = Buffer.alloc(PREFIX_BYTES);
  prefix.writeUInt32BE(message.length, 1);
  return Buffer.concat([prefix, message]);
}
