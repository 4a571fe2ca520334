/** What `scripts/test` does: dependencies, bundles, the backends of the tests, then every jest test. Arguments go to jest. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { build } from './build.mjs';
import { install } from './steps/install.mjs';
import { startSharedBackends } from './steps/backends.mjs';
import { root, run, say } from './steps/progress.mjs';
import { preparePython } from './steps/python.mjs';
import { countsAfter, countsOf, worthASecondRun } from './steps/second-chance.mjs';

const results = join(root, '.cache/jest.json');
/** Read by .ci/run. */
const summaryFile = join(root, '.cache/test-summary.json');

await run(async () => {
  mkdirSync(join(root, '.cache'), { recursive: true });
  rmSync(summaryFile, { force: true });
  install();
  await build();
  const python = preparePython();
  const args = process.argv.slice(2);
  const backends = await startSharedBackends(args);
  say('running the tests');
  const env = { ...backends.env, ...pythonEnv(python) };
  const first = await jest(args, env);
  let counts = countsOf(first.report, first.code);
  const again = process.env.CI === 'true' && first.report ? worthASecondRun(first.report) : [];
  if (again.length > 0) {
    say(`these failed and run once more by themselves: ${again.join(', ')}`);
    const second = await jest(['--runInBand', '--runTestsByPath', ...again], env);
    const alone = countsOf(second.report, second.code);
    if (alone.failed === 0) {
      counts = countsAfter(first.report, alone, again);
      // Named, so that it is repaired: what they said the first time stands above.
      for (const name of again) say(`FLAKY: ${name} failed in the whole run and passed by itself`);
    }
  }
  await backends.stop();
  writeFileSync(summaryFile, JSON.stringify(counts));
  const { passed, failed, skipped } = counts;
  say(
    `tests: ${passed} passed, ${failed} failed, ${skipped} skipped${python ? '' : ' (no Python, see above)'}`,
  );
  process.exitCode = failed > 0 ? first.code || 1 : 0;
});

function pythonEnv(python) {
  return python
    ? { WEFT_PYTHON: python.newest, WEFT_PYTHON_2025: python.older, WEFT_PYTHON_OTEL: python.otel }
    : {};
}

/** @returns its exit code, and its report if it came that far. */
async function jest(args, env) {
  rmSync(results, { force: true });
  // A Ctrl-C reaches jest too; it ends first, then we say what happened.
  process.on('SIGINT', () => {});
  const child = spawn(
    process.execPath,
    [
      '--experimental-vm-modules',
      '--no-warnings',
      'node_modules/jest/bin/jest.js',
      '--json',
      `--outputFile=${results}`,
      ...args,
    ],
    { cwd: root, stdio: 'inherit', env: { ...process.env, ...env } },
  );
  const [code] = await once(child, 'exit');
  return {
    code: code ?? 1,
    report: existsSync(results) ? JSON.parse(readFileSync(results, 'utf8')) : undefined,
  };
}
