import { EventEmitter } from 'node:events';
import { createLogger, type LogLevel } from '@weft/runtime';
import { runAllInOne } from './all-in-one.ts';
import { loadAllInOneConfig } from './config.ts';

export interface StartedAllInOne {
  readonly url: string;
  /** Of OTLP/gRPC, host:port. */
  readonly grpc: string | undefined;
  /** Resolves with the exit code a process would have had. */
  stop(): Promise<number>;
}

/** The server inside this process, for tests and tools: signals and the exit stay the caller's. @throws Error when it could not start. */
export async function startAllInOne(options: {
  dataDir: string;
  host?: string;
  port?: number;
  env?: NodeJS.ProcessEnv;
  /** Default: warnings and errors. */
  logLevel?: LogLevel;
  minGarbageGraceMs?: number;
  webDir?: string;
}): Promise<StartedAllInOne> {
  const quiet = Object.assign(new EventEmitter(), { exit: () => undefined });
  let ready: { url: string; grpc: string | undefined } | undefined;
  const service = runAllInOne({
    host: options.host ?? '127.0.0.1',
    port: options.port ?? 0,
    dataDir: options.dataDir,
    config: loadAllInOneConfig({ GATEWAY_OTLP_GRPC_PORT: '0', ...options.env }),
    logger: createLogger({ name: 'all-in-one', level: options.logLevel ?? 'warn' }),
    process: quiet,
    minGarbageGraceMs: options.minGarbageGraceMs,
    webDir: options.webDir,
    onReady: (address) => (ready = address),
  });
  await service.started;
  if (ready === undefined) throw new Error(`the server did not start: exit code ${await service.ended}`);
  return { url: ready.url, grpc: ready.grpc, stop: () => service.stop() };
}
