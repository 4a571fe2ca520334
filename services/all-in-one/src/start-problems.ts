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
