import type { EventLog, Offsets } from '@weft/event-log';
import { AppError, type EndGroup, type StartGroup } from '@weft/model';
import { MAPPING_VERSION, readDump, spanToCall, type OtlpSpan, type SpanCall } from '@weft/otlp';
import { createTurns } from '@weft/runtime';
import {
  lowestSpanVersion,
  mappingOf,
  type SpanKey,
  type SpanRow,
  type TraceReader,
} from '@weft/trace-store';
import type { RemapRequest } from '@weft/weave-api';
import { asLifted } from './as-lifted.ts';
import { fromCursor, toCursor } from './cursor.ts';
import { differencesOf, shortened, type Difference } from './differences.ts';
import { named, RemapReport, Samples } from './report.ts';
import { SpanEvents, type StoredFacts } from './span-events.ts';

export interface RemapDeps {
  readonly reader: Pick<TraceReader, 'streamSpans'>;
  readonly eventLog: Pick<EventLog, 'append'>;
  /** Where the writer is. */
  readonly log: Pick<EventLog, 'endOffsets' | 'waitCommitted'>;
}

/** Spans between two lines of progress. */
const PAGE_SPANS = 500;
/** Spans that are held until they are appended, roughly. */
const FLUSH_BYTES = 4 * 1024 * 1024;
/** A line goes out at least this often while the writer is behind. */
const WAIT_MS = 5_000;
const DEFAULT_SAMPLES = 20;
const MAX_FAILURES = 20;
const NO_SCOPE = { name: '', version: '' };

/**
 * Maps stored spans with this program's mapping, and appends those that become another call to the log as if they had come
 * again; of two mappings of a span the one with the higher number wins in the store. Everything but the span's own content
 * (renames, deletes, feedback, log records) is left alone. Repeating it, or parts of it, changes nothing more.
 *
 * The log holds at most what one page has appended: the next one is appended when that is stored, so that what clients
 * send is hardly delayed. A line's cursor covers what is durable in the log.
 */
export async function* remapSpans(
  { reader, eventLog, log }: RemapDeps,
  request: RemapRequest,
  signal: AbortSignal,
): AsyncGenerator<object> {
  const { project_id: projectId, from: fromUs, to: toUs, dry_run: dryRun } = request;
  const report = new RemapReport();
  const samples = new Samples(dryRun ? (request.samples ?? DEFAULT_SAMPLES) : 0);
  const events = new SpanEvents(projectId);
  const rest = createTurns();
  let after = request.after === undefined ? undefined : fromCursor(request.after);
  let cursor = request.after ?? null;
  let ends: Offsets | undefined;
  let failures = 0;
  const line = (kind: string) => ({ kind, ...report.progress(), cursor });

  async function* stored(): AsyncGenerator<object> {
    while (ends !== undefined) {
      signal.throwIfAborted();
      if (await log.waitCommitted('trace-events', 'writer', ends, WAIT_MS)) ends = undefined;
      else yield line('waiting');
    }
  }
  async function* flush(): AsyncGenerator<object> {
    const taken = events.take();
    if (taken.length === 0) return;
    yield* stored();
    await eventLog.append('trace-events', taken);
    ends = await log.endOffsets('trace-events');
  }

  for (let got = PAGE_SPANS; got === PAGE_SPANS;) {
    got = 0;
    const query = { projectId, fromUs, toUs, after, limit: PAGE_SPANS };
    for await (const rows of reader.streamSpans(query, signal)) {
      for (const row of rows) {
        got++;
        after = keyOf(row);
        const mapped = await mapAgain(row);
        report.add(mapped.verdict, mapped.span?.scope ?? NO_SCOPE);
        if (mapped.reason !== undefined) report.because(mapped.reason);
        report.differ(mapped.differences);
        if (mapped.verdict === 'failed' && failures++ < MAX_FAILURES)
          yield { kind: 'failure', ...named(row), reason: mapped.reason };
        if (mapped.differences.length > 0 && samples.take(mapped.span!.scope.name, mapped.differences))
          yield sampleOf(row, mapped);
        if (mapped.verdict === 'changed' && !dryRun)
          events.add(mapped.span!, storedFacts(row, mapped.differences));
        if (events.sizeBytes >= FLUSH_BYTES) yield* flush();
        const pause = rest();
        if (pause !== undefined) await pause;
      }
    }
    yield* flush();
    if (after !== undefined) cursor = toCursor(after);
    yield line('progress');
  }
  yield* stored();
  yield { kind: 'done', dry_run: dryRun, mapping_version: MAPPING_VERSION, ...report.summary(), cursor };
}

