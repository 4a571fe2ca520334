/**
 * Sends a span and a log record with content of it, as an instrumentation does that keeps messages out of spans. argv:
 * `grpc` or `proto`, the base (host:port, or a URL), project, API key. Prints the ids and what the exporters complained of.
 */
import { diag, DiagLogLevel, trace } from '@opentelemetry/api';
import { OTLPLogExporter as GrpcLogs } from '@opentelemetry/exporter-logs-otlp-grpc';
import { OTLPLogExporter as ProtoLogs } from '@opentelemetry/exporter-logs-otlp-proto';
import { OTLPTraceExporter as GrpcTraces } from '@opentelemetry/exporter-trace-otlp-grpc';
import { OTLPTraceExporter as ProtoTraces } from '@opentelemetry/exporter-trace-otlp-proto';
import { BatchLogRecordProcessor, LoggerProvider } from '@opentelemetry/sdk-logs';
import { BatchSpanProcessor, NodeTracerProvider } from '@opentelemetry/sdk-trace-node';

const [, , protocol, base, project, key] = process.argv;
const complaints = [];
const complain = (...words) => void complaints.push(words.map(String).join(' '));
diag.setLogger({ error: complain, warn: complain, info() {}, debug() {}, verbose() {} }, DiagLogLevel.WARN);

const headers = { project_id: project, 'wandb-api-key': key };
async function optionsOf(path) {
  if (protocol === 'proto') return { url: `${base}${path}`, headers, compression: 'gzip' };
  const { Metadata, credentials } = await import('@grpc/grpc-js');
  const metadata = new Metadata();
  for (const [name, value] of Object.entries(headers)) metadata.set(name, value);
  return { url: `http://${base}`, credentials: credentials.createInsecure(), metadata, compression: 'gzip' };
}
const [Traces, Logs] = protocol === 'grpc' ? [GrpcTraces, GrpcLogs] : [ProtoTraces, ProtoLogs];
const traces = new NodeTracerProvider({
  spanProcessors: [new BatchSpanProcessor(new Traces(await optionsOf('/otel/v1/traces')))],
});
const logs = new LoggerProvider({
  processors: [new BatchLogRecordProcessor({ exporter: new Logs(await optionsOf('/otel/v1/logs')) })],
});

const span = traces.getTracer('e2e').startSpan('chat gpt-local', {
  attributes: {
    'gen_ai.operation.name': 'chat',
    'gen_ai.request.model': 'gpt-local',
    'gen_ai.system': 'openai',
  },
});
const context = trace.setSpan((await import('@opentelemetry/api')).ROOT_CONTEXT, span);
const logger = logs.getLogger('e2e');
const say = (eventName, body) =>
  logger.emit({ eventName, body, context, attributes: { 'gen_ai.system': 'openai' } });
say('gen_ai.user.message', { role: 'user', content: 'what is 2+2?' });
say('gen_ai.choice', { index: 0, finish_reason: 'stop', message: { role: 'assistant', content: 'it is 4' } });
span.end();
for (const provider of [logs, traces]) {
  await provider.forceFlush();
  await provider.shutdown();
}
const { traceId, spanId } = span.spanContext();
console.log(JSON.stringify({ traceId, spanId, complaints }));
