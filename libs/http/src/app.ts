import type { IncomingMessage, RequestListener } from 'node:http';
import { envInt, type Logger, type Metrics } from '@weft/runtime';
import express, { type ErrorRequestHandler, type Express, type Request, type Response } from 'express';
import { createAccessMetrics } from './access-metrics.ts';
import { authenticateHeaders } from './auth.ts';
import { drainBody, releaseBody } from './body.ts';
import { createBodyBudget, type BodyBudget } from './body-budget.ts';
import { contextOf, setContext } from './context.ts';
import { allowOrigin, answerPreflight, isPreflight } from './cors.ts';
import { createErrorLog, sendError } from './errors.ts';
import { expressMessages } from './express-messages.ts';
import { createHealthRoutes, failing, type Checks, type Reasons } from './health.ts';
import { assertBindable, type Keyring } from './keyring.ts';
import { explainListenError, type ListenAddress } from './listen-error.ts';
import { takeRequestId } from './request-id.ts';
import {
  corsFor,
  errorBodyFor,
  mountFallbacks,
  mountGroup,
  normalizeUrl,
  patternOf,
  type RouteGroup,
} from './router.ts';
import { createDrainingServer, type ServerLimits } from './server.ts';
import { keysRoute } from './keys-route.ts';
import { sessionRoutes } from './session.ts';

export interface HttpLimits extends ServerLimits {
  /** Most bytes of one body, as sent and as decoded, default 32 MiB (upstream's limit; SDKs split at 31). */
  readonly maxBodyBytes?: number;
  /** Most bytes of all bodies in memory at one time, default 256 MiB; beyond it requests get 503. */
  readonly maxInFlightBytes?: number;
}

/** Environment of how a server leaves. */
export const drainEnv = {
  /** After SIGTERM: how long requests are still answered with readiness off, so that whoever balances the load turns away. */
  WEFT_DRAIN_DELAY_MS: envInt({ default: 1500, max: 600_000 }),
  /** After that: how long what is in hand may take. What is left then is cut off, exit code 1. */
  WEFT_STOP_GRACE_MS: envInt({ default: 8500, min: 100, max: 600_000 }),
};

export interface DrainConfig {
  readonly WEFT_DRAIN_DELAY_MS: number;
  readonly WEFT_STOP_GRACE_MS: number;
}

/** From the signal to the end of the process, for `runService`. */
export function stopTimeoutMs(config: DrainConfig): number {
  return config.WEFT_DRAIN_DELAY_MS + config.WEFT_STOP_GRACE_MS;
}

/** The server is done a little earlier, for the parts that stop after it. */
export function drainLimits(config: DrainConfig): Pick<HttpLimits, 'drainDelayMs' | 'stopTimeoutMs'> {
  const drainDelayMs = config.WEFT_DRAIN_DELAY_MS;
  return { drainDelayMs, stopTimeoutMs: drainDelayMs + 0.9 * config.WEFT_STOP_GRACE_MS };
}

export interface HttpAppOptions {
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly auth: Keyring;
  /** By name; asked at each `/readyz`. */
  readonly readiness?: Checks;
  /** By name; asked at each `/livez`. Never about something outside this process: a restart would not help it. */
  readonly liveness?: Checks;
  readonly limits?: HttpLimits;
  /** Shared with other servers of the process; default one of its own. */
  readonly budget?: BodyBudget;
  /** Tried in this order. */
  readonly routes: readonly RouteGroup[];
}

export interface HttpApp {
  /**
   * Port 0 takes a free one. Resolves with what was bound.
   * @param names the settings that host and port were chosen with, for the error that says what to do.
   * @throws Error when there are no API keys and `host` is not a loopback address, or the address cannot be bound.
   */
  listen(
    host: string,
    port: number,
    names?: ListenAddress['names'],
  ): Promise<{ host: string; port: number; url: string }>;
  /** Why requests should go elsewhere now, by check: what `/readyz` says. Empty = ready. */
  readiness(): Promise<Reasons>;
  /** Readiness off, `Connection: close` on answers, then no new connections, then the last answers: 10 s at most. Harmless when repeated. */
  stop(): Promise<void>;
}

