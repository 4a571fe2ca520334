/** Stock trace exporters of OpenTelemetry JS. What they complain of goes to stderr, one line each. */
import { diag, DiagLogLevel } from '@opentelemetry/api';
import { OTLPTraceExporter as GrpcExporter } from '@opentelemetry/exporter-trace-otlp-grpc';
import { OTLPTraceExporter as JsonExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { OTLPTraceExporter as ProtoExporter } from '@opentelemetry/exporter-trace-otlp-proto';

const complain = (...words) => console.error(words.map(String).join(' ').replaceAll('\n', ' '));
diag.setLogger({ error: complain, warn: complain, info() {}, debug() {}, verbose() {} }, DiagLogLevel.WARN);

/** `protocol` is `proto`, `json` or `grpc`; `endpoint` the traces URL, or host:port of gRPC; `compression` `gzip` or `none`. */
export async function openExporter({ protocol, endpoint, headers, compression }) {
  if (protocol === 'grpc') {
    const { credentials, Metadata } = await import('@grpc/grpc-js');
    const metadata = new Metadata();
    for (const [name, value] of Object.entries(headers)) metadata.set(name, value);
    const url = `http://${endpoint}`;
    return new GrpcExporter({ url, credentials: credentials.createInsecure(), metadata, compression });
  }
  const Exporter = protocol === 'proto' ? ProtoExporter : JsonExporter;
  return new Exporter({ url: endpoint, headers, compression });
}
