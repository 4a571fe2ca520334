import { spawnSync } from 'node:child_process';

/**
 * Runs a script with `input` on its standard input. Null, with a loud message, where there is no python3; an error in CI,
 * where the comparison is promised.
 */
export function cpython(script: string, input: string): string | null {
  const run = spawnSync('python3', ['-c', script], { input, encoding: 'utf8', maxBuffer: 256 * 1024 * 1024 });
  if (run.error !== undefined) {
    if (process.env['CI'] === 'true')
      throw new Error('python3 is missing: digests were not compared with CPython');
    process.stderr.write('\n*** SKIPPED: python3 is missing, digests were NOT compared with CPython ***\n');
    return null;
  }
  if (run.status !== 0) throw new Error(`python3: ${run.stderr}`);
  return run.stdout;
}
