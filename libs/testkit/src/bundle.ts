import { spawn, type ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';

/** A bundle of `dist/` in a process of its own, as its user runs it. */
export interface BundleProcess {
  readonly pid: number;
  /** What it has said so far, on both streams. */
  output(): string;
  stdout(): string;
  kill(signal: NodeJS.Signals): void;
  /** How it ended, once it has and everything it said is read. */
  readonly ended: Promise<{ readonly code: number | null; readonly signal: NodeJS.Signals | null }>;
  readonly hasEnded: boolean;
}

const DIST = fileURLToPath(new URL('../../../dist/', import.meta.url));

/** Nothing of the caller's environment but what Node needs, so that no setting of a developer changes a test. */
const BARE = { PATH: '/usr/bin:/bin', HOME: tmpdir() };

/**
 * Starts `dist/<name>.mjs` as `scripts/up` does. Its output is the caller's to read: for processes that run for long.
 * @throws Error when it is not built.
 */
export function startBundle(
  name: string,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
): ChildProcessByStdio<null, Readable, Readable> {
  const bundle = join(DIST, `${name}.mjs`);
  if (!existsSync(bundle)) throw new Error(`${bundle} is missing: run scripts/test, or pnpm build`);
  return spawn(process.execPath, ['--enable-source-maps', bundle, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...BARE, ...env },
  });
}

/** Starts `dist/<name>.mjs` and keeps what it says; `onOutput` is told each piece of its output, as it comes. @throws Error when it is not built. */
export function spawnBundle(
  name: string,
  args: readonly string[] = [],
  env: Readonly<Record<string, string>> = {},
  onOutput: (text: string) => void = () => {},
): BundleProcess {
  const child = startBundle(name, args, env);
  let [output, stdout, hasEnded] = ['', '', false];
  child.stdout.on('data', (text: string) => (stdout += text));
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
      onOutput(text);
    });
  const ended = (once(child, 'close') as Promise<[number | null, NodeJS.Signals | null]>).then(
    ([code, signal]) => {
      hasEnded = true;
      return { code, signal };
    },
  );
  return {
    pid: child.pid!,
    output: () => output,
    stdout: () => stdout,
    kill: (signal) => void child.kill(signal),
    ended,
    get hasEnded() {
      return hasEnded;
    },
  };
}
