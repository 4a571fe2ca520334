import { fileStorageEnv, openStores } from '@weft/file-storage';
import { keyringEnv, KeysFileError, readKeysFile } from '@weft/http';
import { ConfigError, envString, loadConfig } from '@weft/runtime';
import { z } from 'zod';
import type { CliPort } from '../port.ts';
import { failed, nothing, ok, warning, type Finding } from './finding.ts';

const MIN_NODE = [20, 19] as const;
/** Connections, segments and the engine's own; a busy server has several hundred. */
const MIN_FILES = 4096;

/** Of W&B's deployment: nothing here reads it. */
const UNUSED = { REDIS_URL: envString().optional() };

/** This machine and this environment. */
export async function* checkHost(port: CliPort): AsyncGenerator<Finding> {
  yield checkNode(process.versions.node);
  yield checkFiles(openFilesLimit());
  yield await checkKeys(port);
  if (loadConfig(z.object(UNUSED), port.env).REDIS_URL !== undefined)
    yield warning(
      'REDIS_URL',
      'is set, and not used by Weft',
      'say it in WEAVE_REDIS_URL: docs/online-eval.md',
    );
  yield await checkBucket(port);
}

/** The settings only: to try them, a blob has to be written. */
async function checkBucket(port: CliPort): Promise<Finding> {
  const what = 'bucket';
  try {
    const stores = openStores(loadConfig(z.object(fileStorageEnv), port.env));
    await stores.close();
    if (stores.main === undefined)
      return nothing(
        what,
        'WF_FILE_STORAGE_URI is not set here: files are in the data directory, or in ClickHouse',
      );
    return ok(what, `${stores.main.uri}; "weft storage check --direct" tries it from here`);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return failed(
      what,
      error.message.replace(/^bad configuration\n */, ''),
      'a server with these settings would not start: docs/storage.md has what is right',
    );
  }
}

export function checkNode(version: string): Finding {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  if (major > MIN_NODE[0] || (major === MIN_NODE[0] && minor >= MIN_NODE[1])) return ok('Node', version);
  return failed('Node', version, `use Node ${MIN_NODE.join('.')} or later`);
}

/** Undefined where the system knows none. */
function openFilesLimit(): number | 'unlimited' | undefined {
  // Looking up the names of open connections may take long.
  Object.assign(process.report, { excludeNetwork: true });
  const report = process.report.getReport() as {
    userLimits?: { open_files?: { soft?: number | 'unlimited' } };
  };
  return report.userLimits?.open_files?.soft;
}

export function checkFiles(limit: number | 'unlimited' | undefined): Finding {
  const what = 'open files';
  if (limit === undefined) return nothing(what, 'this system tells no limit');
  if (limit === 'unlimited' || limit >= MIN_FILES) return ok(what, `at most ${limit}`);
  return warning(
    what,
    `at most ${limit}`,
    `allow ${MIN_FILES} or more: ulimit -n, or LimitNOFILE of the service`,
  );
}

async function checkKeys(port: CliPort): Promise<Finding> {
  const what = 'API keys';
  const file = loadConfig(z.object(keyringEnv), port.env).WEFT_KEYS_FILE;
  if (file === undefined)
    return nothing(
      what,
      'WEFT_KEYS_FILE is not set here: a server without keys listens on this machine only',
    );
  try {
    const keys = await readKeysFile(file);
    const active = keys?.filter(({ revokedAt }) => revokedAt === undefined).length ?? 0;
    if (active > 0) return ok(what, `${active} in ${file}`);
    const found = keys === undefined ? `there is no ${file}` : `${file} has no active key`;
    return warning(what, found, 'make one: weft keys create --user NAME --role admin');
  } catch (error) {
    if (!(error instanceof KeysFileError)) throw error;
    return failed(what, error.message, 'a server with it would not start: mend the file, or make a new one');
  }
}
