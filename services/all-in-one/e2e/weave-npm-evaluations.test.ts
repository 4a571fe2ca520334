import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { callsOf, NPM_SDKS, NPM_TIMEOUT_MS, opOf } from './npm.ts';
import { runProgram } from './program.ts';
import { newProject, openStack, type ReadCall, type Stack } from './stack.ts';

/** Evaluations of npm `weave`: their calls, refs and scores, and the results that are made of them. */

let stack: Stack;
beforeAll(async () => {
  stack = await openStack();
});
afterAll(() => stack.stop());

interface Trial {
  readonly predict_and_score_call_id: string;
  readonly predict_call_id: string | null;
  readonly model_output: unknown;
  readonly scores: Record<string, unknown>;
  readonly scorer_call_ids: Record<string, string>;
  readonly model_latency_seconds: number | null;
}
interface Results {
  readonly total_rows: number;
  readonly warnings: readonly string[];
  readonly rows: readonly {
    readonly raw_data_row: unknown;
    readonly evaluations: readonly {
      readonly evaluation_call_id: string;
      readonly trials: readonly Trial[];
    }[];
  }[];
}
interface Feedback {
  readonly weave_ref: string;
  readonly feedback_type: string;
  readonly payload: { readonly output: unknown };
  readonly runnable_ref: string;
  readonly call_ref: string;
}

const readAll = (project: string, more: object = {}) =>
  stack.lines<ReadCall>('/calls/stream_query', { project_id: project, ...more });
const resultsOf = (project: string, evaluations: readonly string[]) =>
  stack.post<Results>(`/v2/${project}/eval_results/query`, {
    evaluation_call_ids: evaluations,
    include_raw_data_rows: true,
    resolve_row_refs: true,
  });

interface Evaluated {
  readonly summary: Record<string, unknown>;
  readonly trials: Record<string, unknown>;
  readonly outputs: readonly [unknown, unknown];
  readonly names: readonly string[];
  readonly refs: {
    readonly evaluation: string;
    readonly dataset: string;
    readonly parrot: string;
    readonly model: string;
    readonly scorers: readonly string[];
    readonly rows: readonly string[];
  };
  readonly read: Record<string, unknown>;
}

