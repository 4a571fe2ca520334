import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { root, say, SetupError } from './progress.mjs';

const stampFile = join(root, 'node_modules/.weft-install');

/**
 * Brings node_modules in line with the lockfile; does nothing when it is. Needs only npm: a pnpm of the pinned major is
 * used where there is one, else npx fetches it (ADR 001).
 * @throws SetupError when there is no package manager, no registry, or the installation fails.
 */
export function install() {
  const wanted = fingerprint();
  if (existsSync(stampFile) && readFileSync(stampFile, 'utf8') === wanted) return;
  const [command, ...prefix] = findPnpm();
  say(`installing dependencies (${[command, ...prefix].join(' ')} install)`);
  const args = [...prefix, 'install', '--config.confirmModulesPurge=false'];
  const { status, error } = spawnSync(command, args, { cwd: root, stdio: ['ignore', 2, 2] });
  if (status !== 0) throw new SetupError(whyInstallFailed(error));
  writeFileSync(stampFile, fingerprint());
  say('dependencies are in place');
}

/** Changes with the lockfile, any package.json and the machine's kind. */
function fingerprint() {
  const hash = createHash('sha256').update(`${process.platform} ${process.arch}`);
  const manifests = ['libs', 'services'].flatMap((dir) =>
    readdirSync(join(root, dir)).map((name) => `${dir}/${name}/package.json`),
  );
  for (const file of [
    'pnpm-lock.yaml',
    'pnpm-workspace.yaml',
    'package.json',
    'bench/package.json',
    ...manifests.sort(),
  ]) {
    if (existsSync(join(root, file))) hash.update(`\n${file}\n`).update(readFileSync(join(root, file)));
  }
  return hash.digest('hex');
}

/** The command that is pnpm: the one on the PATH when its major is ours, else npx with the exact version. */
function findPnpm() {
  const { packageManager } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const version = packageManager.split('@')[1];
  // Outside the repository, so that a pnpm of another major (or corepack's shim) does not fetch ours to answer.
  const found = spawnSync('pnpm', ['--version'], {
    cwd: '/',
    encoding: 'utf8',
    timeout: 10_000,
    env: { ...process.env, COREPACK_ENABLE_NETWORK: '0', COREPACK_ENABLE_DOWNLOAD_PROMPT: '0' },
  });
  if (found.status === 0 && found.stdout.trim().split('.')[0] === version.split('.')[0]) return ['pnpm'];
  if (spawnSync('npx', ['--version']).status !== 0) {
    throw new SetupError(
      `npm is missing (it comes with Node). Install it, or pnpm ${version}, and try again.`,
    );
  }
  return ['npx', '--yes', '--fetch-retries=1', '--fetch-retry-mintimeout=1000', `pnpm@${version}`];
}

function whyInstallFailed(error) {
  if (error) return `the package manager could not be started: ${error.message}`;
  const registry = spawnSync('npm', ['config', 'get', 'registry'], {
    cwd: root,
    encoding: 'utf8',
  }).stdout?.trim();
  // Not `npm ping`: proxies of the registry need not answer that.
  const asked = spawnSync('npm', ['view', 'pnpm', 'version', '--fetch-retries=0', '--fetch-timeout=10000'], {
    cwd: root,
  });
  const reachable = asked.status === 0;
  return reachable
    ? 'installing the dependencies failed: the lines above say why'
    : `the npm registry ${registry} cannot be reached from here. Check the network or set another one: npm config set registry <url>`;
}
