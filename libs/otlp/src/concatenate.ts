/** Spans or log records of one scope, and the other fields of its envelope, as they lie in the body (tags included). */
export interface ScopePiece {
  readonly head: readonly Buffer[];
  readonly items: Buffer[];
}

/** Scopes of one resource, and the other fields of its envelope. */
export interface Piece {
  readonly head: readonly Buffer[];
  readonly scopes: ScopePiece[];
}

const OF_RESOURCE = 0x0a;
const OF_SCOPE = 0x12;

/** Bytes of the request that `concatenate` would make. */
export function sizeOf(pieces: readonly Piece[]): number {
  return pieces.reduce((sum, piece) => sum + framed(sizeOfPiece(piece)), 0);
}

/** An export request made of pieces of another one, byte for byte. */
export function concatenate(pieces: readonly Piece[]): Buffer {
  const out = Buffer.allocUnsafeSlow(sizeOf(pieces));
  let pos = 0;
  for (const piece of pieces) {
    pos = frame(out, pos, OF_RESOURCE, sizeOfPiece(piece));
    pos = copyAll(out, pos, piece.head);
    for (const scope of piece.scopes) {
      pos = frame(out, pos, OF_SCOPE, sizeOfScope(scope));
      pos = copyAll(out, copyAll(out, pos, scope.head), scope.items);
    }
  }
  return out;
}

function sizeOfPiece({ head, scopes }: Piece): number {
  return total(head) + scopes.reduce((sum, scope) => sum + framed(sizeOfScope(scope)), 0);
}

function sizeOfScope({ head, items }: ScopePiece): number {
  return total(head) + total(items);
}

function total(parts: readonly Buffer[]): number {
  let sum = 0;
  for (const part of parts) sum += part.length;
  return sum;
}

function copyAll(out: Buffer, pos: number, parts: readonly Buffer[]): number {
  for (const part of parts) pos += part.copy(out, pos);
  return pos;
}

function framed(size: number): number {
  let bytes = 2;
  for (let rest = size; rest >= 0x80; rest = Math.floor(rest / 128)) bytes++;
  return bytes + size;
}

function frame(out: Buffer, pos: number, tag: number, size: number): number {
  out[pos++] = tag;
  let rest = size;
  for (; rest >= 0x80; rest = Math.floor(rest / 128)) out[pos++] = (rest % 128) | 0x80;
  out[pos++] = rest;
  return pos;
}
