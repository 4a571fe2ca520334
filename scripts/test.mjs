/** What `scripts/test` does: dependencies, bundles, the backends of the tests, then every jest test. Arguments go to jest. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { build } from './build.mjs';
import { install } from './steps/install.mjs';
import { startSharedBackends } from './steps/backends.mjs';
import { root, run, say } from './steps/progress.mjs';
import { preparePython } from './steps/python.mjs';

const results = join(root, '.cache/jest.json');
/** Read by .ci/run. */
const summaryFile = join(root, '.cache/test-summary.json');

await run(async () => {
  mkdirSync(join(root, '.cache'), { recursive: true });
  rmSync(results, { force: true });
  rmSync(summaryFile, { force: true });
  install();
  await build();
  const python = preparePython();
  const args = process.argv.slice(2);
  const backends = await startSharedBackends(args);
  say('running the tests');
  const code = await jest(args, { ...backends.env, ...pythonEnv(python) });
  await backends.stop();
  const summary = summarise(code);
  writeFileSync(summaryFile, JSON.stringify(summary));
  const { passed, failed, skipped } = summary;
  say(
    `tests: ${passed} passed, ${failed} failed, ${skipped} skipped${python ? '' : ' (no Python, see above)'}`,
  );
  process.exitCode = failed > 0 ? code || 1 : 0;
});

function pythonEnv(python) {
  return python
    ? { WEFT_PYTHON: python.newest, WEFT_PYTHON_2025: python.older, WEFT_PYTHON_OTEL: python.otel }
    : {};
}

async function jest(args, env) {
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
  return code ?? 1;
}

/** Counts a suite that could not run, a jest that failed for another reason, and "no tests at all" as failures. */
function summarise(code) {
  let report;
  try {
    report = JSON.parse(readFileSync(results, 'utf8'));
  } catch {
    return { passed: 0, failed: 1, skipped: 0 }; // jest did not come as far as its report
  }
  const passed = report.numPassedTests;
  let failed = report.numFailedTests + report.numRuntimeErrorTestSuites;
  if (failed === 0 && (code !== 0 || passed === 0)) failed = 1;
  return { passed, failed, skipped: report.numPendingTests + report.numTodoTests };
}
