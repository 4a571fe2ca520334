import { envBoolean, envSecret, envString } from '@weft/runtime';
import { z } from 'zod';
import { envAllowedHosts, envCidrs } from '../outgoing/env.ts';
import type { OutgoingPolicy } from '../outgoing/destinations.ts';

/** No request to anybody takes longer, so that a larger setting would promise what does not happen. */
const MAX_TIMEOUT_S = 60;

const seconds = envString({ default: '30' }).transform((text, context) => {
  const value = /^\s*\d{1,3}(\.\d{1,6})?\s*$/.test(text) ? Number(text) : NaN;
  if (value > 0 && value <= MAX_TIMEOUT_S) return value;
  context.addIssue({
    code: 'custom',
    message: `must be a number of seconds above 0, at most ${MAX_TIMEOUT_S}`,
  });
  return z.NEVER;
});

/** Scorers that are asked by HTTP. Names are W&B's; what decides on where requests go is the operator's alone. */
export const remoteScorerEnv = {
  WF_SCORING_WORKER_REMOTE_SCORING_ENABLED: envBoolean(false),
  /** Sent to scorers that name no secret of their own. */
  WF_SCORING_WORKER_REMOTE_SCORER_BEARER_TOKEN: envSecret().optional(),
  /** Of one request. */
  WF_SCORING_WORKER_REMOTE_HTTP_TIMEOUT_SECONDS: seconds,
  /** `host` (its scheme's port), `host:port` or an origin; empty = nobody is asked. */
  WF_SCORING_WORKER_REMOTE_SCORER_ALLOWED_HOSTS: envAllowedHosts(),
  /** False: names may lead to private addresses. */
  WF_SCORING_WORKER_REMOTE_SCORER_VALIDATE_HOSTS: envBoolean(true),
  WF_SCORING_WORKER_REMOTE_SCORER_ALLOW_INSECURE_HTTP: envBoolean(false),
  /** Addresses in these ranges are allowed although they are not public. */
  WF_SCORING_WORKER_REMOTE_SCORER_ALLOWED_PRIVATE_CIDRS: envCidrs(),
  /** False: results of calls may be any JSON, without tags and ratings. */
  WF_SCORING_WORKER_REMOTE_SCORER_REQUIRE_STRUCTURED_RESULT_SCHEMA: envBoolean(true),
  /**
   * Secrets that scorers may name: JSON object of names and `{"value": "…", "hosts": ["scores.example.com"]}`, sent to those
   * hosts only; read again when it changes. They are kept apart from keys of models, which must not go to scorers.
   */
  WEFT_REMOTE_SCORER_SECRETS_FILE: envString().optional(),
};

const schema = z.object(remoteScorerEnv);
export type RemoteScorerConfig = z.output<typeof schema>;

export function remotePolicy(config: RemoteScorerConfig): OutgoingPolicy {
  return {
    allowedHosts: config.WF_SCORING_WORKER_REMOTE_SCORER_ALLOWED_HOSTS,
    allowInsecureHttp: config.WF_SCORING_WORKER_REMOTE_SCORER_ALLOW_INSECURE_HTTP,
    validateAddresses: config.WF_SCORING_WORKER_REMOTE_SCORER_VALIDATE_HOSTS,
    allowedPrivateCidrs: config.WF_SCORING_WORKER_REMOTE_SCORER_ALLOWED_PRIVATE_CIDRS,
  };
}
