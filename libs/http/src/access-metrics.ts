import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Logger, Metrics } from '@weft/runtime';
import type { BodyBudget } from './body-budget.ts';
import { requestIdOf } from './request-id.ts';
import { patternOf } from './router.ts';

/** Counts what is answered, by route pattern. Returns what to call when a request has come in; each answer is counted when it ends. */
export function createAccessMetrics(
  metrics: Metrics,
  logger: Logger,
  budget: BodyBudget,
): (req: IncomingMessage, res: ServerResponse) => void {
  const requests = metrics.counter({
    name: 'http_requests_total',
    help: 'Requests by route pattern and status class; "aborted" = the client left before the answer was out.',
    labels: ['route', 'status'],
  });
  const seconds = metrics.histogram({
    name: 'http_request_seconds',
    help: 'From the request line to the end of the answer.',
    labels: ['route'],
  });
  const inFlight = metrics.gauge({ name: 'http_requests_in_flight', help: 'Requests being answered.' });
  metrics.gauge({
    name: 'http_body_bytes_in_flight',
    help: 'Bytes of request bodies in memory.',
    collect: (gauge) => gauge.set(budget.heldBytes),
  });

  return (req, res) => {
    const from = performance.now();
    inFlight.inc();
    res.once('close', () => {
      const route = patternOf(req);
      const elapsedMs = performance.now() - from;
      inFlight.dec();
      requests.inc({
        route,
        status: res.writableFinished ? `${Math.floor(res.statusCode / 100)}xx` : 'aborted',
      });
      seconds.observe({ route }, elapsedMs / 1000);
      if (logger.isLevelEnabled('debug'))
        logger.debug({ route, status: res.statusCode, elapsedMs, requestId: requestIdOf(req) }, 'answered');
    });
  };
}
