import { envInt, envString } from '@weft/runtime';

export const gatewayEnv = {
  /** Entity that SDKs put before a bare project name. Default: the key's user, or `local` without keys. */
  WEFT_DEFAULT_ENTITY: envString().optional(),
  /** Largest OTLP request body, as sent and as decoded. */
  GATEWAY_OTLP_MAX_BODY_BYTES: envInt({ default: 64 * 1024 * 1024, min: 1024, max: 256 * 1024 * 1024 }),
};

export interface GatewayConfig {
  readonly WEFT_DEFAULT_ENTITY?: string | undefined;
  readonly GATEWAY_OTLP_MAX_BODY_BYTES: number;
}
