import type { EventLog } from '@weft/event-log';
import { createRouter, principalOf, readJson, requireProject, type RouteGroup } from '@weft/http';
import { AppError } from '@weft/model';
import type { Logger, Metrics } from '@weft/runtime';
import type { TraceReader } from '@weft/trace-store';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createFreshnessGate, type Freshness } from './freshness.ts';
import { NOT_YET } from './not-yet.ts';
import type { Route } from './route.ts';
import { callRoutes } from './routes/calls.ts';
import { fileRoutes } from './routes/files.ts';
import { objectRoutes } from './routes/objects.ts';
import { tableRoutes } from './routes/tables.ts';

export interface QueryDeps {
  readonly reader: TraceReader;
  readonly eventLog: EventLog;
  readonly logger: Logger;
  readonly metrics: Metrics;
  /** Longest wait of a read for what was acknowledged before it: QUERY_FRESHNESS_MAX_WAIT_MS. */
  readonly freshnessMaxWaitMs: number;
}

export interface Query {
  /** For createHttpApp, after the gateway's: the last ones answer for what does not exist yet. */
  readonly routes: readonly RouteGroup[];
}

/** Largest request: a filter of a few thousand ids. */
const MAX_REQUEST_BYTES = 4 * 1024 * 1024;
const FRESHNESS = 'x-weft-freshness';

/**
 * What clients read. Never inserts: a command that must read first (deleting calls with their descendants) appends events.
 * A read sees what was acknowledged before it, or says in `x-weft-freshness` that it may not.
 */
export function createQuery(deps: QueryDeps): Query {
  const { reader, eventLog } = deps;
  const awaitFreshness = freshnessOf(deps);
  const router = createRouter();
  const routes = [
    ...callRoutes(reader, eventLog),
    ...objectRoutes(reader),
    ...tableRoutes(reader),
    ...fileRoutes(reader),
  ];
  for (const route of routes) router.post(route.path, (req, res) => answer(route, req, res, awaitFreshness));
  return { routes: [{ router }, { router: notYetRouter() }] };
}

async function answer(
  route: Route,
  req: IncomingMessage,
  res: ServerResponse,
  awaitFreshness: (req: IncomingMessage, res: ServerResponse) => Promise<void>,
): Promise<void> {
  const request = await readJson(req, route.schema, { maxBytes: MAX_REQUEST_BYTES });
  requireProject(req, request.project_id, route.access);
  await awaitFreshness(req, res);
  const signal = clientOf(res);
  try {
    await route.handle(request, { req, res, userId: principalOf(req).user ?? '', signal });
  } catch (error) {
    // Nobody is left to be told, and what broke off because of that is no failure.
    if (!signal.aborted) throw error;
  }
}

/** Aborts when the client leaves before the answer is out. */
function clientOf(res: ServerResponse): AbortSignal {
  const left = new AbortController();
  const look = () => {
    if (!res.writableFinished) left.abort();
  };
  if (res.closed) look();
  else res.once('close', look);
  return left.signal;
}

function freshnessOf({ eventLog, metrics, freshnessMaxWaitMs }: QueryDeps) {
  const gate = createFreshnessGate({ eventLog, maxWaitMs: freshnessMaxWaitMs });
  const waitSeconds = metrics.histogram({
    name: 'query_freshness_wait_seconds',
    help: 'How long reads waited for the writer to store what was acknowledged before them.',
  });
  const stale = metrics.counter({
    name: 'query_stale_reads_total',
    help: 'Reads answered without what was acknowledged before them.',
  });
  return async (req: IncomingMessage, res: ServerResponse): Promise<void> => {
    if (req.headers[FRESHNESS] === 'any') return;
    const end = waitSeconds.startTimer();
    const freshness = await gate.wait();
    end();
    if (freshness.fresh) return;
    stale.inc();
    res.setHeader(FRESHNESS, staleHeader(freshness));
  };
}

function staleHeader({ lagMs }: Freshness & { fresh: false }): string {
  return lagMs === undefined ? 'stale' : `stale; lag_ms=${Math.max(0, Math.round(lagMs))}`;
}

function notYetRouter() {
  const router = createRouter();
  for (const [method, path] of NOT_YET) {
    router[method](path, (req: IncomingMessage & { path: string }) => {
      throw new AppError(
        'not_implemented',
        `${req.method} ${req.path} is not available in this version of Weft`,
      );
    });
  }
  return router;
}
