import { createAmazonBedrock } from '@ai-sdk/amazon-bedrock';
import { createAnthropic } from '@ai-sdk/anthropic';
import { createGoogleGenerativeAI } from '@ai-sdk/google';
import { createOpenAICompatible } from '@ai-sdk/openai-compatible';
import type { LanguageModelV3 } from '@ai-sdk/provider';
import { AppError } from '@weft/model';
import type { Secret } from '@weft/runtime';
import type { ChatRequest } from './chat.ts';
import { LlmError } from './errors.ts';
import type { Secrets } from './secrets.ts';
import type { LlmConfig } from './settings.ts';

/** A model that can be asked. */
export interface Model {
  /** `openai`: requests and answers go through as they are. */
  readonly wire: 'openai' | 'other';
  readonly model: LanguageModelV3;
  readonly provider: string;
  /** What must not be seen in messages. */
  readonly secrets: readonly Secret[];
}

/** What models are opened with. */
export interface Doors {
  readonly config: LlmConfig;
  readonly secrets: Secrets;
  /** How they are asked. */
  readonly fetch: typeof fetch;
}

/** Servers that speak OpenAI's wire, by the prefix of their models: `groq/llama-3.3-70b`. */
const OPENAI_WIRE: ReadonlyMap<string, { readonly url: string; readonly key: string }> = new Map([
  ['mistral', { url: 'https://api.mistral.ai/v1', key: 'MISTRAL_API_KEY' }],
  ['xai', { url: 'https://api.x.ai/v1', key: 'XAI_API_KEY' }],
  ['groq', { url: 'https://api.groq.com/openai/v1', key: 'GROQ_API_KEY' }],
  ['deepseek', { url: 'https://api.deepseek.com/v1', key: 'DEEPSEEK_API_KEY' }],
  ['together_ai', { url: 'https://api.together.xyz/v1', key: 'TOGETHERAI_API_KEY' }],
  ['fireworks_ai', { url: 'https://api.fireworks.ai/inference/v1', key: 'FIREWORKS_AI_API_KEY' }],
  ['openrouter', { url: 'https://openrouter.ai/api/v1', key: 'OPENROUTER_API_KEY' }],
]);

/** Names without a prefix that are not OpenAI's. */
const BEDROCK_NAME = /^(?:(?:us|eu|apac|global)\.)?(?:anthropic|amazon|meta|mistral|cohere|ai21|deepseek)\./;

/**
 * Finds the model of a request by its name, as litellm and so W&B's server name them.
 * @throws AppError `invalid_request` with `api_key` for a key that is not set; LlmError for a name nobody knows.
 */
export async function openModel({ config, secrets, fetch }: Doors, request: ChatRequest): Promise<Model> {
  const { prefix, name } = splitName(request.model, config);
  const required = async (...names: readonly [string, ...string[]]): Promise<Secret> => {
    for (const each of names) {
      const secret = await secrets(each);
      if (secret !== undefined) return secret;
    }
    throw new AppError('invalid_request', `No API key ${names[0]} found for model ${request.model}`, {
      details: { api_key: names[0] },
    });
  };
  switch (prefix) {
    case 'openai': {
      const key = await required('OPENAI_API_KEY');
      return openAiWire({ provider: prefix, name, url: config.OPENAI_BASE_URL, key, fetch }, request);
    }
    case 'azure': {
      const [key, base, version] = [
        await required('AZURE_API_KEY'),
        await required('AZURE_API_BASE'),
        await required('AZURE_API_VERSION'),
      ];
      const url = `${base.reveal().replace(/\/+$/, '')}/openai/deployments/${encodeURIComponent(name)}`;
      const queryParams = { 'api-version': version.reveal() };
      return openAiWire(
        { provider: prefix, name, url, key, keyHeader: 'api-key', queryParams, fetch },
        request,
      );
    }
    case 'anthropic': {
      const key = await required('ANTHROPIC_API_KEY');
      const provider = createAnthropic({
        baseURL: config.ANTHROPIC_BASE_URL,
        apiKey: key.reveal(),
        fetch,
      });
      return { wire: 'other', provider: prefix, model: provider(name), secrets: [key] };
    }
    case 'gemini': {
      const key = await required('GEMINI_API_KEY', 'GOOGLE_API_KEY');
      const provider = createGoogleGenerativeAI({
        baseURL: config.GEMINI_BASE_URL,
        apiKey: key.reveal(),
        fetch,
      });
      return { wire: 'other', provider: prefix, model: provider(name), secrets: [key] };
    }
    case 'bedrock': {
      const region = await required('AWS_REGION_NAME');
      const [id, key] = [await required('AWS_ACCESS_KEY_ID'), await required('AWS_SECRET_ACCESS_KEY')];
      const session = await secrets('AWS_SESSION_TOKEN');
      const provider = createAmazonBedrock({
        baseURL: config.BEDROCK_BASE_URL,
        region: region.reveal(),
        // Given as empty, or it would look for a bearer token in the environment.
        apiKey: '',
        accessKeyId: id.reveal(),
        secretAccessKey: key.reveal(),
        sessionToken: session?.reveal(),
        fetch,
      });
      return {
        wire: 'other',
        provider: prefix,
        model: provider(name),
        secrets: session === undefined ? [id, key] : [id, key, session],
      };
    }
    default: {
      const own = config.WEFT_LLM_SERVERS.get(prefix);
      if (own !== undefined) {
        const key = await secrets(`${prefix.toUpperCase().replaceAll('-', '_')}_API_KEY`);
        return openAiWire({ provider: prefix, name, url: own, key, fetch }, request);
      }
      const { url, key } = OPENAI_WIRE.get(prefix)!;
      return openAiWire({ provider: prefix, name, url, key: await required(key), fetch }, request);
    }
  }
}

