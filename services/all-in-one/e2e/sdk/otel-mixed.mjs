/**
 * Sends one batch of two spans with a stock exporter: the resource of the first names its project, that of the second does
 * not, nor does a header. argv: protocol, endpoint, project, API key; as of `openExporter`. Prints the ids of the spans.
 */
import { resourceFromAttributes } from '@opentelemetry/resources';
import { BatchSpanProcessor, NodeTracerProvider } from '@opentelemetry/sdk-trace-node';
import { openExporter } from './otel-exporter.mjs';

const [, , protocol, endpoint, project, key] = process.argv;
const [entity, name] = project.split('/');
const headers = { 'wandb-api-key': key };
const exporter = await openExporter({ protocol, endpoint, headers, compression: 'gzip' });
const processor = new BatchSpanProcessor(exporter);
const ids = [{ 'wandb.entity': entity, 'wandb.project': name }, {}].map((attributes) => {
  const resource = resourceFromAttributes({ 'service.name': 'app', ...attributes });
  const provider = new NodeTracerProvider({ resource, spanProcessors: [processor] });
  const span = provider.getTracer('e2e').startSpan('work');
  span.end();
  return span.spanContext().spanId;
});
await processor.forceFlush();
await processor.shutdown();
console.log(JSON.stringify({ ids }));
