import { createHash } from 'node:crypto';

/** SHA-256 of bytes, or of the UTF-8 form of text: 32 bytes. */
export function sha256(data: string | Uint8Array): Uint8Array {
  return createHash('sha256').update(data).digest();
}

/** Of texts one after the other, without holding them joined. */
export function sha256OfAll(texts: Iterable<string>): Uint8Array {
  const hash = createHash('sha256');
  for (const text of texts) hash.update(text);
  return hash.digest();
}
