declare module 'lz4js' {
  /** One frame. */
  export function decompress(frame: Uint8Array): Uint8Array;
  /** One block; 0 = it does not get smaller. `table` is zeroed and has 65,536 places. Returns its bytes in `to`. */
  export function compressBlock(
    from: Uint8Array,
    to: Uint8Array,
    start: number,
    length: number,
    table: Uint32Array,
  ): number;
}

declare module 'snappyjs' {
  /** One block without framing. @throws Error if it says that it holds more than `maxBytes`. */
  export function uncompress(block: Buffer, maxBytes?: number): Buffer;
  export function compress(bytes: Buffer): Buffer;
}
