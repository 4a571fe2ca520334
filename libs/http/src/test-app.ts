import { createLogger, createMetrics } from '@weft/runtime';
import { createHttpApp, type HttpApp, type HttpAppOptions } from './app.ts';
import { EVERYONE, type Keyring } from './keyring.ts';

/** For this package's tests only: apps on free ports, with their warnings and errors. */
export const OPEN: Keyring = { open: true, find: () => EVERYONE, list: () => [], stop: async () => {} };

const started: HttpApp[] = [];

export interface TestApp {
  readonly app: HttpApp;
  readonly url: string;
  readonly port: number;
  /** Log lines from `warn` up. */
  readonly log: readonly string[];
}

export async function startApp(
  options: Partial<HttpAppOptions> & Pick<HttpAppOptions, 'routes'> & { host?: string; port?: number },
): Promise<TestApp> {
  const log: string[] = [];
  const app = createHttpApp({
    logger: createLogger({
      name: 'test',
      level: 'warn',
      destination: { write: (line) => void log.push(line) },
    }),
    metrics: createMetrics('', { processMetrics: false }),
    auth: OPEN,
    ...options,
    limits: { drainDelayMs: 0, ...options.limits },
  });
  const { port } = await app.listen(options.host ?? '127.0.0.1', options.port ?? 0);
  started.push(app);
  return { app, port, url: `http://127.0.0.1:${port}`, log };
}

export async function stopApps(): Promise<void> {
  await Promise.all(started.splice(0).map((app) => app.stop()));
}
