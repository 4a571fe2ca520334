/** Sends nested spans with a stock exporter. argv: protocol, endpoint, project, API key, compression; as of `openExporter`. */
import { context, SpanStatusCode, trace } from '@opentelemetry/api';
import { BatchSpanProcessor, NodeTracerProvider } from '@opentelemetry/sdk-trace-node';
import { openExporter } from './otel-exporter.mjs';

const [, , protocol, endpoint, project, key, compression] = process.argv;
const headers = {
  project_id: project,
  authorization: `Basic ${Buffer.from(`api:${key}`).toString('base64')}`,
};
const exporter = await openExporter({ protocol, endpoint, headers, compression });
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
// It says of a failed export by its promise, not in its diagnostics.
await provider.forceFlush().catch((errors) => console.error([errors].flat().map(String).join(' ')));
await provider.shutdown();
const { traceId, spanId } = root.spanContext();
console.log(JSON.stringify({ traceId, rootId: spanId, childId: child.spanContext().spanId }));
