import { z } from 'zod';

const url = z.string().trim().min(1);
const secretName = z.string().trim().min(1);

const auth = z.discriminatedUnion('mode', [
  z.object({ mode: z.literal('static_bearer'), bearer_secret_name: secretName }),
  z.object({
    mode: z.literal('oauth_client_credentials'),
    token_endpoint_url: url,
    client_id: z.string().min(1),
    client_secret_name: secretName,
    scope: z.string().nullish(),
  }),
]);

/** W&B's RemoteScorer (weave/scorers/remote_scorer.py). Secrets are named, never there themselves. */
export const RemoteScorerObject = z.object({
  endpoint_url: url,
  /** Passed on as it is. */
  config: z.record(z.string(), z.unknown()).nullish(),
  auth_config: auth.nullish(),
});

export type RemoteScorerObject = z.output<typeof RemoteScorerObject>;
export type RemoteAuth = z.output<typeof auth>;
