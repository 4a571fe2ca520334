import { numberAt, textAt, valueAt } from '@weft/model';
import type { StoredCall, TraceReader } from '@weft/trace-store';
import { opNameOf } from '../evaluations/names.ts';
import type { Trial } from './trials.ts';

/** The calls of one trial: the one around it, and those directly in it in the order they began. */
export interface TrialCalls {
  readonly trial: Trial;
  readonly around: StoredCall;
  readonly children: readonly StoredCall[];
}

/** Trials of the first read; later ones are as large as the calls allow. */
const FIRST_TRIALS = 50;
const MAX_TRIALS_PER_READ = 500;
/** Bytes of calls in hand at a time, as far as those before tell. */
const PAGE_BYTES = 16 * 1024 * 1024;

export interface TrialReads {
  readonly children: boolean;
  readonly signal: AbortSignal;
}

/** The calls of the trials, in the same order, with flat memory. Trials that are gone by now are left out. */
export async function* readTrialCalls(
  reader: TraceReader,
  projectId: string,
  trials: readonly Trial[],
  { children, signal }: TrialReads,
): AsyncGenerator<readonly TrialCalls[]> {
  for (let from = 0, size = FIRST_TRIALS; from < trials.length;) {
    const page = trials.slice(from, from + size);
    const ids = page.map(({ callId }) => callId);
    const arounds = await readAll(reader, projectId, { callIds: ids }, AROUND, signal);
    const inside = children ? await readAll(reader, projectId, { parentIds: ids }, INSIDE, signal) : [];
    const byId = new Map(arounds.map((call) => [call.id, call]));
    const byParent = new Map<string, StoredCall[]>(ids.map((id) => [id, []]));
    for (const call of inside) byParent.get(call.parentId!)!.push(call);
    yield page.flatMap((trial) => {
      const around = byId.get(trial.callId);
      return around === undefined ? [] : [{ trial, around, children: byParent.get(trial.callId)! }];
    });
    from += page.length;
    const average = [...arounds, ...inside].reduce((sum, call) => sum + sizeOf(call), 0) / page.length;
    size = Math.ceil(Math.min(MAX_TRIALS_PER_READ, size * 4, PAGE_BYTES / Math.max(1, average)));
  }
}

const AROUND = ['attributes', 'inputs', 'output', 'summary'] as const;
const INSIDE = ['attributes', 'inputs', 'summary'] as const;

async function readAll(
  reader: TraceReader,
  projectId: string,
  filter: { callIds?: readonly string[]; parentIds?: readonly string[] },
  payloads: typeof AROUND | typeof INSIDE,
  signal: AbortSignal,
): Promise<StoredCall[]> {
  const all: StoredCall[] = [];
  for await (const calls of reader.streamCalls({ projectId, filter, sort: [], payloads }, signal))
    all.push(...calls);
  return all;
}

function sizeOf({ attributes, inputs, output, summary }: StoredCall): number {
  return attributes.length + inputs.length + output.length + summary.length;
}

/** The model's own call: best effort, as there is no mark on it (upstream: select_predict_call). */
export function predictCallOf({ around, children }: TrialCalls): StoredCall | undefined {
  const model = textAt(around.inputs, 'model');
  return children.find((call) => {
    if (isMarkedScore(call)) return false;
    if (model !== undefined && (textAt(call.inputs, 'self') === model || call.opName === model)) return true;
    const name = opNameOf(call.opName).toLowerCase();
    return name.includes('predict') || name.includes('invoke');
  });
}

/** Scorer names and the calls that made their scores: best effort, by their names (upstream: best_effort_scorer_call_ids). */
export function scorerCallsOf({ children }: TrialCalls, scorers: Iterable<string>): Record<string, string> {
  const candidates = children.map((call) => ({ call, name: opNameOf(call.opName).toLowerCase() }));
  const found: [string, string][] = [];
  for (const scorer of scorers) {
    const key = scorer.toLowerCase();
    const match =
      candidates.find(({ name }) => name === key || name === `${key}.score`) ??
      candidates.find(
        ({ call, name }) =>
          (isMarkedScore(call) || name.includes('.score') || name.includes('scorer')) &&
          (name.includes(key) || key.includes(name)),
      );
    if (match !== undefined) found.push([scorer, match.call.id]);
  }
  return Object.fromEntries(found);
}

/** By the routes of evaluation runs, or by the SDK's evaluation logger. */
function isMarkedScore({ attributes }: StoredCall): boolean {
  if (textAt(attributes, 'weave', 'score') === 'true') return true;
  const said = valueAt(attributes, '_weave_eval_meta', 'score');
  return said !== null && said[0] !== 0x66;
}

/** Seconds the model took, else what the trial says. */
export function latencyOf(trial: TrialCalls, predict: StoredCall | undefined): number | null {
  if (predict?.endedAtUs != null) return (predict.endedAtUs - predict.startedAtUs) / 1e6;
  const { output } = trial.around;
  return numberAt(output, 'model_latency', 'mean') ?? numberAt(output, 'model_latency') ?? null;
}