describe.each(NPM_SDKS)('Evaluation of npm %s', (sdk) => {
  let project: string;
  let evaluated: Evaluated;
  let all: ReadCall[];
  beforeAll(async () => {
    project = newProject('npm-evaluation');
    evaluated = await runProgram<Evaluated>(stack, 'npm/evaluations.cjs', sdk, project);
    all = await readAll(project);
  }, NPM_TIMEOUT_MS);
  const evaluations = () => callsOf(all, 'Evaluation.evaluate');

  it('summarises scores of all shapes, and stores the summary', () => {
    expect(evaluated.summary).toEqual({
      model_success: { true_count: 3, true_fraction: 0.75 },
      exact: { true_count: 2, true_fraction: 0.5 },
      closeness: { distance: { mean: 0.25 }, within: { one: { true_count: 3, true_fraction: 0.75 } } },
      picky: { mean: 0.5 },
      model_latency: { mean: expect.any(Number) },
    });
    expect(evaluated.trials).toMatchObject({
      model_success: { true_count: 4, true_fraction: 1 },
      exact: { true_count: 2, true_fraction: 0.5 },
    });
    expect(evaluated.outputs).toEqual([evaluated.summary, evaluated.trials]);
    expect(evaluated.names).toEqual(['quiz-evaluation_answers', 'parrot-evaluation_parrot']);
  });

  it('refers to datasets, rows, models and scorers', async () => {
    const { refs, read } = evaluated;
    expect(read).toMatchObject({ _type: 'Evaluation', name: 'quiz-evaluation', dataset: refs.dataset, scorers: refs.scorers });
    const [quiz, parrot] = evaluations();
    expect(quiz!.inputs).toEqual({ self: refs.evaluation, model: refs.model, maxConcurrency: 2 });
    expect(parrot!.inputs).toMatchObject({ model: refs.parrot, nTrials: 2 });
    const trials = callsOf(all, 'Evaluation.predictAndScore').filter((call) => call.parent_id === quiz!.id);
    expect(trials.map((call) => call.inputs.example)).toEqual(refs.rows);
    const { vals } = await stack.post<{ vals: unknown[] }>('/refs/read_batch', { refs: [...refs.rows.slice(1, 3), refs.parrot] });
    expect(vals).toMatchObject([{ expected: '42' }, { kind: 'fails' }, { _type: 'Parrot', volume: 11 }]);
    const byInput = await readAll(project, { filter: { input_refs: [refs.rows[1]] } });
    expect(byInput.map(opOf).sort()).toEqual(['Evaluation.predictAndScore', 'answers', 'closeness', 'exact', 'picky']);
  }); // prettier-ignore

  it('shows models and scorers that failed, in an evaluation that did not', () => {
    const failed = all.filter((call) => call.summary.weave.status === 'error');
    expect(failed.map((call) => [opOf(call), call.exception]).sort()).toEqual([
      ['answers', 'no answer'],
      ['picky', 'no opinion on geography'],
    ]);
    const [quiz] = evaluations();
    expect(quiz!.summary.usage).toEqual({
      'tiny-1': { requests: 3, prompt_tokens: 15, completion_tokens: 6 },
    });
    expect(new Set(callsOf(all, 'chat').map((call) => call.trace_id))).toEqual(new Set([quiz!.trace_id]));
  });

  it('has results by row', async () => {
    const [quiz, parrot] = evaluations();
    const { rows, total_rows, warnings } = await resultsOf(project, [quiz!.id, parrot!.id]);
    expect([total_rows, warnings]).toEqual([6, []]);
    const trialsOf = (expected: unknown) =>
      rows
        .find((row) => JSON.stringify(row.raw_data_row) === JSON.stringify(expected))!
        .evaluations.flatMap(({ evaluation_call_id, trials }) => trials.map((trial) => ({ evaluation_call_id, ...trial })));
    expect(trialsOf({ question: 'six times seven', expected: '42', kind: 'math' })).toEqual([
      expect.objectContaining({
        evaluation_call_id: quiz!.id,
        predict_call_id: callsOf(all, 'answers')[1]!.id,
        model_output: { answer: '41' },
        scores: { exact: false, closeness: { distance: 1, within: { one: true } }, picky: 1 },
        model_latency_seconds: expect.any(Number),
        scorer_call_ids: { exact: expect.any(String), closeness: expect.any(String), picky: expect.any(String) },
      }),
    ]);
    expect(trialsOf({ question: 'nothing', expected: 'nothing', kind: 'fails' })).toMatchObject([
      { model_output: null, scores: {} },
    ]);
    expect(trialsOf({ word: 'b', expected: 'c' })).toMatchObject(
      Array(2).fill({ evaluation_call_id: parrot!.id, model_output: { answer: 'b' }, scores: { exact: false } }),
    );
  }); // prettier-ignore
});

