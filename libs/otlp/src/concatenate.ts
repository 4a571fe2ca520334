/** Spans of one scope, and the other fields of their ScopeSpans, as they lie in the body (tags included). */
export interface ScopePiece {
  readonly head: readonly Buffer[];
  readonly spans: Buffer[];
}

/** Scopes of one resource, and the other fields of their ResourceSpans. */
export interface Piece {
  readonly head: readonly Buffer[];
  readonly scopes: ScopePiece[];
}

const RESOURCE_SPANS = 0x0a;
const SCOPE_SPANS = 0x12;

/** Bytes of the request that `concatenate` would make. */
export function sizeOf(pieces: readonly Piece[]): number {
  return pieces.reduce((sum, piece) => sum + framed(sizeOfPiece(piece)), 0);
}

/** An ExportTraceServiceRequest made of pieces of another one, byte for byte. */
export function concatenate(pieces: readonly Piece[]): Buffer {
  const out = Buffer.allocUnsafeSlow(sizeOf(pieces));
  let pos = 0;
  for (const piece of pieces) {
    pos = frame(out, pos, RESOURCE_SPANS, sizeOfPiece(piece));
    pos = copyAll(out, pos, piece.head);
    for (const scope of piece.scopes) {
      pos = frame(out, pos, SCOPE_SPANS, sizeOfScope(scope));
      pos = copyAll(out, copyAll(out, pos, scope.head), scope.spans);
    }
  }
  return out;
}

function sizeOfPiece({ head, scopes }: Piece): number {
  return total(head) + scopes.reduce((sum, scope) => sum + framed(sizeOfScope(scope)), 0);
}

function sizeOfScope({ head, spans }: ScopePiece): number {
  return total(head) + total(spans);
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
