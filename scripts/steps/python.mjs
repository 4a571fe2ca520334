import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { root, say, SetupError } from './progress.mjs';

const requirements = join(root, 'scripts/python-requirements.txt');
const venv = join(root, '.cache/python');
const PROBE = 'import sys, venv, ensurepip; sys.exit(0 if sys.version_info >= (3, 10) else 1)';

/**
 * The Python that the e2e suite starts the official Python SDK with: a venv in `.cache/`, made once per
 * requirements file. Undefined, said aloud, where there is no Python 3.10 with venv.
 * @throws SetupError instead where backends are promised (`CI=true` or `REQUIRE_BACKENDS=1`).
 */
export function preparePython() {
  const python = join(venv, 'bin/python');
  const stampFile = join(venv, '.requirements');
  const wanted = createHash('sha256').update(readFileSync(requirements)).digest('hex');
  if (existsSync(stampFile) && readFileSync(stampFile, 'utf8') === wanted && works(python)) return python;

  if (!works('python3'))
    return without('there is no python3 >= 3.10 with venv (Debian: apt install python3-venv)');
  say('making the Python environment of the e2e tests (.cache/python)');
  rmSync(venv, { recursive: true, force: true });
  const made =
    call('python3', ['-m', 'venv', venv]) &&
    call(python, ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '-r', requirements]);
  if (!made)
    return without('the packages of scripts/python-requirements.txt could not be installed (lines above)');
  writeFileSync(stampFile, wanted);
  say('the Python environment is in place');
  return python;
}

function works(python) {
  return spawnSync(python, ['-c', PROBE]).status === 0;
}

function call(command, args) {
  return spawnSync(command, args, { stdio: ['ignore', 2, 2] }).status === 0;
}

function without(reason) {
  if (process.env.CI === 'true' || process.env.REQUIRE_BACKENDS === '1') {
    throw new SetupError(`${reason}, and CI or REQUIRE_BACKENDS=1 promises it`);
  }
  say(`no Python: ${reason}`);
  say(
    'SKIPPED because of that: the e2e tests that send with the official Python SDK and the Python OTLP exporter',
  );
  return undefined;
}