describe('EvaluationLogger of npm weave', () => {
  let project: string;
  let logged: { readonly awaited: { call: string; model: string }; readonly notAwaited: { call: string } };
  let all: ReadCall[];
  beforeAll(async () => {
    project = newProject('npm-logger');
    logged = await runProgram(stack, 'npm/evaluation-logger.cjs', 'weave', project);
    all = await readAll(project);
  }, NPM_TIMEOUT_MS);

  it('makes the calls of an evaluation', async () => {
    const { call: id, model } = logged.awaited;
    const root = all.find((call) => call.id === id)!;
    expect([opOf(root), root.output]).toEqual(['Evaluation.evaluate', { mean: 0.5, custom: { any: [1, null] } }]);
    expect(root.attributes).toMatchObject({ _weave_eval_meta: { imperative: true }, run: 'nightly', build: 7 });
    expect(root.inputs).toMatchObject({ model });
    const below = (parent: string) => all.filter((call) => call.parent_id === parent);
    expect(below(id).map(opOf)).toEqual([...Array<string>(3).fill('Evaluation.predict_and_score'), 'Evaluation.summarize']);
    const second = below(id)[1]!;
    expect([second.inputs.example, second.output]).toEqual([
      { question: 'q1', row: { i: 1 } },
      { output: 'answer 1 ☂', scores: { accuracy: 0.5, passed: true, judge: { score: 1, reason: 'because 1' } } },
    ]);
    expect(below(second.id).map((call) => [opOf(call), call.output])).toEqual([
      ['Model.predict', 'answer 1 ☂'],
      ['accuracy.score', 0.5],
      ['passed.score', true],
      ['judge.score', { score: 1, reason: 'because 1' }],
    ]);
    const { vals } = await stack.post<{ vals: unknown[] }>('/refs/read_batch', { refs: [root.inputs.self, model] });
    expect(vals).toMatchObject([
      { _type: 'Evaluation', name: 'awaited', description: 'one after the other', dataset: 'questions', experiment: 'α' },
      { _type: 'Model', name: 'my-model', temperature: 0.25 },
    ]);
  }); // prettier-ignore

  it('finishes what the program did not, and summarises', () => {
    const root = all.find((call) => call.id === logged.notAwaited.call)!;
    expect(root.output).toEqual({ even: { true_count: 4, true_fraction: 0.5 }, value: { mean: 3.5 } });
    const trials = all.filter((call) => call.parent_id === root.id && opOf(call) === 'Evaluation.predict_and_score');
    expect(trials.map((call) => call.output)).toHaveLength(8);
    expect(new Set(all.map((call) => call.summary.weave.status))).toEqual(new Set(['success']));
  }); // prettier-ignore

  it('attaches each score to its prediction', async () => {
    const { result } = await stack.post<{ result: Feedback[] }>('/feedback/query', { project_id: project });
    expect(result).toHaveLength(3 * 3 + 8 * 2);
    const ref = (id: string) => `weave:///${project}/call/${id}`;
    const scorers = all.filter((call) => opOf(call).endsWith('.score'));
    const given = new Map(result.map((feedback) => [feedback.call_ref, feedback]));
    for (const scorer of scorers) {
      const name = opOf(scorer).replace('.score', '');
      const predict = all.find((call) => call.parent_id === scorer.parent_id && opOf(call) === 'Model.predict')!;
      expect(given.get(ref(scorer.id))).toMatchObject({
        weave_ref: ref(predict.id),
        feedback_type: `wandb.runnable.${name}`,
        payload: { output: scorer.output },
        runnable_ref: expect.stringMatching(new RegExp(`^weave:///${project}/object/${name}:\\w{43}$`)),
      });
    }
    const scored = await readAll(project, {
      query: { $expr: { $eq: [{ $getField: 'feedback.[wandb.runnable.accuracy].payload.output' }, { $literal: 0.5 }] } },
      include_feedback: true,
    });
    expect(scored.map((call) => [call.output, (call.summary.weave as { feedback?: unknown[] }).feedback?.length])).toEqual([['answer 1 ☂', 3]]);
  }); // prettier-ignore

  it('has results by row', async () => {
    const { rows, total_rows } = await resultsOf(project, [logged.awaited.call]);
    expect(total_rows).toBe(3);
    const row = rows.find(({ raw_data_row }) => JSON.stringify(raw_data_row).includes('q2'))!;
    expect(row.evaluations[0]!.trials).toMatchObject([
      {
        model_output: 'answer 2 ☂',
        predict_call_id: expect.any(String),
        scores: { accuracy: 1, passed: true, judge: { score: 2, reason: 'because 2' } },
        scorer_call_ids: {
          accuracy: expect.any(String),
          passed: expect.any(String),
          judge: expect.any(String),
        },
      },
    ]);
  });
});
