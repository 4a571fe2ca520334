import { ConfigError, envBoolean, envSecret, type Secret } from '@weft/runtime';
import {
  createGuardedHttp,
  envAllowedHosts,
  envCidrs,
  type GuardedHttp,
  type GuardedHttpOptions,
} from '@weft/scoring';
import { z } from 'zod';

const MIN_KEY_CHARS = 16;

/** Webhooks of alerts. Without allowed hosts there are no alerts. */
export const alertsEnv = {
  /** `host` (its scheme's port), `host:port` or an origin. */
  WEFT_ALERTS_ALLOWED_HOSTS: envAllowedHosts(),
  /** Signs what webhooks are sent; at least 16 characters. */
  WEFT_ALERTS_SIGNING_KEY: envSecret().optional(),
  WEFT_ALERTS_ALLOW_INSECURE_HTTP: envBoolean(false),
  /** Addresses in these ranges are allowed although they are not public. */
  WEFT_ALERTS_ALLOWED_PRIVATE_CIDRS: envCidrs(),
};

const schema = z.object(alertsEnv);
export type AlertsConfig = z.output<typeof schema>;

/** How webhooks are asked. */
export interface Webhooks {
  readonly http: GuardedHttp;
  readonly key: Secret;
}

/** Undefined = there are no alerts. @throws ConfigError */
export function openWebhooks(
  config: AlertsConfig,
  options?: Omit<GuardedHttpOptions, 'policy'>,
): Webhooks | undefined {
  const allowedHosts = config.WEFT_ALERTS_ALLOWED_HOSTS;
  const key = config.WEFT_ALERTS_SIGNING_KEY;
  if (allowedHosts.length === 0) return undefined;
  if (key === undefined || key.reveal().length < MIN_KEY_CHARS) {
    const name = 'WEFT_ALERTS_SIGNING_KEY';
    const line = `${name}: must have at least ${MIN_KEY_CHARS} characters where WEFT_ALERTS_ALLOWED_HOSTS is set`;
    throw new ConfigError([line], [name]);
  }
  const policy = {
    allowedHosts,
    allowInsecureHttp: config.WEFT_ALERTS_ALLOW_INSECURE_HTTP,
    validateAddresses: true,
    allowedPrivateCidrs: config.WEFT_ALERTS_ALLOWED_PRIVATE_CIDRS,
  };
  return { http: createGuardedHttp({ ...options, policy }), key };
}
