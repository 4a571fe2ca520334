import type { TraceReader } from '@weft/trace-store';
import type {
  AgentConversationChatRequest,
  AgentConversationSpansRequest,
  AgentTraceChatRequest,
} from '@weft/weave-api';
import { readAgentSpan, type AgentSpan } from './agent-span.ts';
import { addCosts } from './chat-message.ts';
import { AgentFeedback, feedbackMarks } from './feedback.ts';
import { SpanCosts } from './prices.ts';
import { traceChat, type TraceChat } from './trace-chat.ts';

/** Of an answer: what a page can show, and what a process can hold. Later ones are left out. */
const MAX_SPANS = 5000;
const MAX_BYTES = 64 * 1024 * 1024;

/** The JSON of a trace's chat. */
export async function traceChatJson(reader: TraceReader, request: AgentTraceChatRequest, signal: AbortSignal): Promise<string> {
  const { project_id: projectId, trace_id: traceId } = request;
  const [chat] = await chatsOf(reader, request, [traceId], undefined, signal);
  const feedback = await feedbackOf(reader, request, projectId, [chat!], []);
  return chatJson(chat!, feedback);
} // prettier-ignore

interface Options {
  readonly project_id: string;
  readonly include_feedback: boolean;
  readonly include_model_tool_calls: boolean;
}

async function chatsOf(
  reader: TraceReader,
  request: Options,
  traceIds: readonly string[],
  conversationId: string | undefined,
  signal: AbortSignal,
): Promise<TraceChat[]> {
  const byTrace = new Map<string, AgentSpan[]>(traceIds.map((id) => [id, []]));
  let bytes = 0;
  if (traceIds.length > 0)
    reading: for await (const page of reader.streamTraceSpans(request.project_id, traceIds, MAX_SPANS, conversationId, signal))
      for (const stored of page) {
        bytes += stored.otelDump.length + stored.inputs.length + stored.output.length;
        if (bytes > MAX_BYTES) break reading;
        byTrace.get(stored.traceId)?.push(readAgentSpan(stored));
      }
  const costs = new SpanCosts(reader, request.project_id);
  await costs.load([...byTrace.values()].flat());
  const options = { costOf: (span: AgentSpan) => costs.of(span), requestedCalls: request.include_model_tool_calls };
  return [...byTrace].map(([id, spans]) => traceChat(id, spans, options));
} // prettier-ignore

async function feedbackOf(
  reader: TraceReader,
  request: Options,
  projectId: string,
  chats: readonly TraceChat[],
  conversations: readonly string[],
): Promise<AgentFeedback | undefined> {
  if (!request.include_feedback) return undefined;
  const feedback = new AgentFeedback(projectId);
  const spanIds = new Set(chats.flatMap(({ messages }) => messages.flatMap(({ span_id: id }) => id ?? [])));
  await feedback.load(reader, [
    ...conversations.map((id) => feedback.conversation(id)),
    ...chats.map(({ trace_id: id }) => feedback.turn(id)),
    ...[...spanIds].map((id) => feedback.span(id)),
  ]);
  return feedback;
}

function chatJson(chat: TraceChat, feedback: AgentFeedback | undefined): string {
  const { messages, ...members } = chat;
  const lines = messages.map((message) => {
    const ref = message.span_id === null ? undefined : feedback?.span(message.span_id);
    const isGiven = ref !== undefined && feedback!.of(ref).length > 0;
    return withMember(JSON.stringify(message), 'feedback', isGiven ? feedback!.render(ref) : 'null');
  });
  const ofTurn = feedback?.render(feedback.turn(chat.trace_id)) ?? 'null';
  return withMember(
    withMember(JSON.stringify(members), 'messages', `[${lines.join(',')}]`),
    'feedback',
    ofTurn,
  );
}

/** One more member, of JSON, at the end of an object's JSON. Payloads of feedback stay as they were sent. */
function withMember(object: string, name: string, value: string): string {
  return `${object.slice(0, -1)},${JSON.stringify(name)}:${value}}`;
}

/** The JSON of the last turns of a conversation, oldest first. */
export async function conversationChatJson(reader: TraceReader, request: AgentConversationChatRequest, signal: AbortSignal): Promise<string> {
  const { project_id: projectId, conversation_id: id, limit, offset } = request;
  const [newest, total] = await Promise.all([
    limit === 0 ? [] : reader.conversationTurns(projectId, id, limit, offset),
    reader.countConversationTurns(projectId, id),
  ]);
  const chats = await chatsOf(reader, request, newest.reverse(), id, signal);
  const feedback = await feedbackOf(reader, request, projectId, chats, [id]);
  const members = {
    conversation_id: id,
    total_turns: total,
    has_more: chats.length > 0 && offset + chats.length < total,
    limit,
    offset,
    total_cost_usd: chats.reduce<number | null>((sum, chat) => addCosts(sum, chat.total_cost_usd), null),
  };
  const turns = `[${chats.map((chat) => chatJson(chat, feedback)).join(',')}]`;
  const ofConversation = feedback?.render(feedback.conversation(id)) ?? 'null';
  return withMember(withMember(JSON.stringify(members), 'turns', turns), 'feedback', ofConversation);
} // prettier-ignore

const CONVERSATIONS_AT_ONCE = 100;
const SPANS_PER_CONVERSATION = 200;

/** The JSON of the last spans of each conversation, in pieces. */
export async function* conversationSpansJson(reader: TraceReader, request: AgentConversationSpansRequest): AsyncGenerator<Buffer> {
  const ids = request.conversation_ids;
  let before = '{"conversations":[';
  for (let from = 0; from < ids.length; from += CONVERSATIONS_AT_ONCE) {
    const some = ids.slice(from, from + CONVERSATIONS_AT_ONCE);
    const conversations = await sequences(reader, request, some);
    yield Buffer.from(before + conversations.map((each) => JSON.stringify(each)).join(','));
    before = ',';
  }
  yield Buffer.from(ids.length === 0 ? `${before}]}` : ']}');
} // prettier-ignore

async function sequences(
  reader: TraceReader,
  request: AgentConversationSpansRequest,
  ids: readonly string[],
): Promise<object[]> {
  const { project_id: projectId, started_after: afterUs, started_before: beforeUs } = request;
  const wanted = [...new Set(ids)].filter((id) => id !== '');
  const spans = await reader.conversationSequences(
    { projectId, conversationIds: wanted, afterUs, beforeUs },
    SPANS_PER_CONVERSATION,
  );
  const byId = new Map<string, (typeof spans)[number][]>(wanted.map((id) => [id, []]));
  for (const span of spans) byId.get(span.conversationId)?.push(span);
  const feedback = new AgentFeedback(projectId);
  await feedback.load(reader, [
    ...wanted.map((id) => feedback.conversation(id)),
    ...[...new Set(spans.map(({ traceId }) => traceId))].map((id) => feedback.turn(id)),
  ]);
  return ids.map((id) => {
    const own = byId.get(id) ?? [];
    const traces = [...new Set(own.map(({ traceId }) => traceId))];
    return {
      conversation_id: id,
      spans: own.map((span) => ({
        operation_name: span.operationName,
        trace_id: span.traceId,
        span_id: span.spanId,
        status: span.statusCode,
        duration_ms: span.durationMs,
      })),
      spans_feedback: [
        ...feedbackMarks(feedback.of(feedback.conversation(id)), null),
        ...traces.flatMap((trace) => feedbackMarks(feedback.of(feedback.turn(trace)), trace)),
      ],
    };
  });
}
