import { envInt, envSecret, envString } from '@weft/runtime';
import { z } from 'zod';

const secret = () => envSecret().optional();

/** An http(s) address, kept without a slash at its end. */
const address = envString().transform((text, context) => {
  if (isAddress(text)) return text.replace(/\/+$/, '');
  context.addIssue({ code: 'custom', message: 'must be an http or https URL without a user or a query' });
  return z.NEVER;
});

function isAddress(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, username, password, search, hash } = new URL(text);
  return /^https?:$/.test(protocol) && username + password + search + hash === '';
}

const SERVER_NAME = /^[a-z0-9][a-z0-9_-]{0,63}$/;

/** `{"name": "http://…/v1"}`. */
const servers = envString({ default: '{}' }).transform((text, context) => {
  const wrong = (message: string) => {
    context.addIssue({ code: 'custom', message });
    return z.NEVER;
  };
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    return wrong('must be a JSON object of names and base URLs');
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed))
    return wrong('must be a JSON object of names and base URLs');
  const entries = Object.entries(parsed as Record<string, unknown>);
  for (const [name, url] of entries) {
    if (!SERVER_NAME.test(name)) return wrong('names must be lower-case letters, digits, "_" and "-"');
    if (typeof url !== 'string' || !isAddress(url)) return wrong(`${name}: must be an http or https URL`);
  }
  return new Map(entries.map(([name, url]) => [name, (url as string).replace(/\/+$/, '')]));
});

/**
 * Models behind this server. Keys have the names that W&B and the providers give them; those in the file win over those in
 * the environment. Addresses come from here only, never from a request.
 */
export const llmEnv = {
  /** JSON object of names and keys (`{"OPENAI_API_KEY": "…"}`); read again when it changes. */
  WEFT_LLM_SECRETS_FILE: envString().optional(),
  /** OpenAI-compatible servers of your own: JSON object of names and base URLs. `local/llama3` is the model `llama3` of the server `local`; its key, if any, is `LOCAL_API_KEY` in the secrets file. */
  WEFT_LLM_SERVERS: servers,
  /** Longest wait for an answer, also of one that is streamed. */
  WEFT_LLM_TIMEOUT_MS: envInt({ default: 120_000, min: 1, max: 3_600_000 }),
  /** Requests to models at a time; more are told to come again (429). */
  WEFT_LLM_MAX_CONCURRENT: envInt({ default: 32, min: 1, max: 10_000 }),
  OPENAI_API_KEY: secret(),
  OPENAI_BASE_URL: address.default('https://api.openai.com/v1'),
  ANTHROPIC_API_KEY: secret(),
  ANTHROPIC_BASE_URL: address.default('https://api.anthropic.com/v1'),
  GEMINI_API_KEY: secret(),
  GOOGLE_API_KEY: secret(),
  GEMINI_BASE_URL: address.default('https://generativelanguage.googleapis.com/v1beta'),
  AWS_ACCESS_KEY_ID: secret(),
  AWS_SECRET_ACCESS_KEY: secret(),
  AWS_SESSION_TOKEN: secret(),
  AWS_REGION_NAME: secret(),
  /** Default: the address of the region. */
  BEDROCK_BASE_URL: address.optional(),
  AZURE_API_KEY: secret(),
  AZURE_API_BASE: secret(),
  AZURE_API_VERSION: secret(),
  MISTRAL_API_KEY: secret(),
  XAI_API_KEY: secret(),
  GROQ_API_KEY: secret(),
  DEEPSEEK_API_KEY: secret(),
  TOGETHERAI_API_KEY: secret(),
  FIREWORKS_AI_API_KEY: secret(),
  OPENROUTER_API_KEY: secret(),
};

const schema = z.object(llmEnv);
export type LlmConfig = z.output<typeof schema>;
