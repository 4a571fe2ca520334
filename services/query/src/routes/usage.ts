import { route, type Route, type RouteContext } from '@weft/http';
import { AppError, readUsage } from '@weft/model';
import { costOf } from '@weft/prices';
import type { CallsQuery, TraceReader } from '@weft/trace-store';
import { callsUsage, traceUsage, type CallsUsageRequest, type TraceUsageRequest } from '@weft/weave-api';
import { toCallsSelection } from '../calls-requests.ts';
import { CallCosts } from '../costs.ts';
import { JsonOut } from '../json-out.ts';
import { sendChunks } from '../send.ts';
import { rollUp, type UsageCall, type UsageTotal, type UsageTotals } from '../usage-rollup.ts';

/** What calls used together with everything below them (weave-api §4.4). */
export function usageRoutes(reader: TraceReader): Route[] {
  return [
    route(traceUsage, (request, context) => usageOfTrace(reader, request, context)),
    route(callsUsage, (request, context) => usageOfCalls(reader, request, context)),
  ];
}

const DEFAULT_CALLS = 10_000;
/** Their usage is held in memory. */
const MAX_CALLS = 100_000;

async function usageOfTrace(
  reader: TraceReader,
  request: TraceUsageRequest,
  { req, res, signal }: RouteContext,
): Promise<void> {
  const limit = checkedLimit(request.limit);
  const { calls, totals } = await rolledUp(
    reader,
    { ...callsOf(request.project_id, {}, limit), ...toCallsSelection(request) },
    request.include_costs,
    signal,
  );
  await sendChunks(req, res, 'application/json', render(totals, unfinished(calls), request.include_costs));
}

async function usageOfCalls(
  reader: TraceReader,
  { project_id: projectId, call_ids: callIds, limit: asked, include_costs: withCosts }: CallsUsageRequest,
  { req, res, signal }: RouteContext,
): Promise<void> {
  const limit = checkedLimit(asked);
  if (limit === 0) throw new AppError('invalid_request', 'limit: Usage aggregation limit must be positive');
  const usage = new Map<string, UsageTotals>(callIds.map((id) => [id, new Map()]));
  const running: string[] = [];
  for (let batches = [await tracesOf(reader, projectId, callIds, signal)]; batches.length > 0;) {
    const traceIds = batches.pop()!;
    if (traceIds.length === 0) continue;
    const query = callsOf(projectId, { traceIds }, limit + 1);
    const { calls, totals } = await rolledUp(reader, query, withCosts, signal);
    if (calls.length <= limit) {
      for (const id of usage.keys()) usage.set(id, totals.get(id) ?? usage.get(id)!);
      running.push(...unfinished(calls));
    } else if (traceIds.length === 1) {
      throw new AppError(
        'request_too_large',
        `Cannot compute complete usage: a single trace exceeds the ${limit}-call aggregation limit. Increase limit and retry.`,
      );
    } else {
      const middle = traceIds.length >> 1;
      batches = [...batches, traceIds.slice(0, middle), traceIds.slice(middle)];
    }
  }
  await sendChunks(req, res, 'application/json', render(usage, running.sort(), withCosts));
}

function checkedLimit(limit = DEFAULT_CALLS): number {
  if (limit <= MAX_CALLS) return limit;
  throw new AppError('invalid_request', `limit: at most ${MAX_CALLS} calls are looked at`);
}

function callsOf(projectId: string, filter: CallsQuery['filter'], limit?: number): CallsQuery {
  return { projectId, filter, sort: [], limit, payloads: ['summary'] };
}

async function tracesOf(
  reader: TraceReader,
  projectId: string,
  callIds: readonly string[],
  signal: AbortSignal,
): Promise<string[]> {
  if (callIds.length === 0) return [];
  const traces = new Set<string>();
  const query = { ...callsOf(projectId, { callIds }), payloads: [] };
  for await (const page of reader.streamCalls(query, signal))
    for (const call of page) traces.add(call.traceId);
  return [...traces];
}

type CallOfUsage = UsageCall & { readonly startedAtUs: number };

async function rolledUp(
  reader: TraceReader,
  query: CallsQuery,
  withCosts: boolean,
  signal: AbortSignal,
): Promise<{ calls: readonly CallOfUsage[]; totals: Map<string, UsageTotals> }> {
  const calls: CallOfUsage[] = [];
  const costs = new CallCosts(reader, query.projectId);
  for await (const page of reader.streamCalls(query, signal)) {
    for (const { id, isSpan, traceId, parentId, startedAtUs, endedAtUs, summary } of page)
      calls.push({ id, isSpan, traceId, parentId, startedAtUs, endedAtUs, usage: readUsage(summary) });
    if (withCosts) await costs.load(page);
  }
  const startOf = new Map(calls.map((call) => [call as UsageCall, call.startedAtUs]));
  const totals = rollUp(
    calls,
    withCosts
      ? (call, usage) => {
          const price = costs.priceOf(usage.model, startOf.get(call)!);
          return price === undefined ? undefined : costOf(usage, price);
        }
      : undefined,
  );
  return { calls, totals };
}

function unfinished(calls: readonly UsageCall[]): string[] {
  return [...new Set(calls.filter((call) => call.endedAtUs === null).map((call) => call.id))].sort();
}

const FLUSH_BYTES = 256 * 1024;

async function* render(
  usage: ReadonlyMap<string, UsageTotals>,
  running: readonly string[],
  withCosts: boolean,
): AsyncGenerator<Buffer> {
  const out = new JsonOut();
  out.text('{"call_usage":{');
  let separator = '';
  for (const [id, totals] of usage) {
    const models = [...totals].map(
      ([model, total]) => `${JSON.stringify(model)}:${renderTotal(total, withCosts)}`,
    );
    out.text(`${separator}${JSON.stringify(id)}:{${models.join(',')}}`);
    separator = ',';
    if (out.sizeBytes >= FLUSH_BYTES) yield out.take();
  }
  out.text(`},"unfinished_call_ids":${JSON.stringify(running)}}`);
  yield out.take();
}

function renderTotal(total: UsageTotal, withCosts: boolean): string {
  const cost = (value: number) => (withCosts ? value : null);
  return JSON.stringify({
    requests: total.requests,
    prompt_tokens: total.promptTokens,
    completion_tokens: total.completionTokens,
    total_tokens: total.totalTokens,
    cache_read_input_tokens: total.cacheReadTokens,
    cache_creation_input_tokens: total.cacheCreationTokens,
    prompt_tokens_total_cost: cost(total.promptCost),
    completion_tokens_total_cost: cost(total.completionCost),
    cache_read_input_tokens_total_cost: cost(total.cacheReadCost),
    cache_creation_input_tokens_total_cost: cost(total.cacheCreationCost),
  });
}
