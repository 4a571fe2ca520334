import { route, type Route, type RouteContext } from '@weft/http';
import type { TraceReader } from '@weft/trace-store';
import {
  agentConversationChat,
  agentConversationSpans,
  agentCustomAttributes,
  agentSearch,
  agentSpansQuery,
  agentSpansStats,
  agentsQuery,
  agentTraceChat,
  agentVersionsQuery,
  type AgentCustomAttributesRequest,
  type AgentSpansRequest,
} from '@weft/weave-api';
import { VALUE_TYPES } from '../agents/custom-attributes.ts';
import { conversationChatJson, conversationSpansJson, traceChatJson } from '../agents/chats.ts';
import { agents, agentVersions } from '../agents/list-agents.ts';
import { groupsJson } from '../agents/query-groups.ts';
import { spansFilter, spansJson } from '../agents/query-spans.ts';
import { senseless, signalsOf } from '../agents/refs.ts';
import { search } from '../agents/search.ts';
import { spansStats } from '../agents/stats.ts';
import { sendChunks, sendJson } from '../send.ts';

/** Spans of agents (weave-api §4.16): calls made of OTLP spans with attributes of the GenAI conventions. */
export function agentRoutes(reader: TraceReader): Route[] {
  return [
    route(agentsQuery, async (request, { req, res }) =>
      sendJson(req, res, JSON.stringify(await agents(reader, request))),
    ),
    route(agentVersionsQuery, async (request, { req, res }) =>
      sendJson(req, res, JSON.stringify(await agentVersions(reader, request))),
    ),
    route(agentSpansQuery, (request, context) => spansQuery(reader, request, context)),
    route(agentSpansStats, async (request, { req, res }) =>
      sendJson(req, res, JSON.stringify(await spansStats(reader, request))),
    ),
    route(agentCustomAttributes, async (request, { req, res }) =>
      sendJson(req, res, JSON.stringify(await customAttributes(reader, request))),
    ),
    route(agentSearch, async (request, { req, res, signal }) =>
      sendJson(req, res, JSON.stringify(await search(reader, request, signal))),
    ),
    route(agentTraceChat, async (request, { req, res, signal }) =>
      sendJson(req, res, await traceChatJson(reader, request, signal)),
    ),
    route(agentConversationChat, async (request, { req, res, signal }) =>
      sendJson(req, res, await conversationChatJson(reader, request, signal)),
    ),
    route(agentConversationSpans, (request, { req, res }) =>
      sendChunks(req, res, 'application/json', conversationSpansJson(reader, request)),
    ),
  ];
}

async function spansQuery(
  reader: TraceReader,
  request: AgentSpansRequest,
  { req, res, signal }: RouteContext,
): Promise<void> {
  const { group_by: groupBy, custom_attr_columns: columns, include_details: details } = request;
  if (groupBy.length > 0) {
    if (columns.length > 0) throw senseless('custom_attr_columns', 'are only supported for ungrouped spans');
    if (details) throw senseless('include_details', 'is only supported for ungrouped spans');
    return sendJson(req, res, JSON.stringify(await groupsJson(reader, request)));
  }
  for (const name of ['measures', 'group_filters', 'group_distributions', 'insight_filters'] as const)
    if (request[name].length > 0) throw senseless(name, 'require group_by');
  if (signalsOf(request.signal_filters) !== undefined) throw senseless('signal_filters', 'require group_by');
  return sendChunks(req, res, 'application/json', spansJson(reader, request, signal));
}

async function customAttributes(reader: TraceReader, request: AgentCustomAttributesRequest): Promise<object> {
  const { limit, offset } = request;
  const found = await reader.customAttributes(spansFilter(request), limit + 1, offset);
  return {
    attributes: found.slice(0, limit).map(({ source, key, spanCount }) => ({
      source,
      key,
      value_type: VALUE_TYPES[source],
      span_count: spanCount,
    })),
    limit,
    offset,
    has_more: found.length > limit,
  };
}
