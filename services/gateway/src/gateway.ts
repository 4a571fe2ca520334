import { createContentLift, createContentStore, type ContentLift } from '@weft/content';
import type { EventLog } from '@weft/event-log';
import type { FileStorage } from '@weft/file-storage';
import { pathPatterns, type Intake, type ListenAddress, type RouteGroup } from '@weft/http';
import { createMetrics, type Logger, type Metrics } from '@weft/runtime';
import type { GatewayConfig } from './config.ts';
import { createIngest, type Ingest, type RejectedEvent } from './ingest.ts';
import { createOtlpExport, type OtlpExport } from './otlp/export.ts';
import { createGrpcMetrics } from './otlp/grpc/metrics.ts';
import { openGrpcServer, type GrpcServer } from './otlp/grpc/server.ts';
import { otlpMethods } from './otlp/grpc/services.ts';
import { otlpRoutes } from './otlp/http.ts';
import { callRoutes } from './routes/calls.ts';
import { costRoutes } from './routes/costs.ts';
import { fileRoutes } from './routes/files.ts';
import { graphqlRoutes } from './routes/graphql.ts';
import { objectRoutes } from './routes/objects.ts';
import { serviceRoutes } from './routes/service.ts';
import { tableRoutes } from './routes/tables.ts';

export interface GatewayDeps {
  readonly eventLog: EventLog;
  /** Where files go, and large payloads. Undefined: all of them ride the log. */
  readonly fileStorage?: FileStorage | undefined;
  /**
   * Keeps items of batches that were refused, for the operator (dead letters). Resolves when they are safe; the batch's
   * 2xx waits for it.
   */
  readonly quarantine: (rejected: readonly RejectedEvent[]) => Promise<void>;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly config: GatewayConfig;
}

export interface Gateway {
  /** For `createHttpApp`. */
  readonly routes: readonly RouteGroup[];
  /** OTLP/gRPC, beside HTTP. @throws Error that says what to do when the address cannot be listened on. */
  openGrpc(address: ListenAddress, intake: Intake): Promise<GrpcServer>;
}

/** HTTP in → events. Authenticates, frames, validates, appends; a 2xx means that the log has it durably. Knows no store. */
export function createGateway(deps: GatewayDeps): Gateway {
  const { config, logger, metrics } = deps;
  const ingest = createIngest({ ...deps, content: contentOf(deps) });
  const exportOtlp = createOtlpExport({ ingest, config, logger, metrics });
  const methods = otlpMethods(exportOtlp);
  const grpcMetrics = createGrpcMetrics(metrics);
  const maxMessageBytes = config.GATEWAY_OTLP_MAX_BODY_BYTES;
  return {
    routes: routesOf(deps, ingest, exportOtlp),
    openGrpc: (address, intake) =>
      openGrpcServer({ address, intake, methods, maxMessageBytes, logger, metrics: grpcMetrics }),
  };
}

function contentOf({ config, fileStorage, metrics }: GatewayDeps): ContentLift | undefined {
  if (!config.WEFT_EXTRACT_CONTENT) return undefined;
  const contents = metrics.counter({
    name: 'gateway_contents_total',
    help: 'Media found in inputs and outputs: made files (lifted), files already (known), or left there because the blob store was away',
    labels: ['result'],
  });
  const bytes = metrics.counter({ name: 'gateway_content_bytes_total', help: 'Bytes of lifted media' });
  return createContentLift({
    store: createContentStore(fileStorage),
    onContent: (result, sizeBytes) => {
      contents.inc({ result });
      if (result === 'lifted') bytes.inc(sizeBytes);
    },
  });
}

type RoutesDeps = Pick<GatewayDeps, 'config' | 'metrics' | 'fileStorage'>;

function routesOf(deps: RoutesDeps, ingest: Ingest, exportOtlp: OtlpExport): RouteGroup[] {
  const { config, metrics, fileStorage } = deps;
  return [
    ...otlpRoutes(exportOtlp, config),
    { router: callRoutes(ingest) },
    { router: objectRoutes(ingest) },
    { router: fileRoutes({ ingest, fileStorage, metrics, config }) },
    { router: tableRoutes(ingest) },
    { router: costRoutes(ingest) },
    { router: serviceRoutes() },
    { router: graphqlRoutes(config) },
  ];
}

/**
 * What of the public API the gateway serves, as its routes say: `*` stands for one segment, a `/**` at the end for everything
 * below; each also below `/traces`. A proxy sends these here and everything else to query, whose `/health`, `/readyz`
 * and `/metrics` are its own.
 */
export function gatewayPathPatterns(): string[] {
  // Only asked for its routes.
  const idle: Ingest = {
    append: async () => {},
    quarantine: async () => {},
    awaitStored: async () => {},
    nowUs: () => 0,
  };
  const config = {
    GATEWAY_OTLP_MAX_BODY_BYTES: 0,
    GATEWAY_CORS_ORIGINS: [],
    WEFT_EXTRACT_CONTENT: false,
    WEFT_MAX_FILE_BYTES: 0,
    WEFT_SPOOL_MAX_BYTES: 0,
  };
  const metrics = createMetrics('', { processMetrics: false });
  return pathPatterns(routesOf({ config, metrics }, idle, async () => Buffer.alloc(0)));
}
