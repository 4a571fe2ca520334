import { createHash } from 'node:crypto';

/** Stands for the texts in keys, which are short: names of projects are not. */
export function hashOf(...texts: readonly string[]): string {
  const hash = createHash('sha256');
  for (const text of texts) hash.update(`${text.length}:${text}`);
  return hash.digest('hex').slice(0, 32);
}
