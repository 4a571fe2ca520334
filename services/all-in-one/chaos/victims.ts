import { spawn, type ChildProcess } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

/** One all-in-one as its user runs it: a process of its own, with the engine as its child. */
export interface Victim {
  readonly url: string;
  /** kill -9 of the server, or of the engine under it. The server comes back by `start()`, the engine by itself. */
  kill(which: 'server' | 'engine'): Promise<boolean>;
  start(): Promise<void>;
  stop(): Promise<number>;
}

export interface VictimOptions {
  readonly dataDir: string;
  readonly port: number;
  /** The server's output is kept for the report of a failed run. */
  readonly onOutput?: (line: string) => void;
}

const BUNDLE = fileURLToPath(new URL('../../../dist/all-in-one.mjs', import.meta.url));

export function createVictim(options: VictimOptions): Victim {
  let child: ChildProcess | undefined;
  const url = `http://127.0.0.1:${options.port}`;

  const start = async (): Promise<void> => {
    const { WEFT_KEYS_FILE: _, ...env } = process.env;
    child = spawn(process.execPath, [BUNDLE, '--port', String(options.port), '--data-dir', options.dataDir], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env,
    });
    const started = child;
    for (const stream of [child.stdout!, child.stderr!]) {
      stream
        .setEncoding('utf8')
        .on('data', (text: string) => text.split('\n').forEach((l) => l !== '' && options.onOutput?.(l)));
    }
    for (let waitedMs = 0; ; waitedMs += 50) {
      if (started.exitCode !== null || started.signalCode !== null)
        throw new Error(
          `the server ended while starting: ${started.signalCode ?? `code ${started.exitCode}`}`,
        );
      if (waitedMs > 60_000) throw new Error('the server was not ready within 60 s');
      const ready = await fetch(`${url}/readyz`).then(
        (r) => r.ok,
        () => false,
      );
      if (ready) return;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  };

  return {
    url,
    start,
    async kill(which) {
      const server = child;
      if (server?.pid === undefined || server.exitCode !== null) return false;
      if (which === 'engine') {
        const engine = childrenOf(server.pid)[0];
        if (engine === undefined) return false;
        process.kill(engine, 'SIGKILL');
        return true;
      }
      const gone = once(server, 'exit');
      server.kill('SIGKILL');
      await gone;
      return true;
    },
    async stop() {
      const server = child;
      if (server === undefined || server.exitCode !== null || server.signalCode !== null)
        return server?.exitCode ?? 0;
      const gone = once(server, 'exit') as Promise<[number | null]>;
      server.kill('SIGTERM');
      const [code] = await gone;
      return code ?? 1;
    },
  };
}

/** Direct children, from /proc. */
export function childrenOf(pid: number): number[] {
  const children: number[] = [];
  for (const entry of readdirSync('/proc')) {
    if (!/^\d+$/.test(entry)) continue;
    try {
      const stat = readFileSync(`/proc/${entry}/stat`, 'utf8');
      const parent = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
      if (parent === pid) children.push(Number(entry));
    } catch {
      // gone while we looked
    }
  }
  return children;
}
