import { context, trace } from '@opentelemetry/api';
import { SeverityNumber, type Logger } from '@opentelemetry/api-logs';
import { OTLPLogExporter as GrpcLogExporter } from '@opentelemetry/exporter-logs-otlp-grpc';
import { OTLPLogExporter } from '@opentelemetry/exporter-logs-otlp-proto';
import { OTLPTraceExporter as GrpcTraceExporter } from '@opentelemetry/exporter-trace-otlp-grpc';
import { OTLPTraceExporter as JsonTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { BatchLogRecordProcessor, LoggerProvider, type LogRecordExporter, type ReadableLogRecord } from '@opentelemetry/sdk-logs'; // prettier-ignore
import { BatchSpanProcessor, NodeTracerProvider, type ReadableSpan, type SpanExporter } from '@opentelemetry/sdk-trace-node'; // prettier-ignore
import type { Outcome } from './oracle.ts';
import {
  agentAttributes,
  makeTalk,
  sentRecord,
  sentSpan,
  spanKey,
  type Sent,
  type Talk,
} from './otel-talk.ts';

export type Protocol = 'http/protobuf' | 'http/json' | 'grpc';

export interface ExporterOptions {
  readonly protocol: Protocol;
  /** Of HTTP without a path; of gRPC `http://host:port`. */
  readonly endpoint: string;
  readonly project: string;
  readonly random: () => number;
  readonly told: (sent: readonly Sent[], outcome: Outcome) => void;
}

/** Of one export with all its retries; the SDK itself makes six attempts in about 13 s. */
const TIMEOUT_MS = 60_000;
/** Spans and records that wait to be sent, above which an application makes no more. */
const MAX_WAITING = 500;
/** More than there ever are of batches of what waits: the SDK sends all of them at once where it is told to end. */
const CONCURRENCY = 100;
/** Of giving an export to the exporter again, after the load is over: longer than the longest outage. */
const PATIENCE_MS = 120_000;
const BATCH = { scheduledDelayMillis: 200, maxQueueSize: 100_000, maxExportBatchSize: 64, exportTimeoutMillis: 600_000 }; // prettier-ignore

/** An application with the stock OpenTelemetry SDK: spans and log records in its batches, retried as its exporter does. */
export async function runExporter(options: ExporterOptions, signal: AbortSignal): Promise<void> {
  const { random } = options;
  const [entity, project] = options.project.split('/');
  const resource = resourceFromAttributes({ 'wandb.entity': entity!, 'wandb.project': project! });
  /** Of what is not acknowledged yet. */
  const journal = new Map<string, Sent>();
  const { spans, logs } = exportersOf(options);
  const isPatient = untilLater(signal);
  const spanExporter: SpanExporter = {
    export: patiently(spans, journal, options, isPatient, (span: ReadableSpan) => spanKey(span.spanContext().traceId, span.spanContext().spanId)), // prettier-ignore
    shutdown: () => spans.shutdown(),
  };
  const logExporter: LogRecordExporter = {
    export: patiently(logs, journal, options, isPatient, ({ attributes }: ReadableLogRecord) => String(attributes[MARK])), // prettier-ignore
    forceFlush: async () => undefined,
    shutdown: () => logs.shutdown(),
  };
  const tracing = new NodeTracerProvider({ resource, spanProcessors: [new BatchSpanProcessor(spanExporter, BATCH)] }); // prettier-ignore
  const logging = new LoggerProvider({ resource, processors: [new BatchLogRecordProcessor({ exporter: logExporter, ...BATCH })] }); // prettier-ignore
  const tracer = tracing.getTracer('chaos');
  const logger = logging.getLogger('chaos');

  while (!signal.aborted) {
    if (journal.size > MAX_WAITING) {
      await pause(50);
      continue;
    }
    const startTime = Date.now();
    const talks = Array.from({ length: 1 + Math.floor(random() * 4) }, (_, i) =>
      makeTalk(random, BigInt(startTime + i) * 1_000_000n),
    );
    const root = tracer.startSpan('invoke_agent', { attributes: agentAttributes(talks), startTime });
    const { traceId, spanId: rootId } = root.spanContext();
    journal.set(spanKey(traceId, rootId), sentSpan(spanKey(traceId, rootId), null, {}));
    const under = trace.setSpan(context.active(), root);
    for (const talk of talks) {
      const span = tracer.startSpan('chat', { attributes: talk.attributes, startTime }, under);
      const key = spanKey(traceId, span.spanContext().spanId);
      journal.set(key, sentSpan(key, rootId, talk));
      // Records of a stream go before its span ends, often in an export before the span's.
      for (const [i, record] of talk.records.entries()) {
        journal.set(`${key}#${i}`, sentRecord(key, record));
        emit(logger, `${key}#${i}`, record, trace.setSpan(under, span));
        if (random() < 0.1) await pause(random() * 300);
      }
      span.end();
    }
    root.end();
    await pause(random() * 150);
  }
  await Promise.all([tracing.forceFlush(), logging.forceFlush({ timeoutMillis: PATIENCE_MS })]);
  await Promise.all([tracing.shutdown(), logging.shutdown()]);
}

/** Where the journal finds a record again. */
const MARK = 'chaos.record';

function emit(logger: Logger, mark: string, record: Talk['records'][number], within: ReturnType<typeof context.active>): void {
  const { name, body, attributes, timeNs } = record;
  logger.emit({
    eventName: name,
    severityNumber: SeverityNumber.INFO,
    timestamp: [Number(timeNs / 1_000_000_000n), Number(timeNs % 1_000_000_000n)],
    ...(body !== undefined && { body: body as { [key: string]: string } }),
    attributes: { ...attributes, [MARK]: mark },
    context: within,
  });
} // prettier-ignore

function exportersOf({ protocol, endpoint }: ExporterOptions) {
  if (protocol === 'grpc') {
    const options = { url: endpoint, timeoutMillis: TIMEOUT_MS, concurrencyLimit: CONCURRENCY };
    return { spans: new GrpcTraceExporter(options), logs: new GrpcLogExporter(options) };
  }
  const Traces = protocol === 'http/json' ? JsonTraceExporter : OTLPTraceExporter;
  return {
    spans: new Traces({
      url: `${endpoint}/otel/v1/traces`,
      timeoutMillis: TIMEOUT_MS,
      concurrencyLimit: CONCURRENCY,
    }),
    logs: new OTLPLogExporter({
      url: `${endpoint}/otel/v1/logs`,
      timeoutMillis: TIMEOUT_MS,
      concurrencyLimit: CONCURRENCY,
    }),
  };
}

interface Result {
  readonly code: number;
  readonly error?: Error;
}

type Export<T> = (items: T[], done: (result: Result) => void) => void;

/** Gives a batch that the exporter gave up to it again: kills come faster than anybody's retries are spread. */
function patiently<T>(
  inner: { export: Export<T> },
  journal: Map<string, Sent>,
  { told }: ExporterOptions,
  isPatient: () => boolean,
  keyOf: (item: T) => string,
): Export<T> {
  const attempt: Export<T> = (items, done) =>
    inner.export(items, (result) => {
      const isDone = result.code === 0;
      told(items.flatMap((item) => journal.get(keyOf(item)) ?? []), isDone ? 'ok' : 'unknown'); // prettier-ignore
      if (isDone) for (const item of items) journal.delete(keyOf(item));
      if (isDone || !isPatient()) done(result);
      else setTimeout(() => attempt(items, done), 200);
    });
  return attempt;
}

function untilLater(signal: AbortSignal): () => boolean {
  let until = Infinity;
  signal.addEventListener('abort', () => (until = Date.now() + PATIENCE_MS), { once: true });
  return () => Date.now() < until;
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
