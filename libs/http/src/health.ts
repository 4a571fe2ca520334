import type { Metrics } from '@weft/runtime';
import { AppError } from '@weft/model';
import { authenticate } from './auth.ts';
import type { Keyring } from './keyring.ts';
import { createRouter, type RouteGroup } from './router.ts';

/** Why this process cannot serve now, or undefined when it can. Public: no addresses, no secrets. Up to 2 s. */
export type ReadinessCheck = () => string | undefined | Promise<string | undefined>;

const CHECK_TIMEOUT_MS = 2000;

export interface HealthOptions {
  readonly metrics: Metrics;
  readonly auth: Keyring;
  readonly readiness: Readonly<Record<string, ReadinessCheck>>;
  readonly isStopping: () => boolean;
}

/**
 * `/health`: the process runs. `/readyz`: send it requests. `/metrics`: for everyone in open mode, which only this machine
 * can reach; else for keys with the admin role, as route names, rates and sizes tell about every project.
 */
export function createHealthRoutes(options: HealthOptions): RouteGroup {
  const router = createRouter();
  router.get('/health', (_req, res) => {
    res.json({ status: 'ok' });
  });
  router.get('/readyz', async (_req, res) => {
    const reasons = options.isStopping() ? { server: 'stopping' } : await failing(options.readiness);
    const ready = Object.keys(reasons).length === 0;
    res.status(ready ? 200 : 503).json(ready ? { status: 'ready' } : { status: 'not ready', reasons });
  });
  router.get('/metrics', async (req, res) => {
    if (!authenticate(req, options.auth).has('admin')) throw new AppError('forbidden', 'Forbidden');
    const { contentType, body } = await options.metrics.render();
    res.writeHead(200, { 'Content-Type': contentType }).end(body);
  });
  return { router, authenticated: false };
}

async function failing(checks: Readonly<Record<string, ReadinessCheck>>): Promise<Record<string, string>> {
  const results = await Promise.all(
    Object.entries(checks).map(async ([name, check]) => [name, await outcome(check)] as const),
  );
  return Object.fromEntries(results.filter((result): result is [string, string] => result[1] !== undefined));
}

async function outcome(check: ReadinessCheck): Promise<string | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<string>((resolve) => {
    timer = setTimeout(() => resolve('no answer'), CHECK_TIMEOUT_MS).unref();
  });
  try {
    return await Promise.race([check(), late]);
  } catch {
    return 'check failed';
  } finally {
    clearTimeout(timer);
  }
}
