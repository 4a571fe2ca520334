/** A model as a price list knows it: its name there, and whose list; none = the list finds that out. */
export interface ListedName {
  readonly name: string;
  readonly provider?: string;
}

/**
 * Whose prices count, by what routers (LiteLLM, OpenRouter) and frameworks put before a model's name; '' = nothing is said
 * of that. Prefixes that name the maker of open weights are no provider: who runs them, and for how much, is not known.
 */
const PROVIDERS: ReadonlyMap<string, string> = new Map(
  Object.entries({
    openai: ['openai', 'openai-chat', 'openai-responses', 'text-completion-openai'],
    azure: ['azure', 'azure_ai', 'azure-openai', 'azure_openai', 'azureopenai'],
    anthropic: ['anthropic'],
    aws: ['bedrock', 'bedrock_converse', 'aws', 'aws_bedrock', 'aws.bedrock', 'amazon-bedrock', 'converse', 'invoke'],
    google: ['google', 'google-gla', 'google-vertex', 'google_genai', 'google_vertexai', 'googleai', 'gemini', 'vertex', 'vertex_ai', 'vertexai'],
    mistral: ['mistral', 'mistralai'],
    deepseek: ['deepseek'],
    groq: ['groq'],
    together: ['together', 'together_ai'],
    cohere: ['cohere', 'cohere_chat'],
    'x-ai': ['xai', 'x-ai'],
    openrouter: ['openrouter'],
    perplexity: ['perplexity'],
    fireworks: ['fireworks', 'fireworks_ai'],
    cerebras: ['cerebras'],
    moonshotai: ['moonshot', 'moonshotai'],
    '': ['litellm', 'litellm_proxy', 'gateway', 'chat', 'models'],
  }).flatMap(([provider, prefixes]) => prefixes.map((prefix) => [prefix, provider] as const)),
); // prettier-ignore

/** `us.anthropic.claude-…-v1:0`: a region or none, the maker, the model. */
const BEDROCK =
  /^(?:[a-z]{2,6}(?:-[a-z]+)?\.)?(ai21|amazon|anthropic|cohere|deepseek|google|meta|minimax|mistral|moonshot|nvidia|openai|qwen|writer)\.(.+)$/i;
const BEDROCK_VERSION = /-v\d+(?::\d+(?::\w+)?)?$/;
const VERTEX = /(?:^|\/)publishers\/([^/]+)\/models\/([^/]+)$/i;
/** OpenAI's that do not begin like the others. */
const OF_OPENAI = /^(?:text-embedding-|chatgpt-|ft:|codex-|computer-use|tts-|whisper-|omni-)/i;
const MAX_PREFIXES = 4;

/** What a model may be called in a price list, the likeliest first: names come as senders have them. */
export function listedNames(model: string): readonly ListedName[] {
  // A free variant must not get the price of the other.
  if (/:free$/i.test(model)) return [{ name: model.replace(/^openrouter[/:]/i, ''), provider: 'openrouter' }];
  const names: ListedName[] = [{ name: model }];
  const arn = /^arn:[^/]*\/(?:.*\/)?([^/]+)$/i.exec(model);
  if (arn !== null) return [...names, ...ofBedrock(arn[1]!)];
  const vertex = VERTEX.exec(model);
  if (vertex !== null) {
    const [, maker, name] = vertex as unknown as [string, string, string];
    return [...names, { name, provider: 'google' }, ...ofProvider(maker, name), { name }];
  }
  let rest = model;
  for (let i = 0; i < MAX_PREFIXES; i++) {
    const bedrock = ofBedrock(rest);
    if (bedrock.length > 0) return [...names, ...bedrock];
    if (OF_OPENAI.test(rest)) names.push({ name: rest, provider: 'openai' });
    const at = rest.search(/[/:]/);
    const provider = at < 0 ? undefined : PROVIDERS.get(rest.slice(0, at).toLowerCase());
    if (provider === undefined) break;
    const prefix = rest.slice(0, at).toLowerCase();
    rest = rest.slice(at + 1);
    if (provider !== '') names.push({ name: rest, provider });
    else if (prefix === 'models') names.push({ name: rest, provider: 'google' });
    names.push({ name: rest });
  }
  return names;
}

function ofBedrock(name: string): ListedName[] {
  const found = BEDROCK.exec(name);
  if (found === null) return [];
  const [, maker, model] = found as unknown as [string, string, string];
  return [{ name, provider: 'aws' }, ...ofProvider(maker, model.replace(BEDROCK_VERSION, ''))];
}

function ofProvider(prefix: string, name: string): ListedName[] {
  const provider = PROVIDERS.get(prefix.toLowerCase());
  return provider === undefined || provider === '' ? [] : [{ name, provider }];
}
