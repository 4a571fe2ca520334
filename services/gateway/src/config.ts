import { parseProjectId } from '@weft/model';
import { contentEnv } from '@weft/content';
import { kafkaEnv } from '@weft/event-log';
import { fileStorageEnv } from '@weft/file-storage';
import { drainEnv, keyringEnv, probesEnv } from '@weft/http';
import { envInt, envString, loadConfig, startEnv } from '@weft/runtime';
import { z } from 'zod';

/** A port, where 0 is a free one; or `off`. */
export function envPortOrOff(): z.ZodType<number | 'off'> {
  return z.string().transform((text, context) => {
    if (text.trim().toLowerCase() === 'off') return 'off' as const;
    if (/^\d{1,5}$/.test(text) && Number(text) <= 65_535) return Number(text);
    context.addIssue({ code: 'custom', message: 'must be "off" or an integer from 0 to 65535' });
    return z.NEVER;
  });
}

/** The port that exporters of OTLP/gRPC take when nobody tells them one. */
export const DEFAULT_GRPC_PORT = 4317;

const ORIGIN = /^https?:\/\/[^/\s,]+$/;

/** Origins as browsers write them, or `*`. */
function envOrigins(): z.ZodType<readonly string[]> {
  return z
    .string()
    .transform((text, context) => {
      const origins = text
        .split(',')
        .map((part) => part.trim())
        .filter((part) => part !== '');
      if (origins.every((origin) => origin === '*' || ORIGIN.test(origin))) return origins;
      context.addIssue({ code: 'custom', message: 'must be "*" or origins such as https://app.example.com' });
      return z.NEVER;
    })
    .default([]);
}

function envProject(): z.ZodType<string> {
  return z.string().transform((text, context) => {
    try {
      return parseProjectId(text.trim());
    } catch {
      context.addIssue({ code: 'custom', message: 'must be a project as entity/project' });
      return z.NEVER;
    }
  });
}

export const gatewayEnv = {
  ...contentEnv,
  /** Entity that SDKs put before a bare project name. Default: the key's user, or `local` without keys. */
  WEFT_DEFAULT_ENTITY: envString().optional(),
  /** Largest OTLP request body, as sent and as decoded. */
  GATEWAY_OTLP_MAX_BODY_BYTES: envInt({ default: 64 * 1024 * 1024, min: 1024, max: 256 * 1024 * 1024 }),
  /** Largest file of a project whose files go to the blob store; of others 32 MiB, because they ride the log. */
  WEFT_MAX_FILE_BYTES: envInt({ default: 1024 ** 3, min: 1024, max: 1024 ** 4 }),
  /** Of all uploads that are received at one time: bytes in the directory for temporary files (TMPDIR). */
  WEFT_SPOOL_MAX_BYTES: envInt({ default: 8 * 1024 ** 3, min: 1024 ** 2, max: 1024 ** 4 }),
  /** Of OTLP/gRPC, on the host of the HTTP port. */
  GATEWAY_OTLP_GRPC_PORT: envPortOrOff().default(DEFAULT_GRPC_PORT),
  /** Web pages that may send OTLP; default none. */
  GATEWAY_CORS_ORIGINS: envOrigins(),
  /**
   * Where OTLP data goes that names no project, when the key is not limited to one either. Unset: it is refused, with a
   * word on how to name one. A default that nobody chose would mix the traces of all who forgot.
   */
  WEFT_DEFAULT_PROJECT: envProject().optional(),
};

export interface GatewayConfig {
  readonly WEFT_DEFAULT_ENTITY?: string | undefined;
  readonly WEFT_DEFAULT_PROJECT?: string | undefined;
  readonly GATEWAY_OTLP_MAX_BODY_BYTES: number;
  readonly WEFT_MAX_FILE_BYTES: number;
  readonly WEFT_SPOOL_MAX_BYTES: number;
  readonly GATEWAY_CORS_ORIGINS: readonly string[];
  readonly WEFT_EXTRACT_CONTENT: boolean;
}

const schema = z.object({
  ...startEnv,
  ...drainEnv,
  ...probesEnv,
  ...keyringEnv,
  ...kafkaEnv,
  ...fileStorageEnv,
  ...gatewayEnv,
  GATEWAY_HOST: envString({ default: '127.0.0.1' }),
  GATEWAY_PORT: envInt({ default: 6345, max: 65_535 }),
});

/** Of the gateway as a process of its own. @throws ConfigError naming the variables. */
export function loadGatewayConfig(env?: NodeJS.ProcessEnv): z.output<typeof schema> {
  return loadConfig(schema, env);
}
