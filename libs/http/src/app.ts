import type { IncomingMessage, RequestListener } from 'node:http';
import type { Logger, Metrics } from '@weft/runtime';
import express, { type ErrorRequestHandler, type Express, type Request, type Response } from 'express';
import { createAccessMetrics } from './access-metrics.ts';
import { authenticate } from './auth.ts';
import { drainBody, releaseBody } from './body.ts';
import { createBodyBudget } from './body-budget.ts';
import { contextOf, setContext } from './context.ts';
import { createErrorLog, sendError } from './errors.ts';
import { expressMessages } from './express-messages.ts';
import { createHealthRoutes, type ReadinessCheck } from './health.ts';
import { assertBindable, type Keyring } from './keyring.ts';
import {
  errorBodyFor,
  mountFallbacks,
  mountGroup,
  normalizeUrl,
  patternOf,
  type RouteGroup,
} from './router.ts';
import { createDrainingServer, type ServerLimits } from './server.ts';

export interface HttpLimits extends ServerLimits {
  /** Most bytes of one body, as sent and as decoded, default 32 MiB (upstream's limit; SDKs split at 31). */
  readonly maxBodyBytes?: number;
  /** Most bytes of all bodies in memory at one time, default 256 MiB; beyond it requests get 503. */
  readonly maxInFlightBytes?: number;
}

export interface HttpAppOptions {
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly auth: Keyring;
  /** By name; asked at each `/readyz`. */
  readonly readiness?: Readonly<Record<string, ReadinessCheck>>;
  readonly limits?: HttpLimits;
  /** Tried in this order. */
  readonly routes: readonly RouteGroup[];
}

export interface HttpApp {
  /**
   * Port 0 takes a free one. Resolves with what was bound.
   * @throws Error when there are no API keys and `host` is not a loopback address; what the system says when it cannot bind.
   */
  listen(host: string, port: number): Promise<{ host: string; port: number }>;
  /** Readiness off, `Connection: close` on answers, then no new connections, then the last answers: 10 s at most. Harmless when repeated. */
  stop(): Promise<void>;
}

/**
 * The HTTP server of a service: routes at `/` and `/traces`, authentication, body limits, errors, metrics, health routes,
 * and a stop that costs no request.
 */
export function createHttpApp(options: HttpAppOptions): HttpApp {
  const app = createExpress(options, () => server.isStopping());
  const server = createDrainingServer(
    createListener(options, app),
    options.limits ?? {},
    expressMessages(app),
  );
  return {
    listen: async (host, port) => {
      assertBindable(host, options.auth);
      return server.listen(host, port);
    },
    stop: () => server.stop(),
  };
}

function createListener(options: HttpAppOptions, app: Express): RequestListener {
  const { logger, metrics, limits = {} } = options;
  const budget = createBodyBudget(limits.maxInFlightBytes ?? 256 * 1024 * 1024);
  const maxBodyBytes = limits.maxBodyBytes ?? 32 * 1024 * 1024;
  const count = createAccessMetrics(metrics, logger, budget);
  return (req, res) => {
    setContext(req, { maxBodyBytes, budget, principal: undefined, heldBytes: 0, group: undefined });
    // A streamed answer has a dozen parties that wait for its end: this app's, the server's and those of a pipeline.
    res.setMaxListeners(20);
    count(req, res);
    res.once('finish', () => drainBody(req));
    res.once('close', () => releaseBody(contextOf(req)));
    req.url = normalizeUrl(req.url ?? '/');
    // Reached only when answering an error failed itself. Express's own last resort shows the stack.
    app(req as Request, res as Response, (thrown: unknown) => {
      logger.error({ err: thrown }, 'could not answer');
      sendError(req, res, thrown, undefined);
    });
  };
}

function createExpress(options: HttpAppOptions, isStopping: () => boolean): Express {
  const { auth, metrics, readiness = {} } = options;
  const routes = [createHealthRoutes({ metrics, auth, readiness, isStopping }), ...options.routes];
  const app = express();
  app.disable('x-powered-by').disable('etag').enable('case sensitive routing').set('query parser', 'simple');
  for (const group of routes.filter((g) => g.authenticated === false)) mountGroup(app, group);
  app.use((req, _res, next) => {
    contextOf(req).principal = authenticate(req, auth);
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
    log(thrown, status, patternOf(req));
  };
}

function pathOf(req: IncomingMessage): string {
  const url = req.url ?? '/';
  const end = url.indexOf('?');
  return end < 0 ? url : url.slice(0, end);
}
