import { chatOf, type ChatMessage, type ChatPart } from '@weft/chat';
import { formatInstant, nowUs, parseRef } from '@weft/model';
import { ScoreError, type CallToScore, type ScoreContext, type Target } from '../scorer.ts';
import type { ScorerAbout } from '../scorer-kind.ts';
import { MAX_REMOTE_BYTES } from './ask.ts';
import type { RemoteScorerObject } from './object.ts';

/** 1: calls. 2: agents' turns. */
export type SchemaVersion = 1 | 2;

export interface RemoteRequest {
  readonly schemaVersion: SchemaVersion;
  /** JSON. */
  readonly body: Uint8Array;
}

/**
 * What a remote scorer is sent (W&B: remote scorer contract). Payloads of calls are passed on byte for byte. What has no value
 * is left out, except in an agent's turn.
 * @throws ScoreError `unscorable` for what is larger than MAX_REMOTE_BYTES.
 */
export function toRequest(
  target: Target,
  about: ScorerAbout,
  { config }: RemoteScorerObject,
  context: ScoreContext,
): RemoteRequest {
  const schemaVersion = target.isAgentTurn ? 2 : 1;
  const gathered = target.calls.slice(0, -1).map(callPayload);
  const body = members([
    ['schema_version', String(schemaVersion)],
    schemaVersion === 1
      ? ['original_call', callPayload(target.call)]
      : ['scoring_target', JSON.stringify({ type: 'agent_turn', schema_version: 1, payload: turnPayload(target.call) })],
    // Beyond W&B: the earlier ones of a trace or thread that is scored as a whole, oldest first.
    ['gathered_calls', gathered.length === 0 ? undefined : `[${gathered.join(',')}]`],
    ['scoring_call_id', text(context.scoreCall?.id ?? context.idempotencyKey)],
    ['scoring_trace_id', text(context.scoreCall?.traceId ?? context.idempotencyKey)],
    [
      'monitor',
      context.monitor &&
        members([['name', text(context.monitor.name)], ['version_digest', text(context.monitor.digest)]]),
    ],
    [
      'scorer',
      members([
        ['name', text(about.name)],
        ['ref', text(about.ref)],
        ['config', config == null ? undefined : JSON.stringify(config)],
      ]),
    ],
    ['triggered_at', text(instant(nowUs()))],
  ]); // prettier-ignore
  const bytes = Buffer.from(body);
  if (bytes.length > MAX_REMOTE_BYTES) throw tooLarge(bytes.length);
  return { schemaVersion, body: bytes };
}

function callPayload(call: CallToScore): string {
  const sizeBytes = call.inputs.length + call.output.length;
  if (sizeBytes > MAX_REMOTE_BYTES) throw tooLarge(sizeBytes);
  return members([
    ['project_id', text(call.projectId)],
    ['call_id', text(call.id)],
    ['trace_id', text(call.traceId)],
    ['op_name', text(call.opName)],
    ['inputs', payload(call.inputs)],
    ['started_at', text(instant(call.startedAtUs))],
    ['ended_at', call.endedAtUs === null ? undefined : text(instant(call.endedAtUs))],
    ['output', payload(call.output)],
  ]);
}

/** Null where the trace does not say it; messages of a kind that it does not have are an empty list. */
function turnPayload(call: CallToScore): unknown {
  const attributes = json(call.attributes);
  const agent = at(attributes, 'agent');
  const chat = chatOf(call);
  return {
    event_type: 'weave.genai.turn_ended',
    project_id: call.projectId,
    trace_id: call.traceId,
    span_id: call.id,
    span_name: call.displayName ?? opOf(call.opName),
    operation_name: textAt(attributes, 'operation_name'),
    started_at: instant(call.startedAtUs),
    ended_at: instant(call.endedAtUs ?? call.startedAtUs),
    conversation: { id: call.threadId, name: textAt(attributes, 'conversation_name') },
    agent: {
      name: textAt(attributes, 'agent_name'),
      version: textAt(agent, 'version'),
      description: textAt(agent, 'description'),
    },
    status: {
      code: call.exception === null ? 'UNSET' : 'ERROR',
      message: call.exception,
      error_type: textAt(attributes, 'error_type'),
    },
    messages: {
      system_instructions: chat.systemInstructions.map(partText),
      input: chat.messages.map(turnMessage),
      output: chat.choices.map(turnMessage),
    },
  };
}

function turnMessage({ role, parts, finishReason }: ChatMessage) {
  const isText = parts.every(({ type }) => type === 'text');
  const content = isText ? parts.map(partText).join('\n') : JSON.stringify(parts);
  return { role, content, finish_reason: finishReason ?? '' };
}

function partText(part: ChatPart): string {
  return part.type === 'text' ? part.text : JSON.stringify(part);
}

/** Name in the ref of an op; another op's name is its own. */
function opOf(opName: string): string {
  if (!opName.startsWith('weave:///')) return opName;
  try {
    const ref = parseRef(opName);
    return ref.kind === 'op' ? ref.name : opName;
  } catch {
    return opName;
  }
}

/** A JSON object of texts that are JSON; undefined = left out. */
function members(all: readonly (readonly [name: string, json: string | undefined])[]): string {
  const given = all.flatMap(([name, value]) => (value === undefined ? [] : `"${name}":${value}`));
  return `{${given.join(',')}}`;
}

function text(value: string): string {
  return JSON.stringify(value);
}

/** As Python writes it; not every reader of instants knows `Z`. */
function instant(us: number): string {
  return formatInstant(us).replace('Z', '+00:00');
}

function payload(bytes: Uint8Array): string | undefined {
  const found = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');
  return found === '' || found === 'null' ? undefined : found;
}

function json(bytes: Uint8Array): unknown {
  return JSON.parse(payload(bytes) ?? 'null') as unknown;
}

function at(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, key)
    ? (value as Record<string, unknown>)[key]
    : undefined;
}

function textAt(value: unknown, key: string): string | null {
  const found = at(value, key);
  return typeof found === 'string' && found !== '' ? found : null;
}

function tooLarge(sizeBytes: number): ScoreError {
  return new ScoreError(
    'unscorable',
    `the request would have ${sizeBytes} bytes: remote scorers are sent ${MAX_REMOTE_BYTES} at most`,
  );
}
