import { resolve } from 'node:path';
import { createGateway } from '@weft/gateway';
import { runHttpService } from '@weft/http';
import { createQuery, garbageOptions } from '@weft/query';
import { background, createMetrics, type Logger, type ProcessPort, type RunningService } from '@weft/runtime';
import { createLlm } from '@weft/llm';
import { createScoringWorker, type ScoringWorker } from '@weft/scoring-worker';
import { createWriter, type Writer } from '@weft/writer';
import { blobStore, clickHouse, eventLog, jobQueue, tables } from './backends.ts';
import type { AllInOneConfig } from './config.ts';
import { addressOf, openGrpc } from './grpc.ts';
import { prepareDataDir } from './start-problems.ts';

export interface AllInOneOptions {
  readonly host: string;
  /** 0 = a free one. */
  readonly port: number;
  readonly dataDir: string;
  readonly config: AllInOneConfig;
  readonly logger: Logger;
  readonly process?: ProcessPort;
  /** Of the built web app; default: no pages but that of the API. */
  readonly webDir?: string | undefined;
  /** For tests: shorter than any that a setting or a request may ask for otherwise. */
  readonly minGarbageGraceMs?: number | undefined;
  /** Called once requests are answered. `grpc` is the address of OTLP/gRPC as host:port, undefined where it is off. */
  readonly onReady?: (address: { url: string; open: boolean; grpc: string | undefined }) => void;
}

/** Gateway, writer, query and, where it is asked for, scoring behind one port, on backends in the data directory or on those that the configuration names. */
export function runAllInOne(options: AllInOneOptions): RunningService {
  const { config, logger, host, port } = options;
  const metrics = createMetrics();
  const server = clickHouse(options);
  const blobs = blobStore(options, metrics);
  const store = tables(options, server, blobs);
  const log = eventLog(options);
  const queue = jobQueue(options);
  const llm = createLlm({ config, logger });
  let writer: Writer;
  let worker: ScoringWorker | undefined;
  let grpc: string | undefined;

  const scoring = {
    name: 'scoring worker',
    start: async () => {
      const { reader } = store.value;
      const backends = { eventLog: log.value, fileStorage: blobs.value, reader, queue: queue.value };
      const deps = { ...backends, llm, logger, metrics, config };
      worker = createScoringWorker(deps);
      return background(worker.run);
    },
  };

  return runHttpService({
    name: 'all-in-one',
    config,
    logger,
    metrics,
    address: { host, port, names: ['--host', '--port'] },
    backends: [
      { name: 'data directory', start: () => prepareDataDir(resolve(options.dataDir)) },
      server,
      blobs,
      store,
      log,
      {
        name: 'writer',
        start: async () => {
          const backends = { eventLog: log.value, fileStorage: blobs.value, store: store.value.writer };
          writer = createWriter({ ...backends, logger, metrics, config });
          return background((signal) => writer.run(signal));
        },
      },
      ...(config.WEAVE_ENABLE_ONLINE_EVAL ? [queue, scoring] : []),
    ],
    serve: (intake) => {
      const deps = { eventLog: log.value, fileStorage: blobs.value, logger, metrics };
      const quarantine = deps.eventLog.deadLetter.bind(deps.eventLog, 'trace-events', 'gateway');
      const gateway = createGateway({ ...deps, quarantine, config });
      const freshnessMaxWaitMs = config.QUERY_FRESHNESS_MAX_WAIT_MS;
      const query = createQuery({
        ...deps,
        reader: store.value.reader,
        llm,
        freshnessMaxWaitMs,
        webDir: options.webDir,
        garbage: { ...garbageOptions(config), minGraceMs: options.minGarbageGraceMs },
      });
      return {
        // Query says of what nobody serves before it that it is off.
        routes: [...gateway.routes, ...(worker?.routes ?? []), ...query.routes, ...writer.routes],
        // Not the job queue: what clients send is taken without it.
        readiness: { clickhouse: server.trouble, log: log.trouble },
        beside: [
          ...query.beside,
          {
            name: 'otlp/grpc',
            start: async () => {
              const opened = await openGrpc(gateway, options, intake);
              grpc = opened && addressOf(opened);
              return opened;
            },
          },
        ],
      };
    },
    ...(options.onReady === undefined
      ? {}
      : { onReady: (ready: { url: string; open: boolean }) => options.onReady?.({ ...ready, grpc }) }),
    ...(options.process === undefined ? {} : { process: options.process }),
  });
}
