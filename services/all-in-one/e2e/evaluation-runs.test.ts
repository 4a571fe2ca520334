import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { apiKey, newProject, openStack, type ReadCall, type Stack } from './stack.ts';

let stack: Stack;
beforeAll(async () => {
  stack = await openStack();
});
afterAll(() => stack.stop());

const EVALUATION = 'weave:///e/p/object/my-eval:abc';
const MODEL = 'weave:///e/p/object/my-model:def';
const SCORER = 'weave:///e/p/object/accuracy:123';

async function ask(method: string, path: string): Promise<{ status: number; text: string }> {
  const res = await fetch(stack.url + path, { method, headers: { authorization: `Bearer ${apiKey}` } });
  return { status: res.status, text: await res.text() };
}

async function get<T>(path: string): Promise<T> {
  const { status, text } = await ask('GET', path);
  if (status !== 200) throw new Error(`${path}: ${status} ${text}`);
  return JSON.parse(text) as T;
}

async function list<T>(path: string): Promise<T[]> {
  const { status, text } = await ask('GET', path);
  if (status !== 200) throw new Error(`${path}: ${status} ${text}`);
  return text.split('\n').filter(Boolean).map((line) => JSON.parse(line) as T); // prettier-ignore
}

const run = (base: string, more = {}) =>
  stack
    .post<{ evaluation_run_id: string }>(`${base}/evaluation_runs`, { evaluation: EVALUATION, model: MODEL, ...more })
    .then(({ evaluation_run_id }) => evaluation_run_id); // prettier-ignore

