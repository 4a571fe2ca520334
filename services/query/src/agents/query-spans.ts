import { AppError } from '@weft/model';
import { otelSpanJson } from '@weft/otlp';
import {
  COST_COLUMNS,
  type AgentFilter,
  type AgentSpansQuery,
  type AgentValue,
  type StoredAgentSpan,
  type TraceReader,
} from '@weft/trace-store';
import type { AgentSpansRequest } from '@weft/weave-api';
import { readAgentSpan, type AgentSpan } from './agent-span.ts';
import { NO_CUSTOM_ATTRIBUTES } from './custom-attributes.ts';
import { pricesFor, SpanCosts } from './prices.ts';
import { condition, customRef, SORT_COLUMNS } from './refs.ts';

/** Spans of agents one by one, as JSON in pieces. */
export async function* spansJson(reader: TraceReader, request: AgentSpansRequest, signal: AbortSignal): AsyncGenerator<Buffer> {
  const filter = spansFilter(request);
  const columns = request.custom_attr_columns.map((ref, i) => customRef(ref, `custom_attr_columns[${i}]`));
  const { sort, needsPrices } = sortOf(request, columns);
  const prices = needsPrices ? await pricesFor(reader, filter) : undefined;
  const query: AgentSpansQuery = {
    ...filter,
    sort,
    limit: request.limit,
    offset: request.offset,
    details: request.include_details,
    prices,
  };
  const total = await reader.countAgentSpans(filter);
  const costs = request.include_costs ? new SpanCosts(reader, request.project_id) : undefined;
  const shown = new Map<string, Set<string>>();
  for (const { source, key } of columns) shown.set(source, (shown.get(source) ?? new Set()).add(key));
  let before = '{"spans":[';
  for await (const page of reader.streamAgentSpans(query, signal)) {
    const spans = await withIdentity(reader, request.project_id, page);
    await costs?.load(spans);
    const texts = spans.map((span, i) => {
      const dump = request.include_details ? dumpOf(page[i]!) : null;
      return JSON.stringify({ ...render(request, span, shown), ...costMembers(span, costs), raw_span_dump: dump });
    });
    if (texts.length === 0) continue;
    yield Buffer.from(before + texts.join(','));
    before = ',';
  }
  yield Buffer.from(`${before === ',' ? '' : before}],"groups":[],"total_count":${total}}`);
} // prettier-ignore

export function spansFilter(
  request: Pick<AgentSpansRequest, 'project_id' | 'query' | 'started_after' | 'started_before'>,
): AgentFilter {
  return {
    projectId: request.project_id,
    where: condition(request.query),
    afterUs: request.started_after,
    beforeUs: request.started_before,
  };
}

function sortOf(request: AgentSpansRequest, columns: readonly (AgentValue & { kind: 'custom' })[]): { sort: AgentSpansQuery['sort']; needsPrices: boolean } {
  const sort = request.sort_by.map(({ field, direction }, i): AgentSpansQuery['sort'][number] => {
    if (SORT_COLUMNS.has(field)) return { by: { kind: 'column', column: field }, direction };
    if (request.include_costs && COST_COLUMNS.some((cost) => cost === field)) return { by: { kind: 'cost', column: field }, direction };
    const custom = columns.find(({ source, key }) => `${source}.${key}` === field);
    if (custom !== undefined) return { by: custom, direction };
    throw new AppError('invalid_request', `sort_by[${i}].field: Invalid sort field: ${JSON.stringify(field.slice(0, 80))}`);
  });
  return { sort, needsPrices: sort.some(({ by }) => by.kind === 'cost') };
} // prettier-ignore

/** Spans that do not say whose they are take it from their trace; name, version and id of an agent go together. */
export async function withIdentity(
  reader: TraceReader,
  projectId: string,
  page: readonly StoredAgentSpan[],
): Promise<AgentSpan[]> {
  const spans = page.map(readAgentSpan);
  const lacking = spans.filter((span) => span.agent_name === '' || span.conversation_id === '');
  const identities = await reader.traceIdentities(projectId, [
    ...new Set(lacking.map((span) => span.trace_id)),
  ]);
  for (const span of lacking) {
    const identity = identities.get(span.trace_id);
    if (identity === undefined) continue;
    if (span.agent_name === '') {
      span.agent_name = identity.agentName;
      span.agent_version = identity.agentVersion;
      span.agent_id = identity.agentId;
    }
    span.conversation_id ||= identity.conversationId;
  }
  return spans;
}

const EMPTY_DETAILS = {
  reasoning_content: null,
  tool_description: null,
  tool_definitions: null,
  input_messages: [],
  output_messages: [],
  system_instructions: [],
  tool_call_arguments: null,
  tool_call_result: null,
  compaction_summary: null,
  content_refs: [],
  artifact_refs: [],
  object_refs: [],
};

/** The span as W&B shows it, as JSON. */
function dumpOf({ otelDump, inputs, output }: StoredAgentSpan): string {
  return Buffer.from(otelSpanJson(otelDump, inputs, output)).toString();
}

/** @param shown keys of custom attributes, by where they are. */
function render(
  request: AgentSpansRequest,
  span: AgentSpan,
  shown: ReadonlyMap<string, ReadonlySet<string>>,
): object {
  const { startedAtUs: _from, endedAtUs: _to, ...members } = span;
  const custom = Object.fromEntries(
    Object.keys(NO_CUSTOM_ATTRIBUTES).map((source) => [source, chosen(span, source, shown.get(source))]),
  );
  const details = request.include_details ? {} : EMPTY_DETAILS;
  return { project_id: request.project_id, ...members, ...custom, ...details };
}

/** Integers are shown among floats that are asked for: how they were sent is not known. */
function chosen(span: AgentSpan, source: string, keys: ReadonlySet<string> | undefined): Record<string, unknown> {
  const found = Object.create(null) as Record<string, unknown>;
  const maps = source === 'custom_attrs_float' ? [span.custom_attrs_int, span.custom_attrs_float] : [span[source as keyof typeof NO_CUSTOM_ATTRIBUTES]];
  for (const key of keys ?? []) for (const map of maps) if (Object.hasOwn(map, key)) found[key] = map[key];
  return found;
} // prettier-ignore

function costMembers(span: AgentSpan, costs: SpanCosts | undefined): Record<string, number | null> {
  const cost = costs?.of(span);
  return {
    input_cost_usd: cost?.input ?? null,
    output_cost_usd: cost?.output ?? null,
    cache_read_cost_usd: cost?.cacheRead ?? null,
    cache_creation_cost_usd: cost?.cacheCreation ?? null,
    total_cost_usd: cost?.total ?? null,
  };
}
