import {
  runService,
  type Logger,
  type Metrics,
  type ProcessPort,
  type RunningService,
  type Stoppable,
  type StartStep,
} from '@weft/runtime';
import {
  createHttpApp,
  drainLimits,
  MAX_IN_FLIGHT_BYTES,
  stopTimeoutMs,
  type DrainConfig,
  type HttpApp,
  type HttpLimits,
} from './app.ts';
import { createBodyBudget, type BodyBudget } from './body-budget.ts';
import type { Checks } from './health.ts';
import { assertBindable, createKeyring, type Keyring } from './keyring.ts';
import type { ListenAddress } from './listen-error.ts';
import { openProbes, type ProbesConfig } from './probes.ts';
import type { RouteGroup } from './router.ts';

/** What every server of one process shares. */
export interface Intake {
  readonly auth: Keyring;
  readonly budget: BodyBudget;
  /** How a server leaves. */
  readonly limits: Pick<HttpLimits, 'drainDelayMs' | 'stopTimeoutMs'>;
}

export interface Served {
  readonly routes: readonly RouteGroup[];
  readonly readiness?: Checks;
  readonly liveness?: Checks;
  /** Servers of other protocols: started before HTTP is served, stopped together with it. */
  readonly beside?: readonly StartStep[];
}

export interface HttpServiceOptions {
  readonly name: string;
  readonly config: DrainConfig & ProbesConfig & { readonly WEFT_KEYS_FILE?: string | undefined };
  readonly logger: Logger;
  readonly metrics: Metrics;
  /** Port 0 = a free one. */
  readonly address: ListenAddress;
  /** Started one after the other before anything is served, stopped after the last answer. */
  readonly backends: readonly StartStep[];
  /** What is served, asked once the backends are open. */
  readonly serve: (intake: Intake) => Served;
  /** False: nobody balances load over such processes, so that no time is spent on being noticed while stopping. */
  readonly isBalanced?: boolean;
  /** Requests are answered. Default: a line in the log. */
  readonly onReady?: (ready: { readonly url: string; readonly open: boolean }) => void;
  readonly process?: ProcessPort;
}

/**
 * A process that answers HTTP, from its start to its exit: the probe listener, the API keys, the backends, the server; in
 * reverse at the end. It fails at once, before any backend, when its address must not be listened on.
 */
export function runHttpService(options: HttpServiceOptions): RunningService {
  const { name, config, logger, metrics, address } = options;
  let keyring: Keyring;
  let served: Served | undefined;
  let app: HttpApp | undefined;

  const start: StartStep[] = [
    {
      name: 'probes',
      start: () =>
        openProbes({
          config,
          metrics,
          readiness: async () => app?.readiness() ?? { server: 'starting' },
          liveness: () => served?.liveness ?? {},
        }),
    },
    {
      name: 'keys',
      start: async () => (keyring = await createKeyring({ file: config.WEFT_KEYS_FILE, logger })),
    },
    { name: 'address', start: async () => assertBindable(address.host, keyring) },
    ...options.backends,
    {
      name: 'http',
      start: async (signal) => {
        const limits = { ...drainLimits(config), ...(options.isBalanced === false && { drainDelayMs: 0 }) };
        const budget = createBodyBudget(MAX_IN_FLIGHT_BYTES);
        const { beside = [], ...http } = options.serve({ auth: keyring, budget, limits });
        served = http;
        const listening = createHttpApp({ logger, metrics, auth: keyring, limits, budget, ...http });
        const others: Stoppable[] = [];
        const stop = async () => {
          await Promise.all([listening, ...others].map((server) => server.stop()));
        };
        try {
          for (const step of beside) others.push((await step.start(signal)) ?? { stop: async () => {} });
          const { url } = await listening.listen(address.host, address.port, address.names);
          app = listening;
          if (options.onReady === undefined) logger.info({ url, open: keyring.open }, `${name} is ready`);
          else options.onReady({ url, open: keyring.open });
        } catch (error) {
          await stop();
          throw error;
        }
        return { stop };
      },
    },
  ];
  return runService({
    name,
    logger,
    start,
    stopTimeoutMs: stopTimeoutMs(config),
    ...(options.process === undefined ? {} : { process: options.process }),
  });
}
