import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

export const root = process.cwd();

export function readText(path: string): string {
  return readFileSync(join(root, path), 'utf8');
}

/** A program of the machine. Where it is promised (CI) its absence is a failure, elsewhere a named skip. */
export function hasProgram(name: string, { promised }: { promised: boolean }): boolean {
  const found = spawnSync(name, ['--help'], { stdio: 'ignore' }).error === undefined;
  if (!found && promised && (process.env.CI === 'true' || process.env.REQUIRE_BACKENDS === '1'))
    throw new Error(`there is no ${name}, and CI or REQUIRE_BACKENDS=1 promises it`);
  return found;
}
