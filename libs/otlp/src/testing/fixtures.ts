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
