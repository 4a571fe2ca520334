import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { freePort } from '@weft/testkit';
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  chownSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

import { root } from './root.ts';

const UID = 65532;
const SERVICES = ['gateway', 'query', 'writer', 'scoring-worker'];

/** Packages that cannot be in a bundle, and what they need. */
const ENGINE = ['@chdb', '@yuuang', 'ffi-rs'];
const LMDB = ['@harperfast', '@lmdb', '@msgpackr-extract', 'detect-libc', 'lmdb', 'msgpackr', 'msgpackr-extract', 'node-addon-api', 'node-gyp-build-optional-packages', 'ordered-binary', 'weak-lru-cache']; // prettier-ignore

const USER = [`--reuid=${UID}`, `--regid=${UID}`, '--clear-groups'];

/** As root the process is put into the shoes of the image's user; without root it runs as whoever tests. */
const asImageUser =
  process.getuid?.() === 0 && spawnSync('setpriv', [...USER, process.execPath, '--version']).status === 0;

/** Where mounts are allowed, it sees a file system that is read-only but for its data, as in a hardened container. */
const SEAL = 'mount --make-rprivate / && mount --bind "$0" "$0" && mount -o remount,ro,bind /';
const isSealed =
  asImageUser &&
  spawnSync('unshare', ['-m', 'sh', '-c', `${SEAL} && ! touch "$1"`, root, join(tmpdir(), 'weft-seal')])
    .status === 0;

const how = !asImageUser
  ? 'this user (no root, no setpriv: not as the image does)'
  : `uid ${UID} on a file system that is ${isSealed ? 'read-only' : 'only not its own (mounts are refused)'}`;

