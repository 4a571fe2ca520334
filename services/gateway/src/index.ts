export { gatewayEnv, type GatewayConfig } from './config.ts';
export { createGateway, type Gateway, type GatewayDeps } from './gateway.ts';
export type { RejectedEvent } from './ingest.ts';
