import { createHash } from 'node:crypto';

/** Longest key that is used as it is: keys of the queue have at most 256 characters. */
const MAX_CHARS = 200;

/** A key of the queue for what these texts name together. */
export function queueKey(kind: string, ...texts: readonly string[]): string {
  const key = [kind, ...texts].join(':');
  if (key.length <= MAX_CHARS && !/\s/.test(key)) return key;
  const hash = createHash('sha256');
  for (const text of texts) hash.update(`${text.length}:${text}`);
  return `${kind}:${hash.digest('hex')}`;
}