describe(`what goes into the images, run as ${how}`, () => {
  let dir: string;
  let data: string;
  const running = new Set<ChildProcess>();

  beforeAll(() => {
    dir = mkdtempSync(join(tmpdir(), 'weft-image-'));
    const made = spawnSync(process.execPath, [join(root, 'scripts/image-root.mjs'), join(dir, 'image')], {
      encoding: 'utf8',
    });
    if (made.status !== 0) throw new Error(made.stderr);
    data = join(dir, 'data');
    mkdirSync(data, { mode: 0o700 });
    if (asImageUser) chownSync(data, UID, UID);
    chmodSync(dir, 0o755);
  }, 120_000);
  afterAll(async () => {
    for (const child of running) child.kill('SIGKILL');
    rmSync(dir, { recursive: true, force: true });
  });

  /** An image's process: its bundle, the user without rights, and of this environment nothing. */
  function start(
    service: string,
    args: readonly string[],
    env: Record<string, string> = {},
    file = 'main.mjs',
  ) {
    const command = [process.execPath, resolve(join(dir, 'image', service), file), ...args];
    const sealed = isSealed ? ['unshare', '-m', 'sh', '-c', `${SEAL} && exec "$@"`, data] : [];
    const user = asImageUser ? ['setpriv', ...USER, '--no-new-privs', '--inh-caps=-all'] : [];
    const [program, ...rest] = [...sealed, ...user, ...command];
    const child = spawn(program!, rest, {
      cwd: join(dir, 'image', service),
      env: { PATH: process.env.PATH, TMPDIR: data, ...env },
    });
    running.add(child);
    let output = '';
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (text) => (output += text));
    const ended = once(child, 'exit').then(([code]) => {
      running.delete(child);
      return code as number | null;
    });
    return { child, ended, output: () => output };
  }

  async function isHealthy(
    service: string,
    args: readonly string[],
    env?: Record<string, string>,
  ): Promise<boolean> {
    return (await start(service, args, env, 'healthcheck.mjs').ended) === 0;
  }

  function everyFile(folder: string): string[] {
    return readdirSync(folder, { withFileTypes: true }).flatMap((entry) =>
      entry.isDirectory() ? everyFile(join(folder, entry.name)) : [join(folder, entry.name)],
    );
  }

  it('is real files that its user cannot write', () => {
    const files = everyFile(join(dir, 'image'));
    expect(files.length).toBeGreaterThan(15);
    for (const file of files) {
      const stat = lstatSync(file);
      expect({ file, isFile: stat.isFile(), othersMayWrite: (stat.mode & 0o002) !== 0 }).toEqual({
        file,
        isFile: true,
        othersMayWrite: false,
      });
      if (asImageUser) expect(stat.uid).toBe(0);
    }
  });

  it('runs where nothing but its data can be written', async () => {
    const script = join(dir, 'write.mjs');
    writeFileSync(
      script,
      `import { writeFileSync } from 'node:fs';
       const able = (file) => { try { writeFileSync(file, ''); return true; } catch { return false; } };
       console.log(JSON.stringify(process.argv.slice(2).map(able)));`,
    );
    const files = [join(data, 'x'), join(dir, 'image/cli/x'), join(dir, 'x'), join(tmpdir(), 'weft-x')];
    const { ended, output } = start('cli', files, {}, script);
    await ended;
    // Without mounts the temporary folder is open to everybody; without root the folders are the tester's own.
    const [inData, ...others] = JSON.parse(output()) as boolean[];
    expect(inData).toBe(true);
    if (isSealed) expect(others).toEqual([false, false, false]);
    else if (asImageUser) expect(others.slice(0, 2)).toEqual([false, false]);
  });

  it('holds no package where the bundle needs none, and no source map', () => {
    const bare = [...SERVICES, 'cli'].filter((service) => service !== 'scoring-worker');
    for (const service of bare)
      expect(readdirSync(join(dir, 'image', service)).sort()).toEqual([
        'LICENSE',
        'healthcheck.mjs',
        'main.mjs',
        ...(service === 'query' ? ['web'] : []),
      ]);
    for (const service of ['query', 'all-in-one'])
      expect(readdirSync(join(dir, 'image', service, 'web'))).toContain('index.html');
    const packages = (service: string) => readdirSync(join(dir, 'image', service, 'node_modules')).sort();
    expect(packages('all-in-one')).toEqual([...ENGINE, ...LMDB].sort());
    expect(packages('scoring-worker')).toEqual([...LMDB].sort());
  });

  it('has the weft command, and a first key by what compose runs', async () => {
    const help = start('cli', ['--help']);
    expect(await help.ended).toBe(0);
    expect(help.output()).toMatch(/keys/);

    const firstKey = () => {
      const file = join(root, 'deploy/compose/first-key.mjs');
      const { status, stdout, stderr } = spawnSync(
        process.execPath,
        [file, join(dir, 'image/cli/main.mjs')],
        {
          encoding: 'utf8',
          env: { PATH: process.env.PATH, WEFT_KEYS_FILE: join(dir, 'first/keys.json') },
        },
      );
      return { status, stdout, stderr };
    };
    const first = firstKey();
    expect(first.stdout).toMatch(/^\n.*shown this once:\n\n {4}\S{40,}\n/);
    expect(first.status).toBe(0);
    expect(firstKey()).toMatchObject({ status: 0, stdout: expect.stringContaining('already') });
  });

  it.each(SERVICES)('has a %s that names a wrong setting and stops', async (service) => {
    const process_ = start(service, [], { KAFKA_BROKERS: 'no port' });
    expect(await process_.ended).toBe(1);
    expect(process_.output()).toContain('KAFKA_BROKERS: must be host:port');
  });

  it.each(SERVICES)(
    'has a %s that is healthy while it waits for its backends, and stops when told',
    async (service) => {
      const [port, probePort, nobody] = [await freePort(), await freePort(), await freePort()];
      const name = service.toUpperCase().replace('-', '_');
      const env = {
        [`${name}_PORT`]: String(port),
        WEFT_METRICS_PORT: String(probePort),
        KAFKA_BROKERS: `127.0.0.1:${nobody}`,
        WF_CLICKHOUSE_HOST: '127.0.0.1',
        WF_CLICKHOUSE_PORT: String(nobody),
        WEAVE_ENABLE_ONLINE_EVAL: 'true',
        WEAVE_REDIS_URL: `redis://127.0.0.1:${nobody}`,
      };
      const { child, ended, output } = start(service, [], env);
      while (!(await isHealthy(service, [], { WEFT_METRICS_PORT: String(probePort) }))) {
        if (child.exitCode !== null) throw new Error(output());
        await delay(50);
      }
      expect(await isHealthy(service, ['/readyz'], { WEFT_METRICS_PORT: String(probePort) })).toBe(false);
      child.kill('SIGTERM');
      expect(typeof (await ended)).toBe('number');
      expect(await isHealthy(service, [], { WEFT_METRICS_PORT: String(probePort) })).toBe(false);
    },
  );

  it('has everything in one process, its ClickHouse included', async () => {
    const port = await freePort();
    const { child, ended, output } = start('all-in-one', [
      '--port',
      String(port),
      '--data-dir',
      join(data, 'weft'),
    ]);
    while (!(await isHealthy('all-in-one', ['/livez', String(port)]))) {
      if (child.exitCode !== null) throw new Error(output());
      await delay(50);
    }
    while ((await fetch(`http://127.0.0.1:${port}/readyz`)).status !== 200) await delay(50);
    child.kill('SIGTERM');
    expect(await ended).toBe(0);
  }, 60_000);
});
