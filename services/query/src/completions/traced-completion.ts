import type { EventLog } from '@weft/event-log';
import type { ChatCompletion } from '@weft/llm';
import {
  AppError,
  callCompleted,
  callEnded,
  callStarted,
  entriesOf,
  isValidId,
  JsonMembers,
  jsonObject,
  newId,
  type NewCall,
} from '@weft/model';
import type { Logger } from '@weft/runtime';
import type { CompletionRequest } from '@weft/weave-api';
import type { Clock } from '../clock.ts';

/** Name that W&B's server gives to calls of models made through it (shared/constants.py). */
const OP_NAME = 'weave.completions_create';
/** What must not be kept: keys that ride along. Names that promise a secret are redacted everywhere besides. */
const NOT_KEPT: readonly string[] = ['extra_headers', 'vertex_credentials', 'api_key'];

/** Ids of the call that traces a completion, as clients get them; null = it is not traced. */
export interface CompletionIds {
  readonly weave_call_id: string | null;
  readonly span_id: string | null;
  readonly trace_id: string | null;
  readonly conversation_id: string | null;
}

export const UNTRACED: CompletionIds = {
  weave_call_id: null,
  span_id: null,
  trace_id: null,
  conversation_id: null,
};

/** A completion as a call: inputs as they were sent, the answer as its output, tokens in its summary. */
export class TracedCompletion {
  readonly ids: CompletionIds;
  private readonly call: NewCall;
  private readonly model: string;
  private readonly deps: {
    readonly eventLog: Pick<EventLog, 'append'>;
    readonly logger: Logger;
    readonly clock: Clock;
  };
  private started = false;

  /** @throws AppError `invalid_request` for ids that cannot be kept. */
  constructor(
    deps: TracedCompletion['deps'],
    request: CompletionRequest,
    { body, userId }: { readonly body: Buffer; readonly userId: string },
  ) {
    for (const name of ['trace_id', 'parent_id', 'conversation_id'] as const)
      if (request[name] !== undefined && !isValidId(request[name]))
        throw new AppError(
          'invalid_request',
          `${name}: must be 1 to 128 characters without spaces or control characters`,
        );
    const { project_id: projectId, source, conversation_name, parent_id: parentId } = request;
    const id = newId();
    const traceId = request.trace_id ?? id;
    const threadId = request.conversation_id ?? newId();
    this.deps = deps;
    this.model = request.inputs.model;
    this.ids = { weave_call_id: id, span_id: id, trace_id: traceId, conversation_id: threadId };
    this.call = {
      projectId,
      userId,
      id,
      traceId,
      parentId: parentId ?? null,
      threadId,
      turnId: parentId === undefined ? id : undefined,
      opName: OP_NAME,
      startedAtUs: deps.clock(),
      attributes: jsonObject({ weave: jsonObject({ source, conversation_name }) }),
      inputs: keptInputs(body),
    };
  }

  /** @throws AppError `log_unavailable` */
  async start(): Promise<void> {
    await this.deps.eventLog.append('trace-events', [callStarted(this.call)]);
    this.started = true;
  }

  /**
   * The answer is there and paid for: where it cannot be kept any more, that is a line in our log and false, but no
   * failure of the request.
   */
  async end(output: ChatCompletion | null, exception?: string): Promise<boolean> {
    const { eventLog, logger, clock } = this.deps;
    const usage = output?.usage;
    const end = {
      endedAtUs: clock(),
      output: Buffer.from(JSON.stringify(output)),
      summary: jsonObject({ usage: usage ? { [this.model]: usage } : undefined }),
      exception,
    };
    try {
      await eventLog.append('trace-events', [
        this.started ? callEnded(this.call, end) : callCompleted(this.call, end),
      ]);
      return true;
    } catch (error) {
      logger.warn({ err: error, call: this.call.id }, 'a completion could not be traced');
      return false;
    }
  }
}

function keptInputs(body: Buffer): Uint8Array {
  const inputs = entriesOf(JsonMembers.parse(body).object('inputs'));
  return jsonObject(Object.fromEntries([...inputs].filter(([name]) => !NOT_KEPT.includes(name))));
}
