import type { EventLog } from '@weft/event-log';
import type { RouteGroup } from '@weft/http';
import type { Logger, Metrics } from '@weft/runtime';
import type { GatewayConfig } from './config.ts';
import { createIngest, type RejectedEvent } from './ingest.ts';
import { callRoutes } from './routes/calls.ts';
import { feedbackRoutes } from './routes/feedback.ts';
import { graphqlRoutes } from './routes/graphql.ts';
import { objectRoutes } from './routes/objects.ts';
import { otlpRoutes } from './routes/otlp.ts';
import { serviceRoutes } from './routes/service.ts';

export interface GatewayDeps {
  readonly eventLog: EventLog;
  /**
   * Keeps items of batches that were refused, for the operator (dead letters). Resolves when they are safe; the batch's
   * 2xx waits for it.
   */
  readonly quarantine: (rejected: readonly RejectedEvent[]) => Promise<void>;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly config: GatewayConfig;
}

export interface Gateway {
  /** For `createHttpApp`. */
  readonly routes: readonly RouteGroup[];
}

/** HTTP in → events. Authenticates, frames, validates, appends; a 2xx means that the log has it durably. Knows no store. */
export function createGateway(deps: GatewayDeps): Gateway {
  const ingest = createIngest(deps);
  return {
    routes: [
      ...otlpRoutes(ingest, deps.config),
      { router: callRoutes(ingest) },
      { router: objectRoutes(ingest) },
      { router: feedbackRoutes(ingest) },
      { router: serviceRoutes() },
      { router: graphqlRoutes(deps.config) },
    ],
  };
}
