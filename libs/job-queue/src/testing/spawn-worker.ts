import { once } from 'node:events';
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { eventually } from '@weft/testkit';

const WORKER = fileURLToPath(new URL('./worker.ts', import.meta.url));

export interface WorkerProcess {
  readonly pid: number;
  readonly lines: readonly string[];
  /** Those that begin with `word`. */
  count(word: string): number;
  signal(name: NodeJS.Signals): void;
  /** SIGKILL; resolves when everything it said is read and it is gone. */
  kill(): Promise<void>;
}

/** Starts `worker.ts`; resolves when it has opened its queue. */
export async function spawnWorker(where: readonly string[], options: object = {}): Promise<WorkerProcess> {
  const args = ['--import', 'tsx', WORKER, JSON.stringify(options), ...where];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const lines: string[] = [];
  const reader = createInterface({ input: child.stdout }).on('line', (line) => lines.push(line));
  // It closes its output a little before it is gone.
  const ended = Promise.all([once(reader, 'close'), once(child, 'exit')]);
  const worker: WorkerProcess = {
    pid: child.pid!,
    lines,
    count: (word) => lines.filter((line) => line.startsWith(word)).length,
    signal: (name) => void child.kill(name),
    async kill() {
      child.kill('SIGKILL');
      await ended;
    },
  };
  await eventually(() => lines.includes('open'));
  return worker;
}
