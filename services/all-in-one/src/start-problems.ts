import { access, constants, mkdir, stat } from 'node:fs/promises';
import { dirname } from 'node:path';

/** Makes the directory where it is missing. @throws Error that names the option when traces cannot be kept there. */
export async function prepareDataDir(dir: string): Promise<void> {
  try {
    await makeDir(dir);
    await access(dir, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (cause) {
    throw new Error(`--data-dir: cannot keep traces in ${dir}: ${(cause as Error).message}`, { cause });
  }
}

/** Not `recursive`: that never returns where a directory is there but takes no others, as /proc. */
async function makeDir(dir: string): Promise<void> {
  try {
    return await makeOne(dir);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || dirname(dir) === dir) throw error;
  }
  await makeDir(dirname(dir));
  await makeOne(dir);
}

async function makeOne(dir: string): Promise<void> {
  try {
    await mkdir(dir);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    if (!(await stat(dir)).isDirectory()) throw new Error('it is not a directory', { cause: error });
  }
}

const ADVICE: ReadonlyMap<string, string> = new Map([
  [
    'EADDRINUSE',
    'something else listens there: stop it, or choose another port with --port (0 = a free one)',
  ],
  ['EACCES', 'this user may not listen on that port: choose one from 1024 on with --port'],
  ['EADDRNOTAVAIL', 'this machine does not have that address: choose another one with --host'],
  ['ENOTFOUND', 'nobody knows that host name: choose another one with --host'],
]);

/** What can be done about an address that cannot be listened on; anything else comes back as it is. */
export function explainListenError(error: unknown, host: string, port: number): unknown {
  const advice = ADVICE.get((error as NodeJS.ErrnoException | null)?.code ?? '');
  return advice === undefined
    ? error
    : new Error(`cannot listen on ${host}:${port}: ${advice}`, { cause: error });
}
