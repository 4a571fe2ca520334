import { AppError, formatInstant } from '@weft/model';
import {
  AGENT_GROUP_FIGURES,
  AGENT_GROUP_LISTS,
  measureType,
  type AgentCell,
  type AgentGroup,
  type AgentGroupsQuery,
  type AgentMeasure,
  type TraceReader,
} from '@weft/trace-store';
import type { AgentSpansRequest } from '@weft/weave-api';
import { VALUE_TYPES } from './custom-attributes.ts';
import { readAgentSpan } from './agent-span.ts';
import { answerText, promptTexts } from './messages.ts';
import { previewText, withoutJson } from './preview.ts';
import { pricesFor } from './prices.ts';
import { spansFilter } from './query-spans.ts';
import {
  asksForInsights,
  boundOf,
  customRef,
  groupKeys,
  measureOf,
  senseless,
  signalsOf,
  type GroupKey,
} from './refs.ts';

/** Spans of agents by groups. */
export async function groupsJson(reader: TraceReader, request: AgentSpansRequest): Promise<object> {
  const keys = groupKeys(request.group_by);
  const measures = measuresOf(request, keys);
  const filter = spansFilter(request);
  const costs = request.include_costs;
  // All throw for what cannot be asked, so before anything is read.
  const query: AgentGroupsQuery = {
    ...filter,
    groupBy: keys.map(({ value }) => value),
    measures,
    bounds: boundsOf(request, keys),
    signals: signalsOf(request.signal_filters),
    sort: sortOf(request, keys),
    limit: request.limit,
    offset: request.offset,
    prices: costs ? await pricesFor(reader, filter) : undefined,
  };
  const specs = request.group_distributions.map(({ alias, value, bins, top_n: topN }, i) => ({
    alias,
    of: { value: customRef(value, `group_distributions[${i}].value`), bins, topN },
  }));
  if (specs.length > 0 && keys.length !== 1)
    throw senseless('group_distributions', 'currently support one group_by ref');
  if (asksForInsights(request.insight_filters)) return { spans: [], groups: [], total_count: 0 };
  const [groups, total] = await Promise.all([
    request.limit === 0 ? [] : reader.agentGroups(query),
    reader.countAgentGroups(query),
  ]);
  const rendered = groups.map((group) => render(group, keys, request, measures));
  if (keys.length === 1 && isConversation(keys[0]!)) await addPreviews(reader, request, groups, rendered);
  for (const { alias, of } of specs) await addDistribution(reader, query, alias, of, groups, rendered);
  return { spans: [], groups: rendered, total_count: total };
}

type Rendered = ReturnType<typeof render>;

/** Members of a group that a measure must not hide. */
const RESERVED: ReadonlySet<string> = new Set([
  ...AGENT_GROUP_FIGURES,
  ...AGENT_GROUP_LISTS,
  'first_seen',
  'last_seen',
  'total_cost_usd',
  'total_input_cost_usd',
  'total_output_cost_usd',
]);

function measuresOf(request: AgentSpansRequest, keys: readonly GroupKey[]): AgentMeasure[] {
  const seen = new Set([...RESERVED, ...keys.map(({ alias }) => alias)]);
  return request.measures.map((spec, i) => {
    const path = `measures[${i}]`;
    if (seen.has(spec.alias)) throw senseless(`${path}.alias`, `is taken: ${JSON.stringify(spec.alias)}`);
    seen.add(spec.alias);
    return measureOf(spec, path);
  });
}

function boundsOf(request: AgentSpansRequest, keys: readonly GroupKey[]): AgentGroupsQuery['bounds'] {
  const wanted = JSON.stringify(keys.map(({ value }) => value));
  return request.group_filters.map((spec, i) => {
    const path = `group_filters[${i}]`;
    const own = groupKeys(spec.group_by, `${path}.group_by`);
    if (own.length > 0 && JSON.stringify(own.map(({ value }) => value)) !== wanted)
      throw senseless(`${path}.group_by`, 'must be the same as that of the query');
    return boundOf(spec, path);
  });
}

const COSTS = ['total_cost_usd', 'total_input_cost_usd', 'total_output_cost_usd'];
const FIGURES: readonly string[] = [...AGENT_GROUP_FIGURES, 'first_seen', 'last_seen'];