export interface ProviderState {
  /** What names of its models begin with, before a slash. */
  readonly provider: string;
  /** Names of settings that nobody has set; none: it can be asked. */
  readonly missing: readonly string[];
}

/** Every provider that `openModel` knows, servers of the operator first. Nothing of keys but whether they are set. */
export async function listProviders({ config, secrets }: Omit<Doors, 'fetch'>): Promise<ProviderState[]> {
  const own = [...config.WEFT_LLM_SERVERS.keys()].map((provider) => ({ provider, missing: [] }));
  const needs: readonly (readonly [string, readonly string[]])[] = [
    ['openai', ['OPENAI_API_KEY']],
    ['anthropic', ['ANTHROPIC_API_KEY']],
    ['gemini', ['GEMINI_API_KEY']],
    ['bedrock', ['AWS_REGION_NAME', 'AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY']],
    ['azure', ['AZURE_API_KEY', 'AZURE_API_BASE', 'AZURE_API_VERSION']],
    ...[...OPENAI_WIRE].map(([name, { key }]) => [name, [key]] as const),
  ];
  const isSet = async (name: string): Promise<boolean> =>
    (await secrets(name)) !== undefined || (name === 'GEMINI_API_KEY' && (await isSet('GOOGLE_API_KEY')));
  const known = needs
    .filter(([provider]) => !config.WEFT_LLM_SERVERS.has(provider))
    .map(async ([provider, names]) => {
      const missing: string[] = [];
      for (const name of names) if (!(await isSet(name))) missing.push(name);
      return { provider, missing };
    });
  return [...own, ...(await Promise.all(known))];
}

/** @throws LlmError `refused` for a name nobody knows. */
export function splitName(
  model: string,
  { WEFT_LLM_SERVERS: own }: LlmConfig,
): { prefix: string; name: string } {
  const slash = model.indexOf('/');
  const [prefix, name] = [model.slice(0, Math.max(0, slash)), model.slice(slash + 1)];
  if (slash > 0 && own.has(prefix)) return { prefix, name };
  if (['openai', 'azure', 'anthropic', 'gemini', 'bedrock'].includes(prefix) || OPENAI_WIRE.has(prefix))
    return { prefix, name };
  if (prefix === 'azure_ai') return { prefix: 'azure', name };
  if (prefix === 'bedrock_converse') return { prefix: 'bedrock', name };
  if (model.startsWith('custom::'))
    throw new LlmError(
      'models of providers that a project defines are not reached: name the server in WEFT_LLM_SERVERS',
      'refused',
      { status: 400 },
    );
  if (slash > 0)
    throw new LlmError(`no provider is known for the model ${JSON.stringify(model)}`, 'refused', {
      status: 400,
    });
  if (model.startsWith('claude-')) return { prefix: 'anthropic', name: model };
  if (model.startsWith('gemini-')) return { prefix: 'gemini', name: model };
  if (BEDROCK_NAME.test(model)) return { prefix: 'bedrock', name: model };
  return { prefix: 'openai', name: model };
}

interface Server {
  readonly provider: string;
  readonly name: string;
  readonly url: string;
  readonly key: Secret | undefined;
  readonly fetch: typeof fetch;
  readonly keyHeader?: string;
  readonly queryParams?: Record<string, string>;
}

function openAiWire(
  { provider, name, url, key, fetch, keyHeader, queryParams }: Server,
  request: ChatRequest,
): Model {
  const inHeader = keyHeader !== undefined && key !== undefined;
  const server = createOpenAICompatible({
    name: provider,
    baseURL: url,
    ...(inHeader ? { headers: { [keyHeader]: key.reveal() } } : { apiKey: key?.reveal() }),
    queryParams,
    fetch,
    // The request as it was sent, not what is left of it after a round trip through another vocabulary.
    transformRequestBody: ({ stream }) => ({
      ...request,
      model: name,
      stream: stream === true ? true : undefined,
      stream_options: stream === true ? { include_usage: true } : undefined,
    }),
  });
  return { wire: 'openai', provider, model: server(name), secrets: key === undefined ? [] : [key] };
}
