import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { apiKey, python, type Stack } from './stack.ts';

const SDK_DIR = fileURLToPath(new URL('./sdk/', import.meta.url));
const TIMEOUT_MS = 90_000;

/**
 * Runs one of the programs in `sdk/` as a user would, pointed at the stack and nowhere else, and returns the JSON object it
 * prints last. @throws Error with what the program said when it fails.
 */
export async function runProgram<T>(stack: Stack, file: string, ...args: string[]): Promise<T> {
  const command = file.endsWith('.py') ? python : process.execPath;
  return (await hearProgram<T>(stack, { command, args: [file, ...args] })).printed;
}

/** As `runProgram`, with what it said on stderr: lines. */
export async function hearProgram<T>(
  stack: Stack,
  program: Program,
): Promise<{ readonly printed: T; readonly said: readonly string[] }> {
  const { code, stdout, stderr } = await startProgram(stack, program);
  const last = stdout.trimEnd().split('\n').at(-1) ?? '';
  if (code !== 0 || !last.startsWith('{'))
    throw new Error(`${program.args[0]} ended with ${code}\n${stdout.slice(-2000)}\n${stderr.slice(-4000)}`);
  return { printed: JSON.parse(last) as T, said: stderr.split('\n').filter((line) => line !== '') };
}

export interface Program {
  /** Node or a Python; undefined = the Python that is not there. */
  readonly command: string | undefined;
  /** The file, absolute or below `sdk/`, and what it is given. */
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>> | undefined;
  /** After which it is killed. Default 90 s. */
  readonly timeoutMs?: number;
}

/** Runs it to its end, in an empty home. `code` is null for one that was killed. */
export async function startProgram(
  stack: Stack,
  { command, args: [file = '', ...args], env = {}, timeoutMs = TIMEOUT_MS }: Program,
): Promise<{ code: number | null; stdout: string; stderr: string }> {
  if (command === undefined) throw new Error(`there is no Python for ${file}: run scripts/test`);
  const home = await mkdtemp(join(tmpdir(), 'weft-sdk-'));
  const child = spawn(command, [resolve(SDK_DIR, file), ...args], {
    cwd: home,
    stdio: ['ignore', 'pipe', 'pipe'],
    // Nothing of the caller's: no netrc, no W&B settings, no key of a real account.
    env: {
      HOME: home,
      PATH: '/usr/bin:/bin',
      WF_TRACE_SERVER_URL: stack.url,
      WANDB_BASE_URL: stack.url,
      WANDB_API_KEY: apiKey,
      WANDB_ERROR_REPORTING: 'false',
      WEAVE_PRINT_CALL_LINK: 'false',
      WEAVE_USE_SERVER_CACHE: 'false',
      PYTHONDONTWRITEBYTECODE: '1',
      // Whatever else a client would call (newest versions, crash reports) goes nowhere.
      HTTP_PROXY: 'http://127.0.0.1:9',
      HTTPS_PROXY: 'http://127.0.0.1:9',
      NO_PROXY: `127.0.0.1,localhost,${new URL(stack.url).hostname}`,
      ...env,
    },
  });
  const timer = setTimeout(() => child.kill('SIGKILL'), timeoutMs);
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const [code] = (await once(child, 'close')) as [number | null];
  clearTimeout(timer);
  await rm(home, { recursive: true, force: true });
  return { code, stdout, stderr };
}
