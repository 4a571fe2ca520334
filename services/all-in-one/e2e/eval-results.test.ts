import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { requireBackend } from '@weft/testkit';
import { runProgram } from './program.ts';
import { newProject, openStack, type Stack } from './stack.ts';

let stack: Stack;
beforeAll(async () => {
  stack = await openStack();
});
afterAll(() => stack.stop());

interface Trial {
  readonly predict_and_score_call_id: string;
  readonly predict_call_id: string | null;
  readonly model_output: any;
  readonly scores: any;
  readonly model_latency_seconds: number | null;
  readonly total_tokens: number | null;
  readonly total_cost: number | null;
  readonly scorer_call_ids: Record<string, string>;
}

interface Results {
  readonly rows: {
    row_digest: string;
    raw_data_row: any;
    evaluations: { evaluation_call_id: string; trials: Trial[] }[];
  }[];
  readonly total_rows: number;
  readonly summary: any;
  readonly warnings: string[];
}

const ask = (project: string, body: object) => stack.post<Results>(`/v2/${project}/eval_results/query`, body);

const EVALUATION = 'weave:///e/p/object/my-eval:abc';
const model = (name: string) => `weave:///e/p/object/${name}:def`;
const scorer = (name: string) => `weave:///e/p/object/${name}:123`;

/** A run over rows given as values; each has scores by name. */
async function run(project: string, name: string, rows: { x: unknown; scores: Record<string, unknown>; usage?: object }[]): Promise<string> {
  const base = `/v2/${project}`;
  const { evaluation_run_id } = await stack.post<{ evaluation_run_id: string }>(`${base}/evaluation_runs`, { evaluation: EVALUATION, model: model(name) });
  for (const { x, scores } of rows) {
    const { prediction_id } = await stack.post<{ prediction_id: string }>(`${base}/predictions`, { model: model(name), inputs: { x }, output: { said: `${name} ${String(x)}` }, evaluation_run_id });
    for (const [scored, value] of Object.entries(scores))
      await stack.post(`${base}/scores`, { prediction_id, scorer: scorer(scored), value, evaluation_run_id });
    await stack.post(`${base}/predictions/${prediction_id}/finish`, {});
  }
  await stack.post(`${base}/evaluation_runs/${evaluation_run_id}/finish`, {});
  return evaluation_run_id;
} // prettier-ignore

