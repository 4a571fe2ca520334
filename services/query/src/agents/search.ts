import { createHash } from 'node:crypto';
import { AppError } from '@weft/model';
import type { Expr } from '@weft/query-language';
import { agentField, type AgentSpansQuery, type TraceReader } from '@weft/trace-store';
import type { AgentSearchRequest } from '@weft/weave-api';
import { readAgentSpan, type AgentSpan } from './agent-span.ts';

/** Spans that are looked through, the newest first. */
const MAX_SPANS = 10_000;
const PREVIEW_CHARACTERS = 500;
const NO_CONVERSATION = '__NO_CONVERSATION__';

interface Match {
  readonly span: AgentSpan;
  readonly role: string;
  readonly content: string;
}

/** Messages of spans that hold the text as it is written, the newest first, by conversation. */
export async function search(
  reader: TraceReader,
  request: AgentSearchRequest,
  signal: AbortSignal,
): Promise<object> {
  const matches = await matchesOf(reader, request, signal);
  const conversations = new Map<string, Match[]>();
  for (const match of matches) {
    const id = match.span.conversation_id || NO_CONVERSATION;
    const same = conversations.get(id);
    if (same === undefined) conversations.set(id, [match]);
    else same.push(match);
  }
  // Matches come by time, so conversations do too.
  const results = [...conversations].map(([id, [first, ...more]]) => ({
    conversation_id: id,
    conversation_name: first!.span.conversation_name,
    agent_name: first!.span.agent_name,
    matched_messages: [first!, ...more].map((match) => render(match, request.truncate_content)),
    last_activity: first!.span.started_at,
  }));
  return { results, total_conversations: results.length };
}

async function matchesOf(reader: TraceReader, request: AgentSearchRequest, signal: AbortSignal): Promise<Match[]> {
  if (request.offset + request.limit > MAX_SPANS) throw new AppError('invalid_request', `offset: only the first ${MAX_SPANS} messages are found`);
  const { limit, offset } = request;
  const roles = rolesOf(request.roles);
  const matches: Match[] = [];
  if (limit === 0) return matches;
  let skip = offset;
  let bytes = 0;
  for await (const page of reader.streamAgentSpans(spansQuery(request), signal)) {
    for (const span of page.map(readAgentSpan)) {
      for (const { role, content } of messagesOf(span)) {
        if (!content.includes(request.query) || roles?.has(role) === false || skip-- > 0) continue;
        matches.push({ span, role, content });
        bytes += content.length;
        if (matches.length === limit || bytes > MAX_CHARACTERS) return matches;
      }
    }
  }
  return matches;
} // prettier-ignore

/** Of an answer. */
const MAX_CHARACTERS = 64 * 1024 * 1024;

function spansQuery(request: AgentSearchRequest): AgentSpansQuery {
  const wanted = [
    ['agent_name', request.agent_name],
    ['provider_name', request.provider_name],
    ['request_model', request.request_model],
  ].flatMap(([name, value]): Expr[] => (value ? [{ op: 'compare', by: 'eq', left: { op: 'field', field: agentField(name!)! }, right: { op: 'literal', value } }] : [])); // prettier-ignore
  return {
    projectId: request.project_id,
    afterUs: request.started_after,
    beforeUs: request.started_before,
    ...(request.trace_id ? { traceIds: [request.trace_id] } : {}),
    ...(request.conversation_id ? { conversationIds: [request.conversation_id] } : {}),
    where: wanted.length === 0 ? undefined : wanted.length === 1 ? wanted[0] : { op: 'and', inputs: wanted },
    attributed: false,
    sort: [],
    limit: MAX_SPANS,
    offset: 0,
    details: true,
    word: longestWord(request.query),
  };
}

/** Letters and digits look the same in JSON; all else may be escaped there. */
function longestWord(text: string): string | undefined {
  const words = text.match(/[0-9A-Za-z]+/g) ?? [];
  return words.reduce<string | undefined>((longest, word) => (word.length > (longest?.length ?? 0) ? word : longest), undefined);
} // prettier-ignore

function rolesOf(roles: readonly string[] | undefined): ReadonlySet<string> | undefined {
  if (roles === undefined || roles.length === 0) return undefined;
  return new Set(roles.flatMap((role) => (role === 'tool' ? ['tool_call', 'tool_result'] : [role])));
}

function messagesOf(span: AgentSpan): { role: string; content: string }[] {
  return [
    ...span.output_messages,
    ...span.input_messages,
    ...span.system_instructions.map((content) => ({ role: 'system', content })),
    { role: 'tool_call', content: span.tool_call_arguments },
    { role: 'tool_result', content: span.tool_call_result },
  ].filter(({ content }) => content !== '');
}

function render({ span, role, content }: Match, truncate: boolean): object {
  return {
    span_id: span.span_id,
    trace_id: span.trace_id,
    role,
    content_preview: truncate ? [...content.slice(0, 2 * PREVIEW_CHARACTERS)].slice(0, PREVIEW_CHARACTERS).join('') : content,
    content_digest: createHash('sha256').update(content).digest('hex').slice(0, 32),
    started_at: span.started_at,
  };
} // prettier-ignore
