import type { Signal } from '@weft/otlp';
import type { OtlpExport } from '../export.ts';
import { headerProjectOf } from '../project-header.ts';
import type { GrpcMethod } from './call.ts';

const SERVICES: readonly (readonly [path: string, signal: Signal])[] = [
  ['trace.v1.TraceService', 'traces'],
  ['logs.v1.LogsService', 'logs'],
  ['metrics.v1.MetricsService', 'metrics'],
];

/** OTLP/gRPC: the services of `opentelemetry.proto.collector`. */
export function otlpMethods(exportOtlp: OtlpExport): ReadonlyMap<string, GrpcMethod> {
  return new Map(
    SERVICES.map(([service, signal]) => [
      `/opentelemetry.proto.collector.${service}/Export`,
      ({ message, metadata, principal }) =>
        exportOtlp({
          signal,
          encoding: 'protobuf',
          body: message,
          headerProject: headerProjectOf(metadata),
          principal,
        }),
    ]),
  );
}