describe('results of evaluation runs', () => {
  const project = newProject('results');
  let [one, two] = ['', ''];
  beforeAll(async () => {
    one = await run(project, 'one', [
      { x: 'a', scores: { ok: true, size: 1 } },
      { x: 'b', scores: { ok: false, size: 5 } },
      { x: 'c', scores: { ok: true, size: 3 } },
      { x: 'c', scores: { ok: true, size: 4 } },
    ]);
    two = await run(project, 'two', [
      { x: 'a', scores: { ok: false, size: 9 } },
      { x: 'b', scores: { ok: false, size: 6 } },
      { x: 'd', scores: { ok: true, detail: { deep: 0.5, note: 'n' } } },
    ]);
  }, 60_000);

  const xs = (results: Results) => results.rows.map((row) => row.raw_data_row.x);
  const rows = (body: object) =>
    ask(project, { evaluation_call_ids: [one, two], include_raw_data_rows: true, ...body });

  it('stand side by side by row', async () => {
    const results = await ask(project, { evaluation_run_ids: [one, two], evaluation_call_ids: [one] });
    expect([results.total_rows, results.rows.length, results.summary, results.warnings]).toEqual([
      4,
      4,
      null,
      [],
    ]);
    const digests = results.rows.map((row) => row.row_digest);
    expect(digests).toEqual([...digests].sort());
    const ofC = results.rows.find(({ evaluations }) => evaluations[0]!.trials.length === 2)!;
    expect(ofC).toEqual({
      row_digest: expect.any(String),
      raw_data_row: null,
      evaluations: [
        {
          evaluation_call_id: one,
          trials: [3, 4].map((size) => ({
            predict_and_score_call_id: expect.any(String),
            predict_call_id: expect.any(String),
            model_output: { said: 'one c' },
            scores: { ok: true, size },
            model_latency_seconds: expect.any(Number),
            total_tokens: null,
            total_cost: null,
            scorer_call_ids: { ok: expect.any(String), size: expect.any(String) },
            genai_span_ref: null,
          })),
        },
      ],
    });
    const ofA = (await rows({})).rows.find((row) => row.raw_data_row.x === 'a')!;
    expect(ofA.evaluations.map((each) => [each.evaluation_call_id, each.trials[0]!.scores])).toEqual([
      [one, { ok: true, size: 1 }],
      [two, { ok: false, size: 9 }],
    ]);
  });

  it('are cut to what all evaluations have, and to a page', async () => {
    const both = await rows({ require_intersection: true });
    expect([both.total_rows, xs(both).sort()]).toEqual([2, ['a', 'b']]);
    const page = await rows({ limit: 2, offset: 1, sort_by: [{ field: 'inputs.x', direction: 'asc' }] });
    expect([page.total_rows, xs(page)]).toEqual([4, ['b', 'c']]);
    expect(await rows({ limit: 0 })).toMatchObject({ rows: [], total_rows: 4 });
    expect(await rows({ include_rows: false })).toMatchObject({ rows: [], total_rows: 4 });
  });

  it.each([
    [{ field: 'inputs.x', direction: 'desc' }, ['d', 'c', 'b', 'a']],
    [{ field: 'scores.size', direction: 'asc', evaluation_call_id: 'one' }, ['a', 'c', 'b', 'd']],
    // a: mean of 1 and 9; b: of 5 and 6; c: of 3 and 4; d has none.
    [{ field: 'scores.size', direction: 'desc' }, ['b', 'a', 'c', 'd']],
    [{ field: 'scores.ok', direction: 'desc', evaluation_call_id: 'two' }, ['d', /[ab]/, /[ab]/, 'c']],
    // a: 8, b: 1.
    [{ field: 'scores.size', direction: 'desc', mode: 'difference' }, ['a', 'b', /[cd]/, /[cd]/]],
    [{ field: 'output.output.said', direction: 'asc', evaluation_call_id: 'one' }, ['a', 'b', 'c', 'd']],
  ])('are sorted by %j', async (sort: any, expected) => {
    const evaluation_call_id = ({ one, two } as any)[sort.evaluation_call_id];
    const got = xs(await rows({ sort_by: [{ ...sort, evaluation_call_id }] }));
    expect(got).toEqual(
      expected.map((each) => (typeof each === 'string' ? each : expect.stringMatching(each))),
    );
  });

  const field = (name: string) => ({ $getField: name });
  it.each([
    [[{ query: { $expr: { $eq: [field('scores.ok'), { $literal: true }] } } }], 'or', ['a', 'c', 'd']],
    [[{ of: 'two', query: { $expr: { $gt: [field('scores.size'), { $literal: 6 }] } } }], 'or', ['a']],
    [
      [
        { of: 'one', query: { $expr: { $gt: [field('scores.size'), { $literal: 4 }] } } },
        { of: 'two', query: { $expr: { $gt: [field('scores.size'), { $literal: 8 }] } } },
      ],
      'or',
      ['a', 'b'],
    ],
    [
      [
        { of: 'one', query: { $expr: { $gt: [field('scores.size'), { $literal: 4 }] } } },
        { of: 'two', query: { $expr: { $gt: [field('scores.size'), { $literal: 5 }] } } },
      ],
      'and',
      ['b'],
    ],
    [[{ query: { $expr: { $contains: { input: field('output.output.said'), substr: { $literal: 'one b' } } } } }], 'or', ['b']],
    [[{ query: { $expr: { $in: [field('inputs.x'), [{ $literal: 'a' }, { $literal: 'd' }]] } } }], 'and', ['a', 'd']],
  ])('are filtered by %j, combined by %s', async (filters: any, filter_logic_operator, expected) => {
    const scoped = filters.map(({ of, query }: any) => ({ evaluation_call_id: ({ one, two } as any)[of], query }));
    const results = await rows({ filters: scoped, filter_logic_operator });
    expect([results.total_rows, xs(results).sort()]).toEqual([expected.length, expected]);
  }); // prettier-ignore

  it('are summed by evaluation', async () => {
    const { summary, rows: page } = await rows({ include_summary: true, limit: 1 });
    expect(page).toHaveLength(1);
    expect(summary).toMatchObject({
      row_count: 4,
      evaluations: [{ evaluation_call_id: one }, { evaluation_call_id: two }],
    });
    expect(summary.evaluations[0]).toEqual({
      evaluation_call_id: one,
      trial_count: 4,
      predict_total_tokens: null,
      predict_total_cost: null,
      evaluation_ref: EVALUATION,
      model_ref: model('one'),
      display_name: null,
      trace_id: one,
      started_at: expect.stringMatching(/Z$/),
      scorer_stats: expect.arrayContaining([
        {
          scorer_key: 'ok', path: null, value_type: 'binary', trial_count: 4, numeric_count: 0, numeric_mean: null,
          pass_true_count: 3, pass_known_count: 4, pass_rate: 0.75, pass_signal_coverage: 1,
        },
        {
          scorer_key: 'size', path: null, value_type: 'continuous', trial_count: 4, numeric_count: 4, numeric_mean: 3.25,
          pass_true_count: 0, pass_known_count: 0, pass_rate: null, pass_signal_coverage: 0,
        },
      ]),
    }); // prettier-ignore
    expect(summary.evaluations[1].scorer_stats).toEqual(
      expect.arrayContaining([
        expect.objectContaining({
          scorer_key: 'detail',
          path: 'deep',
          value_type: 'continuous',
          numeric_mean: 0.5,
        }),
        expect.objectContaining({ scorer_key: 'detail', path: 'note', value_type: 'text', trial_count: 1 }),
      ]),
    );
    const common = await rows({ include_summary: true, summary_require_intersection: true });
    expect([common.total_rows, common.summary.row_count]).toEqual([4, 2]);
    const few = await rows({
      include_summary: true,
      require_intersection: true,
      summary_require_intersection: false,
    });
    expect([few.total_rows, few.summary.row_count]).toEqual([2, 4]);
  });

  it('come as previews for tables, with what went wrong', async () => {
    const long = await run(project, 'long', [{ x: 'word '.repeat(2000), scores: { ok: true } }]);
    const previews = async (id: string) =>
      stack.post<Results>('/weft/v1/evaluations/results', {
        project_id: project,
        evaluation_call_ids: [id],
        include_raw_data_rows: true,
        preview_bytes: 300,
      });
    const [row] = (await previews(long)).rows;
    expect(JSON.stringify(row).length).toBeLessThan(2000);
    expect(row!.raw_data_row.x).toMatch(/^word .*…$/);
    expect(row!.evaluations[0]!.trials[0]).toMatchObject({ scores: { ok: true }, error: null, running: false });
    // What is small is the same as it is without previews.
    const whole = await ask(project, { evaluation_call_ids: [one], include_raw_data_rows: true });
    const { rows: small } = await previews(one);
    const said = { error: null, running: false };
    expect(small).toEqual(
      whole.rows.map((each) => ({
        ...each,
        evaluations: each.evaluations.map((of) => ({ ...of, trials: of.trials.map((trial) => ({ ...trial, ...said })) })),
      })),
    );
    const res = await stack.send('/weft/v1/evaluations/results', { project_id: project });
    expect([res.status, await res.text()]).toEqual([422, expect.stringContaining('At least one')]);
  }); // prettier-ignore

  it('do without the calls inside', async () => {
    const { rows: all } = await rows({ include_predict_and_score_children: false });
    for (const row of all)
      for (const { trials } of row.evaluations)
        expect(trials[0]).toMatchObject({
          predict_call_id: null,
          scorer_call_ids: {},
          model_latency_seconds: expect.any(Number),
        });
  });

  it('of nobody are empty, and what cannot be asked for is refused', async () => {
    expect(await ask(project, { evaluation_call_ids: ['nobody'], include_summary: true })).toEqual({
      rows: [], total_rows: 0, summary: { row_count: 0, evaluations: [] }, warnings: [],
    }); // prettier-ignore
    const refused = async (body: object) => {
      const res = await stack.send(`/v2/${project}/eval_results/query`, body);
      return [res.status, JSON.stringify(await res.json())];
    };
    expect(await refused({})).toEqual([422, expect.stringContaining('At least one')]);
    expect(await refused({ evaluation_call_ids: [] })).toEqual([422, expect.stringContaining('At least one')]);
    const ids = { evaluation_call_ids: [one] };
    expect(await refused({ ...ids, sort_by: [{ field: 'summary.x', direction: 'asc' }] })).toEqual([400, expect.stringContaining('Unsupported')]);
    expect(await refused({ ...ids, sort_by: [{ field: 'inputs.x', direction: 'asc', mode: 'difference' }] })).toEqual([400, expect.stringContaining('difference')]);
    expect(await refused({ ...ids, filters: [{ query: { $expr: { $eq: [{ $getField: 'trace_id' }, { $literal: 1 }] } } }] })).toEqual([400, expect.stringContaining('trace_id')]);
    expect(await refused({ ...ids, filters: [{ query: { $expr: { $nope: [] } } }] })).toEqual([422, expect.stringContaining('filters[0]')]);
  }); // prettier-ignore
});

