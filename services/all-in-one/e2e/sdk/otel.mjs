/** Sends nested spans with a stock OpenTelemetry exporter. argv: `proto` or `json`, the traces URL, project, API key. */
import { context, SpanStatusCode, trace } from '@opentelemetry/api';
import { OTLPTraceExporter as JsonExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { OTLPTraceExporter as ProtoExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import { BatchSpanProcessor, NodeTracerProvider } from '@opentelemetry/sdk-trace-node';

const [, , encoding, url, project, key] = process.argv;
const Exporter = encoding === 'proto' ? ProtoExporter : JsonExporter;
const exporter = new Exporter({
  url,
  compression: encoding === 'proto' ? 'gzip' : 'none',
  headers: { project_id: project, authorization: `Basic ${Buffer.from(`api:${key}`).toString('base64')}` },
});
const provider = new NodeTracerProvider({ spanProcessors: [new BatchSpanProcessor(exporter)] });
const tracer = provider.getTracer('e2e');

const root = tracer.startSpan('agent', {
  attributes: { 'input.value': 'what is 2+2?', 'output.value': '4', 'user.id': 'ada' },
});
const child = tracer.startSpan(
  'chat gpt-local',
  {
    attributes: {
      'gen_ai.operation.name': 'chat',
      'gen_ai.request.model': 'gpt-local',
      'gen_ai.system': 'openai',
      'gen_ai.usage.input_tokens': 7,
      'gen_ai.usage.output_tokens': 2,
    },
  },
  trace.setSpan(context.active(), root),
);
child.setStatus({ code: SpanStatusCode.ERROR, message: 'rate limited' });
child.end();
root.end();
await provider.forceFlush();
await provider.shutdown();
const { traceId, spanId } = root.spanContext();
console.log(JSON.stringify({ traceId, rootId: spanId, childId: child.spanContext().spanId }));
