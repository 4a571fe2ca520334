import { EventEmitter } from 'node:events';
import { createLogger } from '@weft/runtime';
import { runAllInOne } from './all-in-one.ts';
import { loadAllInOneConfig } from './config.ts';

export interface StartedAllInOne {
  readonly url: string;
  /** Resolves with the exit code a process would have had. */
  stop(): Promise<number>;
}

/** The server inside this process, for tests and tools: signals and the exit stay the caller's. @throws Error when it could not start. */
export async function startAllInOne(options: {
  dataDir: string;
  host?: string;
  port?: number;
  env?: NodeJS.ProcessEnv;
}): Promise<StartedAllInOne> {
  const quiet = Object.assign(new EventEmitter(), { exit: () => undefined });
  let url: string | undefined;
  const service = runAllInOne({
    host: options.host ?? '127.0.0.1',
    port: options.port ?? 0,
    dataDir: options.dataDir,
    config: loadAllInOneConfig(options.env ?? {}),
    logger: createLogger({ name: 'all-in-one', level: 'warn' }),
    process: quiet,
    onReady: (address) => (url = address.url),
  });
  await service.started;
  if (url === undefined) throw new Error(`the server did not start: exit code ${await service.ended}`);
  return { url, stop: () => service.stop() };
}