describe('tokens and cost', () => {
  it('are those of the model, not of its scorers', async () => {
    const project = newProject('results-cost');
    await stack.post('/cost/create', { project_id: project, costs: { mine: { prompt_token_cost: 0.5, completion_token_cost: 2 } } });
    const at = (ms: number) => new Date(Date.UTC(2026, 0, 2, 3, 4, 5, ms)).toISOString();
    const call = (id: string, parent_id: string | null, op_name: string, more = {}) => ({
      project_id: project, id, trace_id: 'root', parent_id, op_name, started_at: at(0), ended_at: at(250), attributes: {}, inputs: {}, summary: {}, ...more,
    });
    const usage = (model: string) => ({ usage: { [model]: { requests: 1, prompt_tokens: 4, completion_tokens: 3, total_tokens: 7 } } });
    const batch = [
      call('root', null, 'Evaluation.evaluate', { inputs: { self: 'ev', model: 'mo' } }),
      call('around', 'root', 'Evaluation.predict_and_score', { inputs: { model: 'mo', example: { x: 1 } }, output: { output: 1, scores: { judge: 1 } }, summary: usage('judge-model') }),
      call('judged', 'around', 'judge.score', { started_at: at(-1), summary: usage('judge-model'), attributes: { _weave_eval_meta: { score: true } } }),
      call('predicted', 'around', 'anything', { inputs: { self: 'mo' }, summary: usage('mine'), attributes: { weave: { genai_span_ref: [{ trace_id: 't', span_id: 's' }, 5] } } }),
      call('free', 'root', 'Evaluation.predict_and_score', { inputs: { model: 'mo', example: { x: 2 } }, output: { output: 1, scores: 'none', model_latency: 1.5 } }),
    ];
    await stack.post(`/v2/${project}/calls/complete`, { batch });
    const { rows, summary } = await ask(project, { evaluation_call_ids: ['root'], include_costs: true, include_summary: true });
    const trials = rows.map((row) => row.evaluations[0]!.trials[0]!);
    expect(trials.find((each) => each.predict_and_score_call_id === 'around')).toMatchObject({
      predict_call_id: 'predicted', model_latency_seconds: 0.25, total_tokens: 7, total_cost: 8, scorer_call_ids: { judge: 'judged' },
      genai_span_ref: [{ trace_id: 't', span_id: 's' }],
    });
    expect(trials.find((each) => each.predict_and_score_call_id === 'free')).toMatchObject({
      predict_call_id: null, scores: {}, model_latency_seconds: 1.5, total_tokens: null, total_cost: null,
    });
    expect(summary.evaluations).toMatchObject([{ predict_total_tokens: 7, predict_total_cost: 8, evaluation_ref: 'ev', model_ref: 'mo' }]);
    const cheap = await ask(project, { evaluation_call_ids: ['root'] });
    expect(cheap.rows.map((row) => row.evaluations[0]!.trials[0]!.total_cost)).toEqual([null, null]);
  }); // prettier-ignore
});

