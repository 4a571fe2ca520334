import { createMatcher, type Monitor } from '@weft/scoring';
import type { StoredCall, TraceReader } from '@weft/trace-store';
import { gatheredBy, isInSample, type Heard } from '../intake/candidates.ts';
import type { ScoreJob } from '../jobs.ts';
import { looked, opFilter, type Place, type Range } from './range.ts';

/** A call of the past that the monitor scores. */
export interface Chosen extends Pick<
  ScoreJob,
  'projectId' | 'callId' | 'spanTraceId' | 'isAgentTurn' | 'gathered'
> {
  /** What it belongs to, where the monitor gathers. */
  readonly belongsTo: string | undefined;
  readonly endedAtUs: number;
  /** Of its payloads, where it was asked for. */
  readonly sizeBytes: number;
}

/** A page of calls that the monitor's query holds for. */
export interface Page {
  /** Of the monitor's ops. */
  readonly matched: number;
  readonly chosen: readonly Chosen[];
  /** How many calls were read, and where the pass is after them. */
  readonly read: number;
  readonly place: Place | undefined;
}

export interface PassDeps {
  readonly reader: Pick<TraceReader, 'streamCalls'>;
  /** The most of what is gathered, whatever the monitor says. */
  readonly maxGathered: number;
}

const PAGE_CALLS = 1000;

/** Goes through the calls of a range that the monitor looks at, oldest first, deciding as is decided for live calls. */
export async function* pass(
  { reader, maxGathered }: PassDeps,
  monitor: Monitor,
  range: Range,
  options: { readonly after?: Place | undefined; readonly signal: AbortSignal; readonly sizes: boolean },
): AsyncGenerator<Page> {
  const choose = createChoice(monitor, maxGathered);
  let place = options.after;
  for (;;) {
    const query = {
      projectId: monitor.projectId,
      filter: opFilter(monitor),
      condition: looked(monitor, range, place),
      sort: [],
      limit: PAGE_CALLS,
      payloads: [],
      storageSize: options.sizes,
    };
    const calls: StoredCall[] = [];
    for await (const some of reader.streamCalls(query, options.signal)) calls.push(...some);
    options.signal.throwIfAborted();
    const last = calls.at(-1);
    if (last !== undefined) place = { startedAtUs: last.startedAtUs, id: last.id, traceId: last.traceId };
    const matches = calls.flatMap((call) => choose(call) ?? []);
    yield {
      matched: matches.length,
      chosen: matches.flatMap(({ chosen }) => chosen ?? []),
      read: calls.length,
      place,
    };
    if (calls.length < PAGE_CALLS) return;
  }
}

/** @returns what is scored of a call that the monitor looks at: undefined = it does not, without `chosen` = not in the sample. */
function createChoice(monitor: Monitor, maxGathered: number) {
  // An inactive one is asked what it would do.
  const matcher = createMatcher([{ ...monitor, active: true }]);
  return (call: StoredCall): { readonly chosen?: Chosen } | undefined => {
    const heard = toHeard(call);
    const [match] = matcher.match(heard.facts);
    if (match === undefined) return undefined;
    const value = gatheredBy(monitor, heard);
    if (value === null || value === '' || !isInSample(monitor, heard, maxGathered)) return {};
    const { projectId, callId, spanTraceId, facts } = heard;
    const { isAgentTurn } = match;
    const { field, method } = monitor.debounce ?? {};
    const gathered =
      value !== undefined && field !== undefined && method === 'all_messages' ? { field, value } : null;
    const { endedAtUs } = facts;
    const sizeBytes = call.storageSizeBytes ?? 0;
    return {
      chosen: {
        projectId,
        callId,
        spanTraceId,
        isAgentTurn,
        gathered,
        belongsTo: value,
        endedAtUs,
        sizeBytes,
      },
    };
  };
}

function toHeard(call: StoredCall): Heard {
  const { projectId, id, isSpan, traceId, parentId, threadId, opName, endedAtUs } = call;
  return {
    projectId,
    callId: id,
    spanTraceId: isSpan ? traceId : null,
    facts: { traceId, parentId, threadId, opName, isSpan, isScore: false, endedAtUs: endedAtUs ?? 0 },
  };
}

/** Of what belongs together the call that ended last is scored: kept until the pass is over. */
export class Gathered {
  private readonly newest = new Map<string, Chosen>();
  private readonly max: number;

  constructor(max: number) {
    this.max = max;
  }

  /** @returns false where there are too many to remember. */
  add(chosen: readonly Chosen[]): boolean {
    for (const each of chosen) {
      const known = this.newest.get(each.belongsTo!);
      if (known === undefined || known.endedAtUs <= each.endedAtUs) this.newest.set(each.belongsTo!, each);
    }
    return this.newest.size <= this.max;
  }

  *pages(size: number): Generator<readonly Chosen[]> {
    const all = [...this.newest.values()];
    for (let from = 0; from < all.length; from += size) yield all.slice(from, from + size);
  }
}
