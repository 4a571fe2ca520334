import { AppError } from '@weft/model';
import type { Metrics } from '@weft/runtime';
import { authenticateHeaders } from './auth.ts';
import type { Keyring } from './keyring.ts';
import { createRouter, type RouteGroup } from './router.ts';

/** Why this process cannot serve now (or cannot go on), or undefined when it can. Public: no addresses, no secrets. Up to 2 s. */
export type ReadinessCheck = () => string | undefined | Promise<string | undefined>;
export type Checks = Readonly<Record<string, ReadinessCheck>>;

/** What failed, by name; empty = nothing. */
export type Reasons = Readonly<Record<string, string>>;

const CHECK_TIMEOUT_MS = 2000;

export interface HealthOptions {
  readonly metrics: Metrics;
  readonly auth: Keyring;
  readonly readiness: () => Promise<Reasons>;
  readonly liveness: Checks;
}

/**
 * `/health`: the process runs. `/livez`: it gets on with its work, else restart it. `/readyz`: send it requests. `/metrics`:
 * for everyone in open mode, which only this machine can reach; else for keys with the admin role, as route names, rates
 * and sizes tell about every project.
 */
export function createHealthRoutes(options: HealthOptions): RouteGroup {
  const router = createRouter();
  router.get('/health', (_req, res) => {
    res.json({ status: 'ok' });
  });
  router.get('/livez', async (_req, res) => {
    const { status, body } = await liveness(options.liveness);
    res.status(status).json(body);
  });
  router.get('/readyz', async (_req, res) => {
    const { status, body } = await readiness(options.readiness);
    res.status(status).json(body);
  });
  router.get('/metrics', async (req, res) => {
    if (!authenticateHeaders(req.headers, options.auth).has('admin'))
      throw new AppError('forbidden', 'Forbidden');
    const { contentType, body } = await options.metrics.render();
    res.writeHead(200, { 'Content-Type': contentType }).end(body);
  });
  return { router, authenticated: false };
}

interface ProbeAnswer {
  readonly status: 200 | 503;
  readonly body: { readonly status: string; readonly reasons?: Reasons };
}

/** That it is asked and answers says the rest: the event loop turns. */
export async function liveness(checks: Checks): Promise<ProbeAnswer> {
  return toAnswer(await failing(checks), 'alive');
}

export async function readiness(ask: () => Promise<Reasons>): Promise<ProbeAnswer> {
  return toAnswer(await ask(), 'ready');
}

function toAnswer(reasons: Reasons, what: string): ProbeAnswer {
  if (Object.keys(reasons).length === 0) return { status: 200, body: { status: what } };
  return { status: 503, body: { status: `not ${what}`, reasons } };
}

/** The checks that say no, or do not answer in time. */
export async function failing(checks: Checks): Promise<Reasons> {
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
