import { route, type Route } from '@weft/http';
import type { TraceReader } from '@weft/trace-store';
import {
  evalResultsPage,
  evalResultsQuery,
  type EvalResultsQuery,
  type EvalResultsSummary,
} from '@weft/weave-api';
import { CallCosts } from '../costs.ts';
import { predictCosts, withoutCosts, type PredictCosts } from '../eval-results/costs.ts';
import { renderRows, scoresOf, tokensOf } from '../eval-results/render.ts';
import { toSelection } from '../eval-results/select.ts';
import { readRoots, SummaryBuilder } from '../eval-results/summary.ts';
import { predictCallOf, readTrialCalls, type TrialReads } from '../eval-results/trial-calls.ts';
import { readRows, type ResultRow } from '../eval-results/trials.ts';
import { sendChunks } from '../send.ts';

/** Results of evaluations side by side (weave-api §4.14): of the SDK's evaluations and of evaluation runs alike. */
export function evalResultsRoutes(reader: TraceReader): Route[] {
  return [
    route(evalResultsQuery, async (request, { req, res, signal }) => {
      const answer = await selectRows(reader, request, signal);
      await sendChunks(req, res, 'application/json', renderAnswer(reader, request, answer));
    }),
    route(evalResultsPage, async (request, { req, res, signal }) => {
      const answer = await selectRows(reader, request, signal);
      const chunks = renderAnswer(reader, request, answer, request.preview_bytes);
      await sendChunks(req, res, 'application/json', chunks);
    }),
  ];
}

interface Selected {
  /** Those of the page. */
  readonly rows: readonly ResultRow[];
  readonly totalRows: number;
  readonly summary: EvalResultsSummary | null;
  readonly reads: TrialReads;
  readonly costs: PredictCosts;
}

async function selectRows(
  reader: TraceReader,
  request: EvalResultsQuery,
  signal: AbortSignal,
): Promise<Selected> {
  const { project_id: projectId, filters = [], sort_by: sort = [], offset = 0 } = request;
  const ids = [...new Set([...(request.evaluation_call_ids ?? []), ...(request.evaluation_run_ids ?? [])])];
  const selection = toSelection(filters, request.filter_logic_operator, sort, ids);
  const matching = (await readRows(reader, projectId, ids, selection.fields, signal)).filter(
    selection.matches,
  );
  const shown = request.require_intersection ? inAll(matching, ids) : matching;
  const reads = { children: request.include_predict_and_score_children, signal };
  const costs = request.include_costs ? predictCosts(new CallCosts(reader, projectId)) : withoutCosts;
  const summed =
    (request.summary_require_intersection ?? request.require_intersection) ? inAll(matching, ids) : matching;
  const summary = request.include_summary
    ? await summarize(reader, projectId, ids, summed, reads, costs)
    : null;
  if (!request.include_rows) return { rows: [], totalRows: shown.length, summary, reads, costs };
  const end = request.limit === undefined ? undefined : offset + request.limit;
  return { rows: selection.sort(shown).slice(offset, end), totalRows: shown.length, summary, reads, costs };
}

/** Rows that every evaluation has. */
function inAll(rows: readonly ResultRow[], evaluationIds: readonly string[]): readonly ResultRow[] {
  return rows.filter(
    ({ trials }) => new Set(trials.map((trial) => trial.evaluationId)).size === evaluationIds.length,
  );
}

async function summarize(
  reader: TraceReader,
  projectId: string,
  evaluationIds: readonly string[],
  rows: readonly ResultRow[],
  reads: TrialReads,
  costs: PredictCosts,
): Promise<EvalResultsSummary> {
  const builder = new SummaryBuilder();
  const trials = rows.flatMap((row) => row.trials);
  for await (const page of readTrialCalls(reader, projectId, trials, reads)) {
    const priced = await costs(page);
    page.forEach((calls, i) =>
      builder.add(calls.trial.evaluationId, {
        scores: scoresOf(calls),
        tokens: tokensOf((predictCallOf(calls) ?? calls.around).summary),
        cost: priced[i] ?? null,
      }),
    );
  }
  return builder.build(evaluationIds, await readRoots(reader, projectId, evaluationIds), rows.length);
}

async function* renderAnswer(
  reader: TraceReader,
  request: EvalResultsQuery,
  { rows, totalRows, summary, reads, costs }: Selected,
  previewBytes?: number,
): AsyncGenerator<Buffer> {
  const warnings = new Set<string>();
  const rawRows = request.include_raw_data_rows ? (request.resolve_row_refs ? 'values' : 'refs') : 'none';
  yield Buffer.from('{"rows":[');
  yield* renderRows(reader, {
    projectId: request.project_id,
    rows,
    reads,
    costs,
    rawRows,
    previewBytes,
    warnings,
  });
  yield Buffer.from(
    `],"total_rows":${totalRows},"summary":${JSON.stringify(summary)},"warnings":${JSON.stringify([...warnings])}}`,
  );
}
