import { freePort } from '@weft/testkit';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

import { root } from './root.ts';

const RUN_ON = 'SELECT sleepEachRow(0.25) FROM numbers(1000000000000) SETTINGS max_block_size = 1, function_sleep_max_microseconds_per_block = 0 FORMAT Null'; // prettier-ignore

export interface Engine {
  readonly url: string;
  stop(): Promise<void>;
}

/** A real ClickHouse (the embedded engine) that reads deploy/clickhouse as a server does: merged into its own files. */
export async function startEngine(env: Readonly<Record<string, string>>): Promise<Engine> {
  const dir = mkdtempSync(join(tmpdir(), 'weft-deploy-clickhouse-'));
  const port = await freePort();
  for (const folder of ['config.d', 'users.d', 'data']) mkdirSync(join(dir, folder));
  cpSync(join(root, 'deploy/clickhouse/config.xml'), join(dir, 'config.d/weft.xml'));
  cpSync(join(root, 'deploy/clickhouse/users.xml'), join(dir, 'users.d/weft.xml'));
  writeFileSync(
    join(dir, 'config.xml'),
    `<clickhouse><listen_host>127.0.0.1</listen_host><http_port>${port}</http_port><users_config>${dir}/users.xml</users_config>
     <access_control_improvements><select_from_system_db_requires_grant>true</select_from_system_db_requires_grant></access_control_improvements>
     </clickhouse>`,
  );
  // As shipped with the server: one user, who may do everything from here.
  writeFileSync(
    join(dir, 'users.xml'),
    '<clickhouse><profiles><default/></profiles><quotas><default/></quotas><users><default><no_password/><networks><ip>::/0</ip></networks><profile>default</profile><quota>default</quota></default></users></clickhouse>',
  );
  const find = createRequire(join(root, 'libs/embedded-clickhouse/package.json')).resolve;
  const library = join(
    dirname(find(`@chdb/lib-${process.platform}-${process.arch}${process.platform === 'linux' ? '-gnu' : ''}/package.json`)),
    'libchdb.so',
  ); // prettier-ignore
  const settings = {
    ffiPath: find('ffi-rs'),
    libraryPath: library,
    engineArgs: [
      `--config-file=${dir}/config.xml`,
      `--path=${dir}/data`,
      `--query=SYSTEM START LISTEN HTTP; ${RUN_ON}`,
    ],
    readOnlyPaths: ['/'],
    readWritePaths: [dir, '/dev/null'],
  };
  const child = spawn(
    process.execPath,
    [join(root, 'libs/embedded-clickhouse/src/launcher.mjs'), JSON.stringify(settings)],
    { cwd: dir, stdio: ['pipe', 'ignore', 'pipe'], env: { ...process.env, ...env } },
  );
  let log = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (log = (log + text).slice(-8000)));
  const url = `http://127.0.0.1:${port}`;
  while (!(await fetch(`${url}/ping`).then((answer) => answer.ok).catch(() => false))) {
    if (child.exitCode !== null || child.signalCode !== null) throw new Error(`ClickHouse ended: ${log}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  } // prettier-ignore
  return {
    url,
    stop: async () => {
      const ended = once(child, 'exit');
      child.kill('SIGKILL');
      await ended;
      rmSync(dir, { recursive: true, force: true });
    },
  };
}
