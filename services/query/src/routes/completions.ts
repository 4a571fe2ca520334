import { isUtf8 } from 'node:buffer';
import type { EventLog } from '@weft/event-log';
import { route, type Route, type RouteContext } from '@weft/http';
import { LlmError, type Ask, type ChatChunk, type ChatRequest, type Llm } from '@weft/llm';
import { AppError } from '@weft/model';
import type { Logger } from '@weft/runtime';
import type { TraceReader } from '@weft/trace-store';
import {
  completionsCreate,
  completionsCreateStream,
  modelsList,
  type CompletionInputs,
  type CompletionRequest,
} from '@weft/weave-api';
import type { Clock } from '../clock.ts';
import { ChunkGatherer } from '../completions/gather-chunks.ts';
import { sendLiveLines } from '../completions/live-lines.ts';
import { promptMessages } from '../completions/prompt-messages.ts';
import { TracedCompletion, UNTRACED } from '../completions/traced-completion.ts';
import { sendJson } from '../send.ts';

export interface CompletionDeps {
  readonly reader: TraceReader;
  readonly eventLog: Pick<EventLog, 'append'>;
  readonly logger: Logger;
  readonly llm: Llm;
  readonly clock: Clock;
}

/** Images and sounds ride in messages; only a prompt has to be looked up. */
const OPTIONS = {
  maxBodyBytes: 32 * 1024 * 1024,
  readsStore: ({ inputs }: CompletionRequest) => inputs.prompt !== undefined,
};

/**
 * Asking models (weave-api §4.10). What a provider refuses is an answer (200 with `error`), a key that is not set a 400 with
 * its name in `api_key`.
 */
export function completionRoutes(deps: CompletionDeps): Route[] {
  const begin = async (request: CompletionRequest, context: RouteContext): Promise<Begun> => {
    if (!isUtf8(context.body)) throw new AppError('invalid_request', 'the body is not valid UTF-8');
    const traced = request.track_llm_call ? new TracedCompletion(deps, request, context) : undefined;
    return { traced, ask: await toAsk(deps.reader, request, context.signal) };
  };
  return [
    route(
      completionsCreate,
      async (request, context) => {
        const answer = await complete(deps.llm, await begin(request, context));
        await sendJson(context.req, context.res, JSON.stringify(answer));
      },
      OPTIONS,
    ),
    route(
      completionsCreateStream,
      async (request, context) => {
        const lines = await openStream(deps.llm, await begin(request, context), context.signal);
        await sendLiveLines(context.req, context.res, lines);
      },
      OPTIONS,
    ),
    route(
      modelsList,
      async (_request, { req, res }) =>
        sendJson(req, res, JSON.stringify({ providers: await deps.llm.providers() })),
      { readsStore: false },
    ),
  ];
}

interface Begun {
  readonly traced: TracedCompletion | undefined;
  /** A text: why there is nothing to ask. */
  readonly ask: Ask | string;
}

/** Members of `inputs` that are ours, not the model's. */
const OURS: readonly string[] = ['prompt', 'template_vars', 'timeout', 'extra_headers', 'vertex_credentials', 'api_version', 'api_key', 'stream', 'stream_options']; // prettier-ignore

async function toAsk(
  reader: TraceReader,
  request: CompletionRequest,
  signal: AbortSignal,
): Promise<Ask | string> {
  const { inputs, project_id: projectId } = request;
  try {
    const messages = await promptMessages(reader, projectId, inputs);
    const members = Object.entries(inputs).filter(
      ([name, value]) => value !== undefined && value !== null && !OURS.includes(name),
    );
    return {
      request: { ...Object.fromEntries(members), model: inputs.model, messages } as ChatRequest,
      headers: textHeaders(inputs),
      timeoutMs: timeoutOf(inputs),
      signal,
    };
  } catch (error) {
    if (!(error instanceof AppError) || error.retryable) throw error;
    return `Failed to resolve prompt: ${error.message}`;
  }
}

function textHeaders({ extra_headers: headers = {} }: CompletionInputs): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) => (typeof value === 'string' ? [[name, value]] : [])),
  );
}

/** Seconds on the wire. */
function timeoutOf({ timeout }: CompletionInputs): number | undefined {
  const ms = Number(timeout) * 1000;
  return timeout !== undefined && ms > 0 ? ms : undefined;
}

async function complete(llm: Llm, { traced, ask }: Begun): Promise<object> {
  if (typeof ask === 'string') return { response: { error: ask }, ...UNTRACED };
  try {
    const response = await llm.complete(ask);
    return { response, ...((await traced?.end(response)) ? traced!.ids : UNTRACED) };
  } catch (error) {
    if (!(error instanceof LlmError)) throw error;
    const response = {
      error: error.message,
      ...(error.status !== undefined && { error_status_code: error.status }),
    };
    return { response, ...((await traced?.end(null, error.message)) ? traced!.ids : UNTRACED) };
  }
}

/** Throws before the first line what is no refusal of the provider. */
async function openStream(
  llm: Llm,
  { traced, ask }: Begun,
  signal: AbortSignal,
): Promise<AsyncIterable<object>> {
  if (typeof ask === 'string') return only({ error: ask });
  try {
    const chunks = await llm.stream(ask);
    await traced?.start();
    return withTrace(chunks, traced, ask.request.model, signal);
  } catch (error) {
    if (!(error instanceof LlmError)) throw error;
    await traced?.end(null, error.message);
    return only(...(traced === undefined ? [] : [{ _meta: traced.ids }]), { error: error.message });
  }
}

async function* only(...lines: object[]): AsyncGenerator<object> {
  yield* lines;
}

async function* withTrace(
  chunks: AsyncIterable<ChatChunk>,
  traced: TracedCompletion | undefined,
  model: string,
  signal: AbortSignal,
): AsyncGenerator<object> {
  const gatherer = new ChunkGatherer();
  let exception: string | undefined = 'the client left before the answer was complete';
  try {
    if (traced !== undefined) yield { _meta: traced.ids };
    for await (const chunk of chunks) {
      gatherer.add(chunk);
      yield chunk;
    }
    exception = undefined;
  } catch (error) {
    if (!(error instanceof LlmError)) throw error;
    if (!signal.aborted) {
      exception = error.message;
      yield { error: error.message };
    }
  } finally {
    await traced?.end(gatherer.gathered(model), exception);
  }
}
