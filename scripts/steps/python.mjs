import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { root, say } from './progress.mjs';

const PROBE = 'import sys, venv, ensurepip; sys.exit(0 if sys.version_info >= (3, 10) else 1)';

/** The newest official client, and one that long-lived programs still have. */
const NEWEST = { venv: '.cache/python', requirements: 'scripts/python-requirements.txt' };
/** What OpenTelemetry instrumentations need: all of it is listed, since choosing versions that agree takes pip minutes. */
const OTEL = {
  venv: '.cache/python-otel',
  requirements: 'scripts/python-requirements-otel.txt',
  options: ['--no-deps'],
};
const OLDER = { venv: '.cache/python-2025', requirements: 'scripts/python-requirements-2025.txt' };

/**
 * The Pythons that the e2e suite starts the official Python SDKs with: venvs in `.cache/`, each made once per requirements
 * file. Undefined, said aloud, where there is no Python 3.10 with venv: the tests that need it are then skipped, or fail where
 * it is promised.
 * @returns {{newest: string, older: string, otel: string} | undefined}
 */
export function preparePython() {
  const newest = prepareEnvironment(NEWEST);
  const older = newest === undefined ? undefined : prepareEnvironment(OLDER);
  const otel = older === undefined ? undefined : prepareEnvironment(OTEL);
  return otel === undefined ? undefined : { newest, older, otel };
}

/**
 * A Python with the packages of a requirements file, made once per content of it.
 * @param {{venv: string, requirements: string, options?: string[]}} wanted paths from the root
 * @returns {string | undefined} its executable
 */
export function prepareEnvironment(wanted) {
  const venv = join(root, wanted.venv);
  const requirements = join(root, wanted.requirements);
  const python = join(venv, 'bin/python');
  const stampFile = join(venv, '.requirements');
  const stamp = createHash('sha256').update(readFileSync(requirements)).digest('hex');
  if (existsSync(stampFile) && readFileSync(stampFile, 'utf8') === stamp && works(python)) return python;

  if (!works('python3'))
    return without('there is no python3 >= 3.10 with venv (Debian: apt install python3-venv)');
  say(`making a Python environment of the e2e tests (${wanted.venv})`);
  rmSync(venv, { recursive: true, force: true });
  const made =
    call('python3', ['-m', 'venv', venv]) &&
    call(python, [
      ...['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check'],
      ...(wanted.options ?? []),
      ...['-r', requirements],
    ]);
  if (!made) return without(`the packages of ${wanted.requirements} could not be installed (lines above)`);
  writeFileSync(stampFile, stamp);
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
  say(`no Python: ${reason}`);
  return undefined;
}
