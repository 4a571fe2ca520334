import type { LanguageModelV3CallOptions, LanguageModelV3StreamPart } from '@ai-sdk/provider';
import { AppError } from '@weft/model';
import type { Logger } from '@weft/runtime';
import { createChunker, toCompletion } from './answer.ts';
import type { ChatChunk, ChatCompletion, ChatRequest } from './chat.ts';
import { LlmError, toLlmError } from './errors.ts';
import { createLimitedFetch } from './limited-fetch.ts';
import { toCallOptions } from './prompt.ts';
import { listProviders, openModel, splitName, type Model, type ProviderState } from './providers.ts';
import { createSecrets } from './secrets.ts';
import type { LlmConfig } from './settings.ts';

export interface Ask {
  readonly request: ChatRequest;
  /** More headers for the provider; those that carry keys or belong to the connection are left out. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Shorter than WEFT_LLM_TIMEOUT_MS. */
  readonly timeoutMs?: number;
  /** Longest wait for the begin of the answer and for each next byte; default: as long as for the whole. */
  readonly idleMs?: number;
  /** Of the answer, unpacked; default: 32 MiB. */
  readonly maxAnswerBytes?: number;
  readonly signal?: AbortSignal;
}

/** Models of all providers in OpenAI's words. Asks once: repeating is up to the caller. */
export interface Llm {
  /**
   * @throws AppError `invalid_request` with `api_key` for a key that is not set; `too_many_requests`; LlmError for what the
   * provider refuses and for an answer that does not come in time.
   */
  complete(ask: Ask): Promise<ChatCompletion>;
  /** Chunks as they come, the last one with the usage. Throws as `complete`, the first two before the first chunk. */
  stream(ask: Ask): Promise<AsyncIterable<ChatChunk>>;
  /** Who is asked for a model: `openai`, `anthropic`, a name out of WEFT_LLM_SERVERS. @throws LlmError `refused` for a name nobody knows. */
  providerOf(model: string): string;
  /** Who can be asked, and what is missing to ask the others. */
  providers(): Promise<readonly ProviderState[]>;
}

export function createLlm({ config, logger }: { config: LlmConfig; logger: Logger }): Llm {
  const secrets = createSecrets(config, logger);
  let asking = 0;

  function enter(): () => void {
    if (asking >= config.WEFT_LLM_MAX_CONCURRENT)
      throw new AppError(
        'too_many_requests',
        `more than ${config.WEFT_LLM_MAX_CONCURRENT} requests to models at a time`,
      );
    asking++;
    let left = false;
    return () => {
      if (!left) asking--;
      left = true;
    };
  }

  function timeout({ timeoutMs, signal }: Ask) {
    const limitMs = Math.min(config.WEFT_LLM_TIMEOUT_MS, timeoutMs ?? Infinity);
    const late = AbortSignal.timeout(Math.max(1, limitMs));
    return {
      signal: signal === undefined ? late : AbortSignal.any([late, signal]),
      /** An abort of ours says what it was; any other error what the provider said. */
      explain: (error: unknown, model: Model | undefined) => {
        if (error instanceof AppError) return error;
        if (late.aborted) return new LlmError(`the model did not answer within ${limitMs} ms`, 'timeout');
        return toLlmError(error, model?.secrets ?? []);
      },
    };
  }

  return {
    providerOf: (model) => splitName(model, config).prefix,
    providers: () => listProviders({ config, secrets }),

    async complete(ask) {
      const leave = enter();
      const { signal, explain } = timeout(ask);
      let model: Model | undefined;
      try {
        model = await openModel({ config, secrets, fetch: createLimitedFetch(ask) }, ask.request);
        const result = await model.model.doGenerate(toOptions(ask, model, signal));
        if (model.wire === 'openai') return (result.response?.body ?? {}) as ChatCompletion;
        return toCompletion(result, ask.request.model);
      } catch (error) {
        throw explain(error, model);
      } finally {
        leave();
      }
    },

    async stream(ask) {
      const leave = enter();
      const { signal, explain } = timeout(ask);
      let model: Model | undefined;
      try {
        model = await openModel({ config, secrets, fetch: createLimitedFetch(ask) }, ask.request);
        const { stream } = await model.model.doStream({
          ...toOptions(ask, model, signal),
          includeRawChunks: model.wire === 'openai',
        });
        return readStream(stream, model, ask.request.model, (error) => explain(error, model), leave);
      } catch (error) {
        leave();
        throw explain(error, model);
      }
    },
  };
}

function toOptions(
  { request, headers }: Ask,
  { wire }: Model,
  abortSignal: AbortSignal,
): LanguageModelV3CallOptions {
  const options = { headers: harmless(headers), abortSignal };
  // The prompt is not looked at: `openAiWire` puts the request in its place.
  if (wire === 'openai') return { ...options, prompt: [] };
  return { ...options, ...toCallOptions(request) };
}

async function* readStream(
  stream: ReadableStream<LanguageModelV3StreamPart>,
  { wire }: Model,
  name: string,
  explain: (error: unknown) => Error,
  leave: () => void,
): AsyncGenerator<ChatChunk> {
  const toChunks = createChunker(name);
  try {
    for await (const part of stream) {
      if (part.type === 'error') throw part.error;
      if (wire === 'openai') {
        if (part.type === 'raw') yield part.rawValue as ChatChunk;
      } else yield* toChunks(part);
    }
  } catch (error) {
    throw explain(error);
  } finally {
    leave();
  }
}

const KEPT_OUT =
  /^(?:authorization|proxy-.*|cookie|host|connection|content-.*|transfer-encoding|te|upgrade|x-api-key|api-key|x-goog-api-key|x-amz-.*)$/i;
const HEADER_NAME = /^[\w!#$%&'*+.^`|~-]{1,256}$/;
const HEADER_VALUE = /^[\x20-\x7e\t]{0,8192}$/;

/** The operator's key is what providers are asked with, and the operator's server is who is asked. */
function harmless(headers: Ask['headers'] = {}): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).filter(
      ([name, value]) => HEADER_NAME.test(name) && !KEPT_OUT.test(name) && HEADER_VALUE.test(value),
    ),
  );
}
