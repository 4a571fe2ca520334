import { asBuffer, entriesOf, formatInstant, isNumber, textAt } from '@weft/model';
import type { StoredCall, TraceReader } from '@weft/trace-store';
import type { EvalResultsSummary } from '@weft/weave-api';

type EvaluationSummary = EvalResultsSummary['evaluations'][number];
type Stats = EvaluationSummary['scorer_stats'][number];

/** Different scores of one evaluation that are counted; a scorer that makes up names has no use for sums. */
const MAX_DIMENSIONS = 1000;
const MAX_DEPTH = 16;

/** Adds up trials by evaluation: one line per leaf of what scorers returned (`passed` of `{"passed": true}`). */
export class SummaryBuilder {
  private readonly byEvaluation = new Map<
    string,
    { summary: EvaluationSummary; stats: Map<string, Stats> }
  >();

  add(
    evaluationId: string,
    trial: { scores: Uint8Array | null; tokens: number | null; cost: number | null },
  ): void {
    const { summary, stats } = this.of(evaluationId);
    summary.trial_count++;
    if (trial.tokens !== null)
      summary.predict_total_tokens = (summary.predict_total_tokens ?? 0) + trial.tokens;
    if (trial.cost !== null) summary.predict_total_cost = (summary.predict_total_cost ?? 0) + trial.cost;
    for (const [scorer, value] of entriesOf(trial.scores)) addLeaves(stats, scorer, [], value);
  }

  /** @param roots the evaluations' own calls, as far as they are there. */
  build(
    evaluationIds: readonly string[],
    roots: ReadonlyMap<string, StoredCall>,
    rowCount: number,
  ): EvalResultsSummary {
    const evaluations = evaluationIds.flatMap((id) => {
      const found = this.byEvaluation.get(id);
      if (found === undefined) return [];
      return {
        ...found.summary,
        ...metadataOf(roots.get(id)),
        scorer_stats: [...found.stats.values()].map(withRates),
      };
    });
    return { row_count: rowCount, evaluations };
  }

  private of(id: string) {
    let found = this.byEvaluation.get(id);
    if (found === undefined)
      this.byEvaluation.set(id, (found = { summary: emptySummary(id), stats: new Map() }));
    return found;
  }
}

function emptySummary(evaluationId: string): EvaluationSummary {
  return {
    evaluation_call_id: evaluationId,
    trial_count: 0,
    scorer_stats: [],
    predict_total_tokens: null,
    predict_total_cost: null,
    evaluation_ref: null,
    model_ref: null,
    display_name: null,
    trace_id: null,
    started_at: null,
  };
}

function metadataOf(root: StoredCall | undefined): Partial<EvaluationSummary> {
  if (root === undefined) return {};
  return {
    evaluation_ref: textAt(root.inputs, 'self') ?? textAt(root.inputs, 'this') ?? null,
    model_ref: textAt(root.inputs, 'model') ?? null,
    display_name: root.displayName,
    trace_id: root.traceId,
    started_at: formatInstant(root.startedAtUs),
  };
}

function addLeaves(
  stats: Map<string, Stats>,
  scorer: string,
  path: readonly string[],
  value: Uint8Array,
): void {
  const first = value[0]!;
  if (first === 0x7b) {
    if (path.length < MAX_DEPTH)
      for (const [name, member] of entriesOf(value)) addLeaves(stats, scorer, [...path, name], member);
    return;
  }
  const type =
    first === 0x74 || first === 0x66
      ? 'binary'
      : isNumber(value)
        ? 'continuous'
        : first === 0x22
          ? 'text'
          : undefined;
  if (type === undefined) return;
  const at = path.length === 0 ? null : path.join('.');
  const key = JSON.stringify([scorer, at]);
  let line = stats.get(key);
  if (line === undefined) {
    if (stats.size >= MAX_DIMENSIONS) return;
    stats.set(key, (line = emptyStats(scorer, at, type)));
  }
  line.trial_count++;
  if (type === 'binary') {
    line.pass_known_count++;
    if (first === 0x74) line.pass_true_count++;
  } else if (type === 'continuous') {
    const total = (line.numeric_mean ?? 0) * line.numeric_count + Number(asBuffer(value).toString('latin1'));
    line.numeric_mean = total / ++line.numeric_count;
  }
}

function emptyStats(scorer: string, path: string | null, type: Stats['value_type']): Stats {
  return {
    scorer_key: scorer,
    path,
    value_type: type,
    trial_count: 0,
    numeric_count: 0,
    numeric_mean: null,
    pass_true_count: 0,
    pass_known_count: 0,
    pass_rate: null,
    pass_signal_coverage: null,
  };
}

function withRates(line: Stats): Stats {
  return {
    ...line,
    pass_rate: line.pass_known_count > 0 ? line.pass_true_count / line.pass_known_count : null,
    pass_signal_coverage: line.trial_count > 0 ? line.pass_known_count / line.trial_count : null,
  };
}

export async function readRoots(
  reader: TraceReader,
  projectId: string,
  ids: readonly string[],
): Promise<Map<string, StoredCall>> {
  const roots = new Map<string, StoredCall>();
  const query = { projectId, filter: { callIds: ids }, sort: [], payloads: ['inputs'] as const };
  for await (const calls of reader.streamCalls(query)) for (const call of calls) roots.set(call.id, call);
  return roots;
}