describe('a run', () => {
  it('goes from its first prediction to its summary, and is a tree of calls', async () => {
    const project_id = newProject('runs');
    const base = `/v2/${project_id}`;
    const runId = await run(base);
    expect(await get(`${base}/evaluation_runs/${runId}`)).toEqual({
      evaluation_run_id: runId,
      evaluation: EVALUATION,
      model: MODEL,
      status: 'running',
      started_at: expect.any(String),
      finished_at: null,
      summary: { weave: expect.objectContaining({ status: 'running' }) },
      source_evaluation_run_id: null,
    });

    const predictions: string[] = [];
    for (const [x, value] of [['a', 1], ['b', 0.5]] as const) {
      const { prediction_id } = await stack.post<{ prediction_id: string }>(`${base}/predictions`, {
        model: MODEL, inputs: { x, api_key: 'sk-secret' }, output: { said: x }, evaluation_run_id: runId,
      }); // prettier-ignore
      predictions.push(prediction_id);
      const { score_id } = await stack.post<{ score_id: string }>(`${base}/scores`, {
        prediction_id, scorer: SCORER, value, evaluation_run_id: runId,
      }); // prettier-ignore
      expect(await get(`${base}/scores/${score_id}`)).toMatchObject({ score_id, scorer: SCORER, value, evaluation_run_id: runId });
      const finish = await fetch(`${stack.url}${base}/predictions/${prediction_id}/finish`, { method: 'POST', headers: { authorization: `Bearer ${apiKey}` } });
      expect([finish.status, await finish.json()]).toEqual([200, { success: true }]);
    } // prettier-ignore
    expect(await get(`${base}/predictions/${predictions[0]}`)).toMatchObject({
      prediction_id: predictions[0],
      model: MODEL,
      inputs: { x: 'a', api_key: 'REDACTED' },
      output: { said: 'a' },
      evaluation_run_id: runId,
    });
    expect(await stack.post(`${base}/evaluation_runs/${runId}/finish`, { summary: { note: 'done' } })).toEqual({ success: true }); // prettier-ignore

    const finished = await get<Record<string, unknown>>(`${base}/evaluation_runs/${runId}`);
    expect(finished).toMatchObject({
      status: 'completed',
      finished_at: expect.any(String),
      summary: { note: 'done' },
    });

    const calls = await stack.lines<ReadCall>('/calls/stream_query', { project_id, include_feedback: true });
    const named = (name: string) => calls.filter((call) => call.summary.weave.trace_name === name);
    const [root] = named('Evaluation.evaluate');
    expect(root).toMatchObject({
      id: runId,
      trace_id: runId,
      parent_id: null,
      op_name: expect.stringMatching(/^weave:\/\/\/.*\/op\/Evaluation\.evaluate:\w{43}$/),
      inputs: { self: EVALUATION, model: MODEL },
      output: { accuracy: { mean: 0.75 } },
      attributes: { weave: { evaluation_run: 'true', evaluation: EVALUATION, model: MODEL } },
    });
    const around = named('Evaluation.predict_and_score');
    expect(around).toMatchObject([
      {
        parent_id: runId,
        trace_id: runId,
        inputs: { self: EVALUATION, model: MODEL, example: { x: 'a' } },
        output: {
          output: { said: 'a' },
          scores: { accuracy: 1 },
          model_latency: { mean: expect.any(Number) },
        },
        attributes: { weave: { predict_call_id: predictions[0] } },
      },
      { parent_id: runId, output: { scores: { accuracy: 0.5 } } },
    ]);
    expect(named('my-model.predict')).toMatchObject([
      {
        id: predictions[0],
        parent_id: around[0]!.id,
        inputs: { self: MODEL, inputs: { x: 'a' } },
        summary: {
          weave: {
            status: 'success',
            feedback: [{ feedback_type: 'wandb.runnable.accuracy', runnable_ref: SCORER, payload: { output: 1 } }],
          },
        },
      },
      { id: predictions[1], parent_id: around[1]!.id },
    ]); // prettier-ignore
    expect(named('accuracy.score')).toMatchObject([
      { parent_id: around[0]!.id, inputs: { self: SCORER, inputs: { x: 'a' }, output: { said: 'a' } }, output: 1 },
      { parent_id: around[1]!.id, output: 0.5 },
    ]); // prettier-ignore
    expect(named('Evaluation.summarize')).toMatchObject([
      { parent_id: runId, inputs: { self: EVALUATION }, output: { accuracy: { mean: 0.75 } } },
    ]);
    // The ops are there to be read.
    const [, name, digest] = /\/op\/([^:]+):(\w+)$/.exec(root!.op_name)!;
    const { obj } = await stack.post<{ obj: { kind: string; val: { files: Record<string, string> } } }>('/obj/read', { project_id, object_id: name, digest }); // prettier-ignore
    expect(obj.kind).toBe('op');
    const source = await stack.send('/file/content', { project_id, digest: obj.val.files['obj.py'] });
    expect(await source.text()).toContain('def evaluate(');
  });

  it('keeps values as they were sent', async () => {
    const project_id = newProject('runs');
    const base = `/v2/${project_id}`;
    const inputs = '{"big": 9007199254740993, "f": 1.0, "e": 1e400}';
    const body = `{"model":"${MODEL}","inputs":${inputs},"output":9007199254740993}`;
    const { prediction_id } = (await (await stack.send(`${base}/predictions`, body)).json()) as { prediction_id: string }; // prettier-ignore
    const { text } = await ask('GET', `${base}/predictions/${prediction_id}`);
    expect(text).toContain(`"inputs":${inputs},"output":9007199254740993`);
    const score = await stack.send(`${base}/scores`, `{"prediction_id":"${prediction_id}","scorer":"${SCORER}","value":1.0}`); // prettier-ignore
    const { score_id } = (await score.json()) as { score_id: string };
    expect((await ask('GET', `${base}/scores/${score_id}`)).text).toContain('"value":1.0,');
    const calls = await stack.lines<ReadCall>('/calls/stream_query', { project_id });
    expect(calls.map(({ parent_id, trace_id, id }) => [parent_id, trace_id === id])).toEqual([
      [null, true],
      [null, true],
    ]);
  });

  it('is found by its evaluation, model and id', async () => {
    const project_id = newProject('runs');
    const base = `/v2/${project_id}`;
    const [one, two, three] = [
      await run(base),
      await run(base, { evaluation: `${EVALUATION}2`, source_evaluation_run_id: 'r0' }),
      await run(base, { model: `${MODEL}2` }),
    ];
    const found = async (query: string) =>
      (await list<{ evaluation_run_id: string }>(`${base}/evaluation_runs${query}`)).map((each) => each.evaluation_run_id);
    const quoted = encodeURIComponent;
    expect(await found('')).toEqual([one, two, three]);
    expect(await found('?limit=1&offset=1')).toEqual([two]);
    expect(await found(`?evaluation_refs=${quoted(EVALUATION)}`)).toEqual([one, three]);
    expect(await found(`?evaluations=${quoted(EVALUATION)}&models=${quoted(`${MODEL}2`)}`)).toEqual([three]);
    expect(await found(`?model_refs=${quoted(`${MODEL},${MODEL}2`)}`)).toEqual([one, two, three]);
    expect(await found(`?evaluation_run_ids=${one},${three}`)).toEqual([one, three]);
    expect(await found(`?evaluation_run_ids=${one}&evaluation_run_ids=${two}`)).toEqual([one, two]);
    expect(await found('?limit=0')).toEqual([]);
    expect((await get<{ source_evaluation_run_id: string }>(`${base}/evaluation_runs/${two}`)).source_evaluation_run_id).toBe('r0');
  }); // prettier-ignore

  it('has its predictions and scores listed, and goes with them', async () => {
    const project_id = newProject('runs');
    const base = `/v2/${project_id}`;
    const predict = async (more: object) =>
      (await stack.post<{ prediction_id: string }>(`${base}/predictions`, { model: 'no ref', inputs: {}, output: null, ...more })).prediction_id;
    const runs = [await run(base), await run(base)];
    const predictions = [await predict({ evaluation_run_id: runs[0] }), await predict({ evaluation_run_id: runs[1] }), await predict({})];
    const scores: string[] = [];
    for (const [i, prediction_id] of predictions.entries()) {
      const { score_id } = await stack.post<{ score_id: string }>(`${base}/scores`, { prediction_id, scorer: SCORER, value: { pass: true }, evaluation_run_id: runs[i] });
      scores.push(score_id);
    }
    const ids = async (kind: string, query = '') =>
      (await list<Record<string, string>>(`${base}/${kind}s${query}`)).map((each) => each[`${kind}_id`]);
    expect(await ids('prediction')).toEqual(predictions);
    expect(await ids('prediction', `?evaluation_run_id=${runs[1]}`)).toEqual([predictions[1]]);
    expect(await ids('score', `?evaluation_run_id=${runs[0]}`)).toEqual([scores[0]]);
    expect(await ids('score', '?limit=2&offset=1')).toEqual(scores.slice(1));
    expect(await list(`${base}/scores?evaluation_run_id=nobody`)).toEqual([]);

    expect(JSON.parse((await ask('DELETE', `${base}/scores?score_ids=${scores[2]}`)).text)).toEqual({ num_deleted: 1 });
    expect(JSON.parse((await ask('DELETE', `${base}/predictions?prediction_ids=${predictions[2]},${predictions[1]}`)).text)).toEqual({ num_deleted: 2 });
    // The run, its predict_and_score call, the prediction, the score.
    expect(JSON.parse((await ask('DELETE', `${base}/evaluation_runs?evaluation_run_ids=${runs[0]}`)).text)).toEqual({ num_deleted: 4 });
    expect(await ids('prediction')).toEqual([]);
    expect(await ids('score')).toEqual([scores[1]]);
    expect((await ask('GET', `${base}/evaluation_runs/${runs[0]}`)).status).toBe(404);
  }); // prettier-ignore

  it('says what it cannot do', async () => {
    const base = `/v2/${newProject('runs')}`;
    const refused = async (path: string, body: object) => {
      const res = await stack.send(base + path, body);
      return [res.status, JSON.stringify(await res.json())];
    };
    expect(await refused('/evaluation_runs', { model: MODEL })).toEqual([422, expect.stringContaining('evaluation')]);
    expect(await refused('/evaluation_runs/none/finish', {})).toEqual([404, expect.stringContaining('none')]);
    expect(await refused('/predictions/none/finish', {})).toEqual([404, expect.stringContaining('none')]);
    expect(await refused('/predictions', { model: MODEL, inputs: {}, output: 1, evaluation_run_id: 'none' })).toEqual([404, expect.stringContaining('none')]);
    expect(await refused('/predictions', { model: MODEL, inputs: {} })).toEqual([422, expect.stringContaining('output')]);
    expect(await refused('/predictions', { model: MODEL, inputs: [], output: 1 })).toEqual([422, expect.stringContaining('inputs')]);
    expect(await refused('/scores', { prediction_id: 'p', scorer: 'weave:///e/p/call/x', value: 1 })).toEqual([400, expect.stringContaining('scorer')]);
    expect(await refused('/scores', { prediction_id: 'p', scorer: 'accuracy', value: 1 })).toEqual([400, expect.stringContaining('ref')]);
    expect((await ask('GET', `${base}/scores?limit=-1`)).status).toBe(400);
    expect((await ask('GET', `${base}/scores?limit=x`)).status).toBeGreaterThanOrEqual(400);
    for (const kind of ['evaluation_runs', 'predictions', 'scores'])
      expect((await ask('GET', `${base}/${kind}/none`)).status).toBe(404);
  }); // prettier-ignore
});
