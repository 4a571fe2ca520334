import { createMatcher, type Monitor } from '@weft/scoring';
import type { CallPayload, StoredCall, TraceReader } from '@weft/trace-store';

/** A trace or thread. */
export interface Gathered {
  readonly projectId: string;
  readonly field: 'trace_id' | 'thread_id';
  readonly value: string;
}

export interface GatheredCall {
  readonly call: StoredCall;
  readonly isAgentTurn: boolean;
}

/** Calls of a trace or thread that are looked at. */
const MAX_LOOKED_AT = 1000;
/** Payloads of calls that are scored together: what is older is left out. */
const MAX_BYTES = 8 * 1024 * 1024;
const NEWEST = [{ field: 'ended_at', direction: 'desc' }] as const;

/** Finished calls of a trace or thread that the monitor looks at, the newest first. */
export async function findGathered(
  reader: Pick<TraceReader, 'streamCalls'>,
  monitor: Monitor,
  { projectId, field, value }: Gathered,
  { limit, payloads }: { readonly limit: number; readonly payloads: readonly CallPayload[] },
): Promise<GatheredCall[]> {
  const matcher = createMatcher([{ ...monitor, active: true }]);
  const filter = field === 'trace_id' ? { traceIds: [value] } : { threadIds: [value] };
  const query = { projectId, filter, sort: NEWEST, limit: MAX_LOOKED_AT, payloads };
  const condition = monitor.query === undefined ? {} : { condition: monitor.query };
  const found: GatheredCall[] = [];
  let bytes = 0;
  for await (const page of reader.streamCalls({ ...query, ...condition })) {
    for (const call of page) {
      if (call.endedAtUs === null) continue;
      const [match] = matcher.match({ ...call, endedAtUs: call.endedAtUs, isScore: false });
      if (match === undefined) continue;
      bytes += call.attributes.length + call.inputs.length + call.output.length + call.summary.length;
      if (bytes > MAX_BYTES && found.length > 0) return found;
      found.push({ call, isAgentTurn: match.isAgentTurn });
      if (found.length >= limit) return found;
    }
  }
  return found;
}

/** What is scored together with `call`: it and what ended before it, oldest first, at most `limit`. */
export async function gatherCalls(
  reader: Pick<TraceReader, 'streamCalls'>,
  monitor: Monitor,
  gathered: Gathered,
  call: StoredCall,
  limit: number,
): Promise<StoredCall[]> {
  const payloads = ['attributes', 'inputs', 'output', 'summary'] as const;
  const found = await findGathered(reader, monitor, gathered, { limit, payloads });
  const earlier = found
    .map((each) => each.call)
    .filter((each) => !isSame(each, call) && each.endedAtUs! <= call.endedAtUs!);
  return [...earlier.slice(0, limit - 1).reverse(), call];
}

function isSame(one: StoredCall, other: StoredCall): boolean {
  return one.id === other.id && one.traceId === other.traceId;
}
