import type { ClickHouse } from '../clickhouse.ts';
import { NO_INSTANT_US } from '../native.ts';
import type { RowReader } from '../row-binary.ts';
import { DISPLAY_NAME } from './columns.ts';
import type { Key } from './newest.ts';
import { planCalls, type CallsPlan } from './plan.ts';
import { newestInKeyOrder } from './read.ts';
import { EXCEPTION } from './row.ts';

/** Where a call stands among those of its trace: they come by start, then id. */
export interface TracePlace {
  readonly startedAtUs: number;
  readonly id: string;
  /** Empty where the call was not made of a span. */
  readonly spanTraceId: string;
}

/** What its summary says of one model. */
export interface TraceUsage {
  readonly model: string;
  readonly promptTokens: number;
  readonly completionTokens: number;
  readonly cacheReadTokens: number;
  readonly cacheCreationTokens: number;
}

/** A call as the picture of its trace needs it, without payloads. */
export interface TraceCall extends TracePlace {
  readonly parentId: string | null;
  readonly opName: string;
  readonly displayName: string | null;
  /** Null while it runs. */
  readonly endedAtUs: number | null;
  /** The first characters of its error; null = none. */
  readonly error: string | null;
  /** Whether it failed, or a call below it that it says so of. */
  readonly status: 'success' | 'error' | 'running' | 'descendant_error';
  readonly usage: readonly TraceUsage[];
}

export interface TraceReads {
  /**
   * The calls of one trace in the order of their start, from behind `after`; with `withinSeconds` only those of which something was
   * stored that lately. Reads narrow columns and no payload.
   */
  streamTrace(
    query: {
      readonly projectId: string;
      readonly traceId: string;
      readonly after?: TracePlace | undefined;
      readonly withinSeconds?: number | undefined;
      readonly limit: number;
    },
    signal?: AbortSignal,
  ): AsyncIterable<readonly TraceCall[]>;
}

const ERROR_LENGTH = 200;

/** In the order of `readCall`. */
const COLUMNS = [
  'ver, span_trace_id, id, parent_id, op_name',
  DISPLAY_NAME,
  'toUnixTimestamp64Micro(started_at), toUnixTimestamp64Micro(ended_at)',
  `substringUTF8(${EXCEPTION}, 1, ${ERROR_LENGTH})`,
  'toInt8(status), toString(model), prompt_tokens, completion_tokens, cache_read_tokens, cache_creation_tokens',
  'usage_models, usage_counts',
].join(', ');

const STATUSES = ['success', 'success', 'error', 'running', 'descendant_error'] as const;
/** Prompt, completion, total, cache read and cache creation tokens of each model. */
const COUNTS_OF_MODEL = 5;
const NO_USAGE: readonly TraceUsage[] = [];

interface Row extends Key {
  readonly call: TraceCall;
}

function readCall(row: RowReader): Row {
  const ver = row.uint128();
  const spanTraceId = row.text();
  const id = row.text();
  const parentId = row.textOrNull();
  const opName = row.text();
  const displayName = row.textOrNull();
  const startedAtUs = row.int64();
  const endedAtUs = instantOrNull(row.int64());
  const error = row.nullableText();
  const status = STATUSES[row.uint8()]!;
  const usage = readUsage(row);
  const call = {
    spanTraceId,
    id,
    parentId,
    opName,
    displayName,
    startedAtUs,
    endedAtUs,
    error,
    status,
    usage,
  };
  return { ver, spanTraceId, id, startedAtUs, call };
}

function instantOrNull(us: number): number | null {
  return us === NO_INSTANT_US ? null : us;
}

function readUsage(row: RowReader): readonly TraceUsage[] {
  const model = row.text();
  const one = {
    model,
    promptTokens: row.uint32(),
    completionTokens: row.uint32(),
    cacheReadTokens: row.uint32(),
    cacheCreationTokens: row.uint32(),
  };
  const models = row.texts();
  const counts = row.list(() => row.uint32());
  if (models.length === 0) return model === '' ? NO_USAGE : [one];
  return models.map((each, i) => {
    const at = i * COUNTS_OF_MODEL;
    return {
      model: each,
      promptTokens: counts[at]!,
      completionTokens: counts[at + 1]!,
      cacheReadTokens: counts[at + 3]!,
      cacheCreationTokens: counts[at + 4]!,
    };
  });
}

/** See `TraceReads.streamTrace`. */
export async function* streamTrace(
  db: ClickHouse,
  { projectId, traceId, after, withinSeconds, limit }: Parameters<TraceReads['streamTrace']>[0],
  signal?: AbortSignal,
): AsyncGenerator<readonly TraceCall[]> {
  const query = { projectId, filter: { traceIds: [traceId] }, sort: [] };
  const plan = await planCalls(db, query, signal);
  const rows = { columns: COLUMNS, read: readCall };
  const pages = newestInKeyOrder(db, lately(plan, withinSeconds), query, rows, limit, signal, after);
  for await (const page of pages) if (page.length > 0) yield page.map(({ call }) => call);
}

/** Of a call's rows the newest was stored last, so it is among them if any is. */
function lately(plan: CallsPlan, withinSeconds: number | undefined): CallsPlan {
  if (withinSeconds === undefined) return plan;
  return {
    ...plan,
    where: (exclusions) => `${plan.where(exclusions)}\n  AND stored_at >= now() - {within:UInt32}`,
    params: { ...plan.params, within: withinSeconds },
  };
}
