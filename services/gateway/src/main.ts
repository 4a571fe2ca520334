import { openKafkaEventLog } from '@weft/event-log';
import { openFileStorage } from '@weft/file-storage';
import { runHttpService } from '@weft/http';
import { backend, createLogger, createMetrics } from '@weft/runtime';
import { loadGatewayConfig } from './config.ts';
import { createGateway } from './gateway.ts';

const config = loadGatewayConfig();
const logger = createLogger({ name: 'gateway' });
const metrics = createMetrics();
const fileStorage = openFileStorage({ config, logger, metrics });

const kafka = backend({
  name: 'event log',
  awaited: { what: 'Kafka (KAFKA_BROKERS)', timeoutMs: config.WEFT_START_TIMEOUT_MS },
  logger,
  open: (onFatal) => openKafkaEventLog({ config, clientId: 'weft-gateway', logger, waitMs: 0, onFatal }),
});

runHttpService({
  name: 'gateway',
  config,
  logger,
  metrics,
  address: { host: config.GATEWAY_HOST, port: config.GATEWAY_PORT, names: ['GATEWAY_HOST', 'GATEWAY_PORT'] },
  backends: [kafka, backend({ name: 'blob store', logger, open: async () => fileStorage })],
  serve: (intake) => {
    const eventLog = kafka.value;
    const quarantine = eventLog.deadLetter.bind(eventLog, 'trace-events', 'gateway');
    const gateway = createGateway({ eventLog, fileStorage, quarantine, logger, metrics, config });
    const { GATEWAY_HOST: host, GATEWAY_OTLP_GRPC_PORT: port } = config;
    const names = ['GATEWAY_HOST', 'GATEWAY_OTLP_GRPC_PORT'] as const;
    return {
      routes: gateway.routes,
      readiness: { log: () => eventLog.unavailable() },
      beside:
        port === 'off'
          ? []
          : [{ name: 'otlp/grpc', start: () => gateway.openGrpc({ host, port, names }, intake) }],
    };
  },
});
