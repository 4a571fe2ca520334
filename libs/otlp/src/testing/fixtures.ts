import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const dir = fileURLToPath(new URL('../../fixtures/', import.meta.url));

/** Names of the captured trace requests (`<name>.bin` and `<name>.json`); logs captures are left out. */
export const TRACE_FIXTURES: readonly string[] = readdirSync(dir)
  .filter((file) => file.endsWith('.bin') && !file.includes('-logs'))
  .map((file) => file.slice(0, -'.bin'.length));

export function fixture(file: string): Buffer {
  return readFileSync(dir + file);
}

/** Numbers in [0, 1) that are the same in every run (mulberry32). */
export function seeded(seed: number): () => number {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}