/**
 * The HTTP server of a service: routes at `/` and `/traces`, authentication, body limits, errors, metrics, health routes,
 * and a stop that costs no request.
 */
export function createHttpApp(options: HttpAppOptions): HttpApp {
  const { limits = {} } = options;
  const budget = options.budget ?? createBodyBudget(limits.maxInFlightBytes ?? MAX_IN_FLIGHT_BYTES);
  const readiness = async (): Promise<Reasons> =>
    server.isStopping()
      ? { server: 'stopping' }
      : failing({ ...options.readiness, bodies: () => (budget.isScarce ? SCARCE : undefined) });
  const app = createExpress(options, readiness);
  const server = createDrainingServer(createListener(options, app, budget), limits, expressMessages(app));
  return {
    listen: async (host, port, names = ['--host', '--port']) => {
      assertBindable(host, options.auth);
      const bound = await server.listen(host, port).catch((error: unknown) => {
        throw explainListenError(error, { host, port, names });
      });
      const name = bound.host.includes(':') ? `[${bound.host}]` : bound.host;
      return { ...bound, url: `http://${name}:${bound.port}` };
    },
    readiness,
    stop: () => server.stop(),
  };
}

/** Of one process. */
export const MAX_IN_FLIGHT_BYTES = 256 * 1024 * 1024;

const SCARCE = 'the request bodies in hand take more than 90 % of the memory they may';

function createListener(options: HttpAppOptions, app: Express, budget: BodyBudget): RequestListener {
  const { logger, metrics, limits = {} } = options;
  const maxBodyBytes = limits.maxBodyBytes ?? 32 * 1024 * 1024;
  const count = createAccessMetrics(metrics, logger, budget);
  return (req, res) => {
    const requestId = takeRequestId(req, res);
    setContext(req, {
      requestId,
      maxBodyBytes,
      budget,
      principal: undefined,
      heldBytes: 0,
      isOver: false,
      group: undefined,
    });
    // A streamed answer has a dozen parties that wait for its end: this app's, the server's and those of a pipeline.
    res.setMaxListeners(20);
    count(req, res);
    res.once('finish', () => drainBody(req));
    res.once('close', () => releaseBody(contextOf(req)));
    req.url = normalizeUrl(req.url ?? '/');
    // Reached only when answering an error failed itself. Express's own last resort shows the stack.
    app(req as Request, res as Response, (thrown: unknown) => {
      logger.error({ err: thrown, requestId }, 'could not answer');
      sendError(req, res, thrown, undefined);
    });
  };
}

function createExpress(options: HttpAppOptions, readiness: () => Promise<Reasons>): Express {
  const { auth, metrics, liveness = {} } = options;
  const health = createHealthRoutes({ metrics, auth, readiness, liveness });
  const routes = [health, sessionRoutes(auth), keysRoute(auth), ...options.routes];
  const app = express();
  app.disable('x-powered-by').disable('etag').enable('case sensitive routing').set('query parser', 'simple');
  for (const group of routes.filter((g) => g.authenticated === false)) mountGroup(app, group);
  app.use((req, res, next) => {
    const cors = corsFor(routes, pathOf(req));
    const trustsOrigin = cors !== undefined && allowOrigin(cors, req, res);
    if (trustsOrigin && isPreflight(req)) return answerPreflight(cors, res);
    contextOf(req).principal = authenticateHeaders(req.headers, auth, { trustsOrigin });
    next();
  });
  for (const group of routes.filter((g) => g.authenticated !== false)) mountGroup(app, group);
  mountFallbacks(app, routes);
  app.use(answerErrors(options));
  return app;
}

function answerErrors({ logger, routes }: HttpAppOptions): ErrorRequestHandler {
  const log = createErrorLog(logger);
  // Express tells an error handler by its four parameters.
  return (thrown: unknown, req, res, _next) => {
    const status = sendError(req, res, thrown, errorBodyFor(routes, pathOf(req)));
    log(thrown, status, patternOf(req), contextOf(req).requestId);
  };
}

function pathOf(req: IncomingMessage): string {
  const url = req.url ?? '/';
  const end = url.indexOf('?');
  return end < 0 ? url : url.slice(0, end);
}
