import { bytesOf } from './content.ts';

export const KEYS = 30;

export function keyOf(n: number): string {
  return `projects/p${n % 3}/files/${n}`;
}

/** 0 bytes to 1.4 MiB. */
export function contentOf(n: number): Buffer {
  return bytesOf(n * 50_001, n);
}
