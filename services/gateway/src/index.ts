export { DEFAULT_GRPC_PORT, envPortOrOff, gatewayEnv, type GatewayConfig } from './config.ts';
export { createGateway, gatewayPathPatterns, type Gateway, type GatewayDeps } from './gateway.ts';
export type { GrpcServer } from './otlp/grpc/server.ts';
export type { RejectedEvent } from './ingest.ts';
