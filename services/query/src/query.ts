import type { EventLog } from '@weft/event-log';
import type { FileStorage } from '@weft/file-storage';
import {
  routerOf,
  unservedRouter,
  type Checks,
  type Request,
  type Response,
  type RouteGroup,
} from '@weft/http';
import type { Llm } from '@weft/llm';
import type { Logger, Metrics, StartStep } from '@weft/runtime';
import type { TraceReader } from '@weft/trace-store';
import { ONLINE_EVAL_OFF, ROUTES, SCORING_ROUTES } from '@weft/weave-api';
import { docsRoute } from './pages/routes.ts';
import { webAppRoutes } from './pages/web-app.ts';
import { createClock } from './clock.ts';
import { createFileContents } from './file-contents.ts';
import { createFreshnessGate, type Freshness } from './freshness.ts';
import { countAppends, countRows } from './query-metrics.ts';
import { agentRoutes } from './routes/agents.ts';
import { annotationQueueRoutes } from './routes/annotation-queues.ts';
import { breakdownRoute } from './routes/breakdown.ts';
import { callRoutes } from './routes/calls.ts';
import { chatRoutes } from './routes/chat.ts';
import { costRoutes } from './routes/costs.ts';
import { completionRoutes } from './routes/completions.ts';
import { evalResultsRoutes } from './routes/eval-results.ts';
import { evaluationRunRoutes } from './routes/evaluation-runs.ts';
import { feedbackRoutes } from './routes/feedback.ts';
import { fileRoutes } from './routes/files.ts';
import { labelRoutes } from './routes/labels.ts';
import { objectRoutes } from './routes/objects.ts';
import { pipelineRoute } from './routes/pipeline.ts';
import { refRoutes } from './routes/refs.ts';
import { projectRoutes } from './routes/project.ts';
import { serviceRoutes } from './routes/service.ts';
import { spanRoutes } from './routes/spans.ts';
import { statsRoutes } from './routes/stats.ts';
import { storageRoutes } from './routes/storage.ts';
import { tableUpdateRoute } from './routes/table-update.ts';
import { tableRoutes } from './routes/tables.ts';
import { traceRoute } from './routes/trace.ts';
import { typedObjectRoutes } from './routes/typed-objects.ts';
import { threadRoutes } from './routes/threads.ts';
import { usageRoutes } from './routes/usage.ts';
import { createGarbage, type GarbageOptions } from './storage/garbage.ts';
import { garbageSchedule } from './storage/schedule.ts';
import { createStoreCheck } from './store-check.ts';

export interface QueryDeps {
  readonly reader: TraceReader;
  readonly eventLog: EventLog;
  /** Of files and large payloads. Undefined: all of them are in the log and the tables. */
  readonly fileStorage?: FileStorage | undefined;
  /** Models that clients ask through this server. */
  readonly llm: Llm;
  readonly logger: Logger;
  readonly metrics: Metrics;
  /** Longest wait of a read for what was acknowledged before it: QUERY_FRESHNESS_MAX_WAIT_MS. */
  readonly freshnessMaxWaitMs: number;
  /** Directory of the built web app. Undefined, or nothing there: no pages but that of the API. */
  readonly webDir?: string | undefined;
  /** Of blobs that nothing refers to. */
  readonly garbage?: GarbageOptions | undefined;
}

export interface Query {
  /** For createHttpApp, after the gateway's and the scoring worker's: the last ones answer for what is not served. */
  readonly routes: readonly RouteGroup[];
  /** For a createHttpApp that serves nothing else. */
  readonly readiness: Checks;
  /** What it does on its own. */
  readonly beside: readonly StartStep[];
}

const FRESHNESS = 'x-weft-freshness';

/**
 * What clients read. Never inserts: a command that must read first (deleting calls with their descendants) appends events.
 * A read sees what was acknowledged before it, or says in `x-weft-freshness` that it may not.
 */
export function createQuery(deps: QueryDeps): Query {
  const reader = countRows(deps.reader, deps.metrics);
  const eventLog = countAppends(deps, deps.metrics);
  const awaitFreshness = freshnessOf(deps);
  const clock = createClock();
  const garbage = createGarbage({ ...deps, options: deps.garbage });
  const files = createFileContents(reader, deps.fileStorage);
  const routes = [
    ...callRoutes(reader, eventLog, deps.logger),
    ...objectRoutes(reader, eventLog),
    ...labelRoutes(reader, eventLog),
    ...refRoutes(reader),
    ...tableRoutes(reader),
    tableUpdateRoute(reader, eventLog),
    ...typedObjectRoutes(reader, files, eventLog),
    ...fileRoutes(files),
    ...feedbackRoutes({ reader, eventLog, clock }),
    ...annotationQueueRoutes({ reader, eventLog, clock }),
    ...costRoutes(reader, eventLog),
    ...usageRoutes(reader),
    traceRoute(reader),
    ...statsRoutes(reader),
    breakdownRoute(reader),
    pipelineRoute({ reader: deps.reader, eventLog: deps.eventLog }),
    ...threadRoutes(reader),
    ...projectRoutes(reader),
    ...evaluationRunRoutes(reader, eventLog, clock),
    ...evalResultsRoutes(reader),
    ...agentRoutes(reader),
    ...chatRoutes(reader),
    ...spanRoutes(reader, { eventLog, log: deps.eventLog }),
    ...completionRoutes({ ...deps, reader, eventLog, clock }),
    ...storageRoutes({ ...deps, garbage }),
    ...serviceRoutes(),
  ];
  return {
    routes: [
      ...(deps.webDir === undefined ? [] : webAppRoutes(deps.webDir)),
      { router: routerOf(routes, awaitFreshness) },
      docsRoute(),
      { router: plannedRouter() },
      { router: unservedRouter(SCORING_ROUTES, () => ONLINE_EVAL_OFF) },
    ],
    readiness: { clickhouse: createStoreCheck(deps.reader) },
    beside: deps.fileStorage?.store() ? garbageSchedule(garbage, deps) : [],
  };
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
  return async (req: Request, res: Response): Promise<void> => {
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

/** What this server has not, and what the scoring worker answers where there is one. */
function plannedRouter() {
  return unservedRouter(
    ROUTES.filter(({ planned }) => planned !== undefined),
    ({ planned }, req) => `${req.method} ${req.path} is not served: ${planned}`,
  );
}