function sortOf(request: AgentSpansRequest, keys: readonly GroupKey[]): AgentGroupsQuery['sort'] {
  return request.sort_by.map(({ field, direction }, i) => {
    if (FIGURES.includes(field) || (request.include_costs && COSTS.includes(field)))
      return { by: field, direction };
    const group = keys.findIndex(({ alias }) => alias === field);
    if (group >= 0) return { by: { group }, direction };
    const measure = request.measures.findIndex(({ alias }) => alias === field);
    if (measure >= 0) return { by: { measure }, direction };
    throw new AppError('invalid_request', `sort_by[${i}].field: Invalid sort field: ${JSON.stringify(field.slice(0, 80))}`);
  });
} // prettier-ignore

function render(group: AgentGroup, keys: readonly GroupKey[], request: AgentSpansRequest, measures: readonly AgentMeasure[]) {
  const named = (names: readonly string[], values: readonly AgentCell[]) =>
    Object.assign(Object.create(null) as Record<string, AgentCell>, Object.fromEntries(names.map((name, i) => [name, values[i]!])));
  return {
    group_keys: named(keys.map(({ alias }) => alias), group.keys),
    ...group.figures,
    total_cost_usd: group.costs[0]!,
    total_input_cost_usd: group.costs[1]!,
    total_output_cost_usd: group.costs[2]!,
    ...group.lists,
    first_seen: formatInstant(group.firstSeenUs),
    last_seen: formatInstant(group.lastSeenUs),
    first_message: null as object | null,
    last_message: null as object | null,
    metrics: named(
      request.measures.map(({ alias }) => alias),
      group.measures.map((value, i) => cellOf(value, measures[i]!)),
    ),
    distributions: {} as Record<string, object>,
  };
} // prettier-ignore

/** Instants as texts. */
export function cellOf(value: AgentCell, measure: AgentMeasure): AgentCell {
  return typeof value === 'number' && measureType(measure) === 'datetime' ? formatInstant(value) : value;
}

function isConversation({ value }: GroupKey): boolean {
  return value.kind === 'column' && value.column === 'conversation_id';
}

async function addPreviews(
  reader: TraceReader,
  request: AgentSpansRequest,
  groups: readonly AgentGroup[],
  rendered: readonly Rendered[],
): Promise<void> {
  const ids = groups
    .map(({ keys }) => keys[0])
    .filter((id) => typeof id === 'string' && id !== '') as string[];
  if (ids.length === 0) return;
  const ends = await reader.conversationEnds({
    projectId: request.project_id,
    conversationIds: ids,
    afterUs: request.started_after,
    beforeUs: request.started_before,
  });
  const byId = new Map(ends.map((each) => [each.conversationId, each]));
  groups.forEach(({ keys }, i) => {
    const { first, last } = byId.get(String(keys[0])) ?? {};
    const prompt = first && promptTexts(readAgentSpan(first).input_messages)[0];
    const answer = last && answerText(readAgentSpan(last).output_messages);
    rendered[i]!.first_message = preview('user_message', withoutJson(prompt ?? ''));
    rendered[i]!.last_message = preview('assistant_message', answer ?? '');
  });
}

function preview(role: string, text: string): object | null {
  const shown = previewText(text);
  return shown === '' ? null : { role, text: shown };
}

async function addDistribution(
  reader: TraceReader,
  query: AgentGroupsQuery,
  alias: string,
  of: Parameters<TraceReader['agentDistribution']>[2],
  groups: readonly AgentGroup[],
  rendered: readonly Rendered[],
): Promise<void> {
  if (groups.length === 0) return;
  // As the store writes values of groups.
  const texts = groups.map(({ keys: [key] }) => (key === null ? '' : typeof key === 'boolean' ? String(Number(key)) : String(key)));
  const rows = await reader.agentDistribution(query, texts, of);
  const isNumber = of.value.source === 'custom_attrs_int' || of.value.source === 'custom_attrs_float';
  groups.forEach(({ figures }, i) => {
    const own = rows.filter(({ group }) => group === texts[i]);
    const present = own[0]?.present ?? 0;
    const counted = own.reduce((sum, row) => sum + row.count, 0);
    rendered[i]!.distributions[alias] = {
      alias,
      source: of.value.source,
      key: of.value.key,
      value_type: VALUE_TYPES[of.value.source],
      total_count: figures.span_count,
      present_count: present,
      missing_count: Math.max(0, figures.span_count - present),
      other_count: isNumber ? 0 : Math.max(0, present - counted),
      bins: isNumber ? own.map(({ index, min, max, count }) => ({ index, min, max, count })) : [],
      values: isNumber ? [] : own.map(({ text, count }) => ({ value: text, count })),
    };
  });
} // prettier-ignore