interface Mapped {
  readonly verdict: 'unchanged' | 'changed' | 'not_applied' | 'failed';
  readonly span?: OtlpSpan;
  readonly differences: readonly Difference[];
  readonly reason?: string;
}

async function mapAgain({ projectId, state: { start, end } }: SpanRow): Promise<Mapped> {
  if (start?.otelDump == null || end === undefined)
    return { verdict: 'failed', differences: [], reason: 'the call has no span' };
  if ([...(start.claims ?? []), ...(end.claims ?? [])].length > 0)
    return {
      verdict: 'failed',
      differences: [],
      reason: 'a payload of the call cannot be had from the blob store',
    };
  let span: OtlpSpan;
  let call: SpanCall;
  try {
    span = readDump(start.otelDump, start.inputs, end.output);
    const { userId, startedAtUs: receivedAtUs } = start;
    call = await asLifted(spanToCall(span, { projectId, userId, receivedAtUs }), { start, end });
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    return { verdict: 'failed', differences: [], reason: error.message };
  }
  const differences = differencesOf({ start, end }, call);
  if (differences.length === 0) return { verdict: 'unchanged', span, differences };
  const reason = whyNot(differences, { start, end }, span, call);
  return reason === undefined
    ? { verdict: 'changed', span, differences }
    : { verdict: 'not_applied', span, differences, reason };
}

/** Why what is stored may win over what the span means now; undefined: it can't. */
function whyNot(
  differences: readonly Difference[],
  stored: { readonly start: StartGroup; readonly end: EndGroup },
  span: OtlpSpan,
  call: SpanCall,
): string | undefined {
  // As the writer makes versions.
  const timesUs = { start: span.start.us || call.start.startedAtUs, end: span.end.us || call.end.endedAtUs };
  for (const group of new Set(differences.map((difference) => difference.group))) {
    const { version } = stored[group];
    if (version < lowestSpanVersion(timesUs[group], MAPPING_VERSION)) continue;
    const mapping = mappingOf(version) ?? 0;
    if (mapping > MAPPING_VERSION) return 'stored by a newer mapping than this server has';
    return mapping === MAPPING_VERSION
      ? `stored by mapping ${MAPPING_VERSION} with another result: MAPPING_VERSION has to be raised`
      : 'a span that says no time would move back in time';
  }
  return undefined;
}

function keyOf({ id, spanTraceId, state }: SpanRow): SpanKey {
  return { startedAtUs: state.start!.startedAtUs, id, spanTraceId };
}

function storedFacts({ state: { start } }: SpanRow, differences: readonly Difference[]): StoredFacts {
  const { userId, startedAtUs, otelDump, inputs } = start!;
  return {
    userId: userId ?? '',
    startedAtUs,
    hasMoved: differences.some(({ field }) => field === 'started_at'),
    sizeBytes: otelDump!.length + inputs.length,
  };
}

function sampleOf(row: SpanRow, { span, differences, verdict }: Mapped): object {
  const { name, version } = span!.scope;
  return {
    kind: 'sample',
    ...named(row),
    name: span!.name.slice(0, 128),
    scope: name,
    version,
    verdict,
    differences: differences.map(shortened),
  };
}
