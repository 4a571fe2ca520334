import { join, resolve } from 'node:path';
import { openEmbeddedClickHouse } from '@weft/embedded-clickhouse';
import { openEmbeddedEventLog, type EventLog } from '@weft/event-log';
import { createGateway } from '@weft/gateway';
import { assertBindable, createHttpApp, createKeyring, type Keyring } from '@weft/http';
import { createQuery } from '@weft/query';
import {
  createMetrics,
  runService,
  type Logger,
  type ProcessPort,
  type RunningService,
  type StartStep,
  type Stoppable,
} from '@weft/runtime';
import {
  migrate,
  openTraceReader,
  openTraceWriter,
  storeOptions,
  type StoreOptions,
  type TraceReader,
} from '@weft/trace-store';
import { createWriter, WRITER_GROUP } from '@weft/writer';
import type { AllInOneConfig } from './config.ts';
import { explainListenError, prepareDataDir } from './start-problems.ts';

export interface AllInOneOptions {
  readonly host: string;
  /** 0 = a free one. */
  readonly port: number;
  readonly dataDir: string;
  readonly config: AllInOneConfig;
  readonly logger: Logger;
  readonly process?: ProcessPort;
  /** Called once requests are answered. */
  readonly onReady?: (address: { url: string; open: boolean }) => void;
}

/** Gateway, writer and query behind one port, on an embedded log and (unless one is configured) an embedded ClickHouse. */
export function runAllInOne(options: AllInOneOptions): RunningService {
  const { config, logger, dataDir } = options;
  const metrics = createMetrics();
  let store: { reader: StoreOptions; writer: StoreOptions };
  let eventLog: EventLog;
  let reader: TraceReader;
  let keyring: Keyring;
  let engineState = 'running';

  const start: StartStep[] = [
    { name: 'data directory', start: () => prepareDataDir(resolve(dataDir)) },
    {
      name: 'keys',
      start: async () => (keyring = await createKeyring({ file: config.WEFT_KEYS_FILE, logger })),
    },
    // The app would refuse too, but only after everything else has been started.
    { name: 'address', start: async () => assertBindable(options.host, keyring) },
    {
      name: 'clickhouse',
      start: async () => {
        if (config.WF_CLICKHOUSE_HOST !== undefined) {
          const given = storeOptions({ ...config, WF_CLICKHOUSE_HOST: config.WF_CLICKHOUSE_HOST });
          store = { reader: given, writer: given };
          return;
        }
        const engine = await openEmbeddedClickHouse({
          dataDir: join(dataDir, 'clickhouse'),
          logger,
          onStateChange: (state) => (engineState = state),
        });
        const { url, database } = engine;
        store = { reader: { url, database, ...engine.reader }, writer: { url, database, ...engine.writer } };
        return engine;
      },
    },
    { name: 'migrations', start: () => migrate(store.writer) },
    {
      name: 'event log',
      start: async () => {
        let fail: (error: unknown) => void;
        const done = new Promise<never>((_, reject) => (fail = reject));
        eventLog = await openEmbeddedEventLog({
          dir: join(dataDir, 'log'),
          groups: { 'trace-events': [WRITER_GROUP] },
          logger,
          config,
          onFatal: (error) => fail(error),
        });
        return { stop: () => eventLog.close(), done };
      },
    },
    {
      name: 'writer',
      start: async () => {
        const rows = openTraceWriter({
          ...store.writer,
          onSweepError: (err) => logger.warn({ err }, 'could not sweep superseded rows: trying again later'),
        });
        return background(
          (signal) => createWriter({ eventLog, store: rows, logger, metrics, config }).run(signal),
          () => rows.close(),
        );
      },
    },
    {
      name: 'http',
      start: async () => {
        reader = openTraceReader(store.reader);
        const gateway = createGateway({
          eventLog,
          quarantine: (rejected) => eventLog.deadLetter('trace-events', 'gateway', rejected),
          logger,
          metrics,
          config,
        });
        const query = createQuery({
          eventLog,
          reader,
          logger,
          metrics,
          freshnessMaxWaitMs: config.QUERY_FRESHNESS_MAX_WAIT_MS,
        });
        const app = createHttpApp({
          logger,
          metrics,
          auth: keyring,
          readiness: {
            clickhouse: () => (engineState === 'running' ? undefined : `the engine is ${engineState}`),
          },
          routes: [...gateway.routes, ...query.routes],
        });
        const { host, port } = await app.listen(options.host, options.port).catch((error: unknown) => {
          throw explainListenError(error, options.host, options.port);
        });
        options.onReady?.({
          url: `http://${host.includes(':') ? `[${host}]` : host}:${port}`,
          open: keyring.open,
        });
        return {
          stop: async () => {
            await app.stop();
            await reader.close();
          },
        };
      },
    },
  ];
  return runService({
    name: 'all-in-one',
    logger,
    start,
    ...(options.process === undefined ? {} : { process: options.process }),
  });
}

/** Something that runs until it is told to stop; its failure is the process's. */
function background(run: (signal: AbortSignal) => Promise<void>, close: () => Promise<void>): Stoppable {
  const controller = new AbortController();
  const done = run(controller.signal);
  return {
    done,
    stop: async () => {
      controller.abort();
      await done.catch(() => undefined);
      await close();
    },
  };
}
