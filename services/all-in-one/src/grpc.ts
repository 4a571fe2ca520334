import { DEFAULT_GRPC_PORT, type Gateway, type GrpcServer } from '@weft/gateway';
import type { Intake } from '@weft/http';
import type { Logger } from '@weft/runtime';
import type { AllInOneConfig } from './config.ts';

/**
 * OTLP/gRPC on the port that was set; without one on the usual port, unless another process has that: then without gRPC,
 * for whoever did not ask for it does not want a server that does not start. @throws Error when a port that was set is taken.
 */
export async function openGrpc(
  gateway: Gateway,
  options: { readonly host: string; readonly config: AllInOneConfig; readonly logger: Logger },
  intake: Intake,
  usualPort = DEFAULT_GRPC_PORT,
): Promise<GrpcServer | undefined> {
  const { host, config, logger } = options;
  const { GATEWAY_OTLP_GRPC_PORT: wanted } = config;
  if (wanted === 'off') return undefined;
  const names = ['--host', 'GATEWAY_OTLP_GRPC_PORT'] as const;
  try {
    return await gateway.openGrpc({ host, port: wanted ?? usualPort, names }, intake);
  } catch (error) {
    if (wanted !== undefined || causeOf(error) !== 'EADDRINUSE') throw error;
    logger.warn(
      { host, port: usualPort },
      'no OTLP/gRPC: another process listens on its port. Choose one with GATEWAY_OTLP_GRPC_PORT (0 = a free one, off = none)',
    );
    return undefined;
  }
}

function causeOf(error: unknown): unknown {
  return ((error as Error | undefined)?.cause as NodeJS.ErrnoException | undefined)?.code;
}

export function addressOf({ host, port }: GrpcServer): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`;
}