requireBackend('python', describe)('results of the Python SDK', () => {
  it('of Evaluation and EvaluationLogger meet in the rows of the dataset', async () => {
    const project = newProject('results-py');
    const { runs, logged } = await runProgram<{ runs: [string, string]; logged: string }>(stack, 'evals.py', project);
    const results = await ask(project, {
      evaluation_call_ids: [...runs, logged],
      include_raw_data_rows: true,
      resolve_row_refs: true,
      include_summary: true,
      sort_by: [{ field: 'inputs.a', direction: 'asc' }],
    });
    expect([results.total_rows, results.warnings]).toEqual([4, []]);
    expect(results.rows.map((row) => row.raw_data_row)).toEqual([0, 1, 2, 3].map((i) => ({ a: i, b: 2 * i, expected: 3 * i })));
    const [, row] = results.rows;
    expect(row!.evaluations.map((each) => [each.evaluation_call_id, each.trials.length])).toEqual([[runs[0], 2], [runs[1], 2], [logged, 1]]);
    expect(row!.evaluations[1]!.trials[0]).toMatchObject({
      predict_call_id: expect.any(String),
      model_output: { sum: 4 },
      scores: { exact: false, closeness: { distance: 1, verdict: 'fine' } },
      model_latency_seconds: expect.any(Number),
      scorer_call_ids: { exact: expect.any(String), closeness: expect.any(String) },
    });
    expect(row!.evaluations[2]!.trials[0]).toMatchObject({
      predict_call_id: expect.any(String),
      model_output: { sum: 3 },
      scores: { exact: true, closeness: { distance: 0.5 } },
    });
    const stat = (evaluation: number, key: string) =>
      results.summary.evaluations[evaluation].scorer_stats.find((each: any) => each.scorer_key === key);
    expect(stat(0, 'exact')).toMatchObject({ trial_count: 8, pass_rate: 1 });
    expect(stat(1, 'exact')).toMatchObject({ trial_count: 8, pass_rate: 0 });
    expect(stat(1, 'closeness')).toMatchObject({ path: 'distance', numeric_mean: 1 });
    expect(stat(2, 'closeness')).toMatchObject({ path: 'distance', numeric_mean: 0.5 });
    expect(results.summary.evaluations[0]).toMatchObject({ evaluation_ref: expect.stringContaining('/object/sums:'), model_ref: expect.stringContaining('/object/Adder:') });

    const refs = await ask(project, { evaluation_call_ids: [runs[0]], include_raw_data_rows: true, limit: 1 });
    expect(refs.rows[0]!.raw_data_row).toMatch(/^weave:\/\/\/.*\/attr\/rows\/id\/\w+$/);
    const read = await fetch(`${stack.url}/v2/${project}/evaluation_runs/${runs[0]}`);
    if (read.status === 200) expect(await read.json()).toMatchObject({ status: 'completed', model: expect.stringContaining('/object/Adder:') });
  }); // prettier-ignore
});
