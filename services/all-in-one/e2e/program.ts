import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { apiKey, python, type Stack } from './stack.ts';

const SDK_DIR = fileURLToPath(new URL('./sdk/', import.meta.url));
const TIMEOUT_MS = 90_000;

/**
 * Runs one of the programs in `sdk/` as a user would, pointed at the stack and nowhere else, and returns the JSON object it
 * prints last. @throws Error with what the program said when it fails.
 */
export async function runProgram<T>(stack: Stack, file: string, ...args: string[]): Promise<T> {
  const home = await mkdtemp(join(tmpdir(), 'weft-sdk-'));
  const command = file.endsWith('.py') ? python : process.execPath;
  if (command === undefined)
    throw new Error('WEFT_PYTHON is not set, and CI or REQUIRE_BACKENDS promise it: run scripts/test');
  const child = spawn(command, [join(SDK_DIR, file), ...args], {
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
      // Whatever else a client would call (newest versions, crash reports) goes nowhere.
      HTTP_PROXY: 'http://127.0.0.1:9',
      HTTPS_PROXY: 'http://127.0.0.1:9',
      NO_PROXY: `127.0.0.1,localhost,${new URL(stack.url).hostname}`,
    },
  });
  const timer = setTimeout(() => child.kill('SIGKILL'), TIMEOUT_MS);
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const [code] = (await once(child, 'close')) as [number | null];
  clearTimeout(timer);
  await rm(home, { recursive: true, force: true });
  const last = stdout.trimEnd().split('\n').at(-1) ?? '';
  if (code !== 0 || !last.startsWith('{'))
    throw new Error(`${file} ended with ${code}\n${stdout.slice(-2000)}\n${stderr.slice(-4000)}`);
  return JSON.parse(last) as T;
}
