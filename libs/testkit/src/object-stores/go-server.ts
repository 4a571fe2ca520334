import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { link, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { cacheDirectory } from '../environment.ts';
import { eventually } from '../eventually.ts';
import { isAlive } from '../processes.ts';

/** A server that Go builds: its folder here pins the module and all that it needs (go.mod, go.sum). */
export interface GoServer {
  readonly name: 'versitygw' | 'fake-gcs-server';
  /** What is built. */
  readonly package: string;
  /** Go 1.x that it takes. */
  readonly minor: number;
}

const BUILD_MS = 20 * 60_000;

/** Why it cannot be had; undefined = it is built, or can be. */
export function whyNoGoServer(server: GoServer): string | undefined {
  if (existsSync(pathOf(server))) return undefined;
  const { status, stdout } = spawnSync('go', ['env', 'GOVERSION'], { encoding: 'utf8' });
  if (status !== 0) return `there is no Go, which builds ${server.name}`;
  const [, minor = '0'] = /^go1\.(\d+)/.exec(stdout) ?? [];
  if (Number(minor) >= server.minor) return undefined;
  return `Go 1.${server.minor} builds ${server.name}; this is ${stdout.trim()}`;
}

/**
 * Path of the program. The first time it is built, which takes minutes, and kept in the cache; runs at the same time wait for
 * one another. Modules come through Go's proxy and are checked against go.sum.
 * @throws Error when the build fails.
 */
export async function goServer(server: GoServer): Promise<string> {
  const path = pathOf(server);
  if (existsSync(path)) return path;
  const directory = join(path, '..');
  await mkdir(directory, { recursive: true });
  const unlock = await lock(join(directory, 'lock'));
  try {
    if (!existsSync(path)) await build(server, directory);
  } finally {
    await unlock();
  }
  return path;
}

/** Another pin, another system: another program. */
function pathOf(server: GoServer): string {
  const hash = createHash('sha256').update(`${server.package}\0${process.platform}\0${process.arch}`);
  for (const file of ['go.mod', 'go.sum']) hash.update(`\0${readFileSync(join(sourceOf(server), file))}`);
  return join(cacheDirectory(), `${server.name}-${hash.digest('hex').slice(0, 12)}`, server.name);
}

function sourceOf({ name }: GoServer): string {
  return fileURLToPath(new URL(name, import.meta.url));
}

/** Modules and objects take gigabytes, so they are kept apart from those of the machine's user, and removed. */
async function build(server: GoServer, directory: string): Promise<void> {
  const startedAt = Date.now();
  process.stderr.write(`building ${server.name} from its Go modules; minutes, once\n`);
  const work = join(directory, 'build');
  await rm(work, { recursive: true, force: true }); // of a build that was killed
  await mkdir(work);
  try {
    const program = join(work, server.name);
    const goFlags = `${process.env.GOFLAGS ?? ''} -modcacherw`.trim();
    const child = spawn('go', ['build', '-trimpath', '-ldflags=-s -w', '-o', program, server.package], {
      cwd: sourceOf(server),
      stdio: ['ignore', 'inherit', 'inherit'],
      env: {
        ...process.env,
        CGO_ENABLED: '0',
        GOTOOLCHAIN: 'local',
        GOFLAGS: goFlags,
        GOPATH: join(work, 'path'),
        GOMODCACHE: join(work, 'path/pkg/mod'),
        GOCACHE: join(work, 'cache'),
      },
    });
    const [code] = (await once(child, 'close')) as [number | null];
    if (code !== 0) throw new Error(`go build of ${server.name} ended with ${code}`);
    await rename(program, join(directory, server.name));
  } finally {
    await rm(work, { recursive: true, force: true });
  }
  process.stderr.write(`${server.name} is built (${((Date.now() - startedAt) / 1000).toFixed(0)} s)\n`);
}

/** Waits for whoever holds it; a holder that has died holds nothing. Resolves to how it is released. */
async function lock(path: string): Promise<() => Promise<void>> {
  const own = `${path}.${process.pid}`;
  await writeFile(own, String(process.pid));
  await eventually(async () => {
    try {
      await link(own, path); // it appears with its content, or not at all
      return true;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      const holder = Number(await readFile(path, 'utf8').catch(() => process.pid));
      if (!isAlive(holder)) await rm(path, { force: true });
      return false;
    }
  }, BUILD_MS);
  await rm(own);
  return () => rm(path, { force: true });
}
