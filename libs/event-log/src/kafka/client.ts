import { readFileSync } from 'node:fs';
import { AppError } from '@weft/model';
import kafkajs, { type Kafka, type KafkaConfig as ClientConfig } from 'kafkajs';
import type { LogSink } from '../log-sink.ts';
import { clientLog } from './client-log.ts';
import { registerCodecs } from './codecs.ts';
import type { KafkaConfig } from './env.ts';

const CONNECT_TIMEOUT_MS = 2000;

export interface ClientOptions {
  readonly config: KafkaConfig;
  readonly clientId: string;
  readonly logger: LogSink;
}

/** How long one request may take and how often the client repeats it by itself. */
export interface Patience {
  readonly requestTimeoutMs: number;
  readonly retries: number;
}

/**
 * Creates a client; connects to nothing. Consumers must not share one: it keeps the offsets of a group once for all of them.
 * @throws AppError `internal` if a certificate file can't be read.
 */
export function createClient({ config, clientId, logger }: ClientOptions, patience: Patience): Kafka {
  registerCodecs();
  return new kafkajs.Kafka({
    ...connectionOf(config),
    clientId,
    connectionTimeout: CONNECT_TIMEOUT_MS,
    requestTimeout: patience.requestTimeoutMs,
    retry: { initialRetryTime: 100, maxRetryTime: 500, retries: patience.retries },
    logLevel: kafkajs.logLevel.WARN,
    logCreator: clientLog(logger),
  });
}

/** Where the brokers are and how they are spoken to. */
export function connectionOf(config: KafkaConfig): Pick<ClientConfig, 'brokers' | 'ssl' | 'sasl'> {
  const brokers = config.KAFKA_BROKERS ?? [`${config.KAFKA_BROKER_HOST}:${config.KAFKA_BROKER_PORT}`];
  const ssl = tlsOf(config);
  const sasl = saslOf(config);
  return { brokers, ...(ssl === undefined ? {} : { ssl }), ...(sasl === undefined ? {} : { sasl }) };
}

function saslOf(config: KafkaConfig): ClientConfig['sasl'] {
  const { KAFKA_CLIENT_USER: username, KAFKA_CLIENT_PASSWORD: secret } = config;
  if (username === undefined) return undefined;
  const password = secret?.reveal() ?? '';
  return { mechanism: config.KAFKA_SASL_MECHANISM, username, password } as ClientConfig['sasl'];
}

function tlsOf(config: KafkaConfig): ClientConfig['ssl'] {
  if (!config.KAFKA_TLS) return undefined;
  const ca = read('KAFKA_TLS_CA_FILE', config.KAFKA_TLS_CA_FILE);
  const cert = read('KAFKA_TLS_CERT_FILE', config.KAFKA_TLS_CERT_FILE);
  const key = read('KAFKA_TLS_KEY_FILE', config.KAFKA_TLS_KEY_FILE);
  return {
    ...(ca === undefined ? {} : { ca: [ca] }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
  };
}

function read(variable: string, path: string | undefined): string | undefined {
  if (path === undefined) return undefined;
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new AppError('internal', `${variable}: ${(error as Error).message}`, { cause: error });
  }
}
