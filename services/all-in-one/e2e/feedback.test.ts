import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { batch, completed, newIds } from './calls.ts';
import { runProgram } from './program.ts';
import { newProject, openStack, type ReadCall, type Stack } from './stack.ts';

/** Reactions, notes, annotations, scores: what is given, found, counted and purged. */

let stack: Stack;
beforeAll(async () => {
  stack = await openStack();
});
afterAll(() => stack.stop());

interface Created {
  readonly id: string;
  readonly created_at: string;
  readonly wb_user_id: string;
  readonly payload: Record<string, unknown>;
}
type Row = Record<string, unknown> & { readonly id: string };
interface Found {
  readonly result: readonly Row[];
  readonly total_count: number;
}

const UUID7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7/;
const field = (path: string) => ({ $getField: path });
const equals = (path: string, value: unknown) => ({ $expr: { $eq: [field(path), { $literal: value }] } });

/** Requests about one project. */
function feedbackOf(project_id: string) {
  const base = {
    project_id,
    weave_ref: `weave:///${project_id}/call/c1`,
    feedback_type: 'custom',
    payload: {},
  };
  return {
    base,
    create: (request: object) => stack.post<Created>('/feedback/create', { ...base, ...request }),
    replace: (request: object) => stack.post<Created>('/feedback/replace', { ...base, ...request }),
    refused: async (path: string, request: object) => {
      const res = await stack.send(path, { ...base, ...request });
      return { status: res.status, text: await res.text() };
    },
    query: (request: object = {}) => stack.post<Found>('/feedback/query', { project_id, ...request }),
    ids: async (query?: object) =>
      (await stack.post<Found>('/feedback/query', { project_id, query })).result.map(({ id }) => id),
    purge: (query: object) => stack.post('/feedback/purge', { project_id, query }),
  };
}

async function publish(project_id: string, object_id: string, val: object): Promise<string> {
  const { digest } = await stack.post<{ digest: string }>('/obj/create', {
    obj: { project_id, object_id, val },
  });
  return `weave:///${project_id}/object/${object_id}:${digest}`;
}

describe('feedback', () => {
  it('comes back with all of its members, payloads as they were sent', async () => {
    const project = newProject('feedback');
    const { base, query } = feedbackOf(project);
    const sent = JSON.stringify({ ...base, creator: 'Ann', wb_user_id: null }).replace(
      '"payload":{}',
      '"payload":{"n": 1.0,"big":9007199254740993}',
    );
    const res = await stack.send('/feedback/create', sent);
    const text = await res.text();
    expect(text).toContain('"payload":{"n": 1.0,"big":9007199254740993}}');
    const created = JSON.parse(text) as Created;
    expect(created.id).toMatch(UUID7);
    const raw = await (await stack.send('/feedback/query', { project_id: project })).text();
    expect(raw).toContain('"payload":{"n": 1.0,"big":9007199254740993}');
    expect((await query()).result).toEqual([
      {
        ...base, id: created.id, created_at: created.created_at, wb_user_id: created.wb_user_id, creator: 'Ann', payload: { n: 1, big: expect.any(Number) },
        annotation_ref: null, runnable_ref: null, call_ref: null, trigger_ref: null, queue_id: null, scorer_tags: [], scorer_tag_reasons: {},
        scorer_tag_confidences: {}, scorer_ratings: {}, scorer_rating_reasons: {}, scorer_rating_confidences: {}, span_agent_name: '',
        span_agent_version: '', span_status_code: 'UNSET', span_conversation_id: '', span_trace_id: '', scorer_trace_id: '',
      },
    ]); // prettier-ignore
  });

  it('is named where it is an emoji, and refused where it breaks a rule', async () => {
    const { create, refused, query } = feedbackOf(newProject('feedback'));
    const reaction = await create({ feedback_type: 'wandb.reaction.1', payload: { emoji: '👍🏻' } });
    expect(reaction.payload).toMatchObject({ emoji: '👍🏻', detoned_alias: ':thumbs_up:' });
    expect((await create({ feedback_type: 'wandb.note.1', payload: { note: 'hi' } })).payload).toEqual({
      note: 'hi',
    });
    for (const request of [
      { feedback_type: 'wandb.note.1', payload: { note: '' } },
      { feedback_type: 'custom', payload: { text: 'a'.repeat(2 * 1024 * 1024) } },
      { feedback_type: 'custom', scorer_tags: ['t'] },
      { feedback_type: 'custom', queue_id: 'none' },
    ])
      expect((await refused('/feedback/create', request)).status).toBe(400);
    for (const request of [{ payload: [] }, { weave_ref: null }, { scorer_ratings: { r: 'x' } }])
      expect((await refused('/feedback/create', request)).status).toBe(422);
    expect((await query()).total_count).toBe(2);
  });

  it('on an annotation spec has a value that the spec allows', async () => {
    const project = newProject('feedback');
    const { create, refused, ids } = feedbackOf(project);
    const annotation_ref = await publish(project, 'grade', {
      name: 'grade',
      field_schema: { type: 'integer', maximum: 5 },
    });
    const annotation = { feedback_type: 'wandb.annotation.grade', annotation_ref };
    const good = await create({ ...annotation, payload: { value: 5 } });
    for (const value of [6, '5', null])
      expect(await refused('/feedback/create', { ...annotation, payload: { value } })).toMatchObject({
        status: 400,
        text: expect.stringContaining('does not match the annotation spec'),
      });
    const missing = {
      ...annotation,
      annotation_ref: `weave:///${project}/object/grade:none`,
      payload: { value: 1 },
    };
    expect(await refused('/feedback/create', missing)).toMatchObject({
      status: 400,
      text: expect.stringContaining('not found'),
    });
    const plain = await publish(project, 'plain', { field_schema: 'text' });
    const noSpec = { feedback_type: 'wandb.annotation.plain', annotation_ref: plain, payload: { value: 1 } };
    expect(await refused('/feedback/create', noSpec)).toMatchObject({
      status: 400,
      text: expect.stringContaining('not a valid annotation spec'),
    });
    expect(await ids()).toEqual([good.id]);
  });

  it('is created in batches: a bad item costs nothing but itself', async () => {
    const project = newProject('feedback');
    const { base, ids } = feedbackOf(project);
    const [first, second] = newIds(2);
    const note = (note: string, id?: string) => ({
      ...base,
      id,
      feedback_type: 'wandb.note.1',
      payload: { note },
    });
    const answer = await stack.post<{ res: Created[]; errors: unknown[] }>('/feedback/batch/create', {
      batch: [note('a', first), note(''), note('b', second)],
    });
    expect(answer.res.map(({ id, payload }) => [id, payload])).toEqual([
      [first, { note: 'a' }],
      [second, { note: 'b' }],
    ]);
    expect(answer.errors).toEqual([{ index: 1, reason: expect.stringContaining('batch[1].payload.note') }]);
    expect(await ids()).toEqual([first, second]);
    expect((await stack.send('/feedback/batch/create', { batch: [note('')] })).status).toBe(400);
    expect(await stack.post('/feedback/batch/create', { batch: [] })).toEqual({ res: [] });
  });

  it('is counted, filtered, sorted and paged; fields may be paths', async () => {
    const project = newProject('feedback');
    const { create, query, refused } = feedbackOf(project);
    for (const [i, payload] of [
      { s: 'hi', n: 10 },
      { s: 'ho', n: 9 },
      { s: 'ha', deep: { list: [1, 'x'] }, none: null },
    ].entries())
      await create({ id: `f${i}`, feedback_type: `type${i % 2}`, payload });
    expect(await query({ fields: ['count(*)'] })).toEqual({ result: [{ 'count(*)': 3 }], total_count: 3 });
    expect(await query({ fields: ['count(*)'], query: equals('feedback_type', 'type0') })).toEqual({
      result: [{ 'count(*)': 2 }],
      total_count: 2,
    });
    expect(
      await query({
        fields: ['id', 'payload.s'],
        query: { $expr: { $gt: [field('payload.n'), { $literal: 5 }] } },
        sort_by: [{ field: 'payload.n', direction: 'asc' }],
      }),
    ).toEqual({ result: [{ id: 'f1', 'payload.s': 'ho' }, { id: 'f0', 'payload.s': 'hi' }], total_count: 2 }); // prettier-ignore
    const paths = [
      'payload.n',
      'payload.deep',
      'payload.deep.list.1',
      'payload.none',
      'payload.missing',
      'scorer_ratings.x',
    ];
    expect((await query({ fields: paths, query: equals('id', 'f2') })).result).toEqual([
      { 'payload.n': '', 'payload.deep': '{"list":[1,"x"]}', 'payload.deep.list.1': 'x', 'payload.none': 'null', 'payload.missing': '', 'scorer_ratings.x': null },
    ]); // prettier-ignore
    const page = await query({
      fields: ['id'],
      sort_by: [{ field: 'created_at', direction: 'desc' }],
      limit: 1,
      offset: 1,
    });
    expect(page).toEqual({ result: [{ id: 'f1' }], total_count: 3 });
    expect(await query({ limit: 0 })).toEqual({ result: [], total_count: 3 });
    const since = (at: string) =>
      query({ fields: ['id'], query: { $expr: { $gte: [field('created_at'), { $literal: at }] } } });
    expect((await since('2000-01-01T00:00:00.000000Z')).total_count).toBe(3);
    expect((await since('2200-01-01T00:00:00.000000Z')).total_count).toBe(0);
    for (const request of [
      { query: equals('inputs.message_id', 'x') },
      { fields: ['nope'] },
      { sort_by: [{ field: 'nope', direction: 'asc' }] },
    ])
      expect(await refused('/feedback/query', request)).toMatchObject({
        status: 400,
        text: expect.stringContaining('Unknown field: '),
      });
    expect((await refused('/feedback/query', { fields: ['count(*)', 'id'] })).status).toBe(400);
    expect((await refused('/feedback/query', { limit: -1 })).status).toBe(400);
  });

  it('is purged by ids and replaced under a new one, for good', async () => {
    const { create, ids, purge, refused, replace } = feedbackOf(newProject('feedback'));
    const created = [];
    for (let i = 0; i < 4; i++) created.push((await create({ payload: { i } })).id);
    const [a, b, c, d] = created as [string, string, string, string];
    expect(await purge(equals('id', a))).toEqual({});
    await purge({ $expr: { $or: [equals('id', b).$expr, equals('id', 'never-there').$expr] } });
    expect(await ids()).toEqual([c, d]);
    await create({ id: a });
    expect(await ids()).toEqual([c, d]);
    expect(await refused('/feedback/purge', { query: equals('feedback_type', 'custom') })).toMatchObject({
      status: 400,
    });
    expect(await refused('/feedback/replace', { feedback_id: c, scorer_tags: ['x'] })).toMatchObject({
      status: 400,
    });
    expect(await ids()).toEqual([c, d]);
    const replaced = await replace({ feedback_id: c, payload: { new: true } });
    expect(replaced).toMatchObject({ payload: { new: true } });
    // Neither does asking for the old id bring it back.
    const again = await replace({ feedback_id: d, id: d });
    expect(again.id).toMatch(UUID7);
    expect(again.id).not.toBe(d);
    expect(await ids()).toEqual([replaced.id, again.id]);
  });

  it('is on calls only as long as it is not purged', async () => {
    const project = newProject('feedback');
    const { create, purge } = feedbackOf(project);
    const [id] = newIds(1);
    await stack.send(
      `/v2/${project}/calls/complete`,
      batch(completed(project, id!, { trace_id: JSON.stringify(id) })),
    );
    const weave_ref = `weave:///${project}/call/${id}`;
    const kept = await create({ weave_ref, payload: { v: 1 } });
    const gone = await create({ weave_ref, payload: { v: 2 } });
    await purge(equals('id', gone.id));
    const [call] = await stack.lines<ReadCall>('/calls/stream_query', {
      project_id: project,
      include_feedback: true,
    });
    expect(call!.summary.weave).toMatchObject({
      feedback: [{ id: kept.id, payload: { v: 1 }, scorer_tags: [] }],
    });
  });

  it('is counted over time, and tells what is in its payloads', async () => {
    const project = newProject('feedback');
    const { create, refused } = feedbackOf(project);
    const trigger = (version: string) => `weave:///${project}/object/mon:${version}`;
    const score = (output: object, version: string) =>
      create({
        feedback_type: 'wandb.runnable.judge', runnable_ref: `weave:///${project}/object/judge:1`, trigger_ref: trigger(version), payload: { output },
      }); // prettier-ignore
    await score({ score: 0.5, ok: true, 'a b': 'x' }, 'v1');
    await score({ score: 1.5, ok: false, list: [1, 'x'], nothing: null }, 'v2');
    const start = new Date(Date.now() - 3_600_000).toISOString();
    const end = new Date(Date.now() + 3_600_000).toISOString();
    const range = { project_id: project, start, end };
    interface Stats {
      readonly granularity: number;
      readonly buckets: readonly Record<string, unknown>[];
      readonly window_stats: unknown;
    }
    const stats = await stack.post<Stats>('/feedback/stats', {
      ...range,
      trigger_ref: `weave:///${project}/object/mon:*`,
      granularity: 600,
      timezone: 'America/New_York',
      metrics: [
        { json_path: 'output.score', aggregations: ['sum', 'avg', 'count'], percentiles: [50] },
        { json_path: 'output.ok', value_type: 'boolean' },
      ],
    });
    expect(stats.window_stats).toEqual({
      output_score: { sum: 2, avg: 1, count: 2, p50: 1 },
      output_ok: { count_true: 1, count_false: 1 },
    });
    expect(stats.buckets.length).toBeGreaterThanOrEqual(12);
    expect(stats.buckets.reduce((sum, bucket) => sum + Number(bucket['count']), 0)).toBe(2);
    expect(stats.buckets[0]).toEqual({
      timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d0:00-0[45]:00$/), sum_output_score: 0, avg_output_score: 0, count_output_score: 0,
      p50_output_score: null, count_true_output_ok: 0, count_false_output_ok: 0, count: 0,
    }); // prettier-ignore
    expect(await stack.post('/feedback/stats', { ...range, end: null })).toMatchObject({
      granularity: 3600,
      buckets: [],
      window_stats: null,
    });
    expect(await stack.post('/feedback/payload_schema', range)).toEqual({
      paths: [
        { json_path: 'output.a b', value_type: 'categorical' },
        { json_path: 'output.list', value_type: 'categorical' },
        { json_path: 'output.nothing', value_type: 'boolean' },
        { json_path: 'output.ok', value_type: 'boolean' },
        { json_path: 'output.score', value_type: 'numeric' },
      ],
    });
    for (const request of [
      { ...range, start: '2020-01-01T00:00:00Z' },
      { ...range, start: 'yesterday' },
      { ...range, timezone: 'Nowhere', metrics: [{ json_path: 'a' }] },
      { ...range, metrics: [{ json_path: "a'b" }] },
      { ...range, metrics: [{ json_path: 'a', percentiles: [101] }] },
    ])
      expect((await refused('/feedback/stats', request)).status).toBe(400);
  });

  it('of scorers is added up', async () => {
    const project = newProject('feedback');
    const { create, refused } = feedbackOf(project);
    const monitor = {
      feedback_type: 'wandb.agent_monitor', runnable_ref: `weave:///${project}/object/judge:1`, call_ref: `weave:///${project}/call/c`,
      trigger_ref: `weave:///${project}/object/mon:1`,
    }; // prettier-ignore
    await create({
      ...monitor,
      scorer_ratings: { _rating_: 0.75 },
      scorer_tags: ['good'],
      span_status_code: 'OK',
    });
    await create({
      ...monitor,
      scorer_ratings: { _rating_: 0.5 },
      weave_ref: `weave:///${project}/agent_turn/t1`,
    });
    await create({ feedback_type: 'wandb.note.1', payload: { note: 'x' } });
    const before_ms = Date.now() + 3_600_000;
    const aggregate = (request: object) =>
      stack.post('/feedback/aggregate', {
        project_id: project,
        after_ms: before_ms - 7_200_000,
        before_ms,
        ...request,
      });
    expect(await aggregate({ feedback_types: ['wandb.agent_monitor'], group_by: ['scorer_id'] })).toMatchObject({
      time_bucket_seconds: null,
      buckets: [
        {
          time_bucket_start_ms: null, group: { scorer_id: 'judge' }, total_count: 2, scored_count: 2, tag_counts: { good: 1 },
          rating_counts: { _rating_: 2 }, rating_sums: { _rating_: 1.25 },
        },
      ],
    }); // prettier-ignore
    expect(await aggregate({ span_types: ['agent_turn'] })).toMatchObject({ buckets: [{ total_count: 1 }] });
    expect(await aggregate({ tags: ['none'] })).toMatchObject({ buckets: [{ total_count: 0, group: {} }] });
    expect(await aggregate({ tags: ['none'], time_bucket_seconds: 600 })).toMatchObject({ buckets: [] });
    expect(await aggregate({ after_ms: 0 })).toMatchObject({ buckets: [{ total_count: 3 }] });
    for (const request of [{ after_ms: 0, tags: ['x'] }, { after_ms: before_ms }, { time_bucket_seconds: 1 }])
      expect(
        (await refused('/feedback/aggregate', { after_ms: before_ms - 7_200_000, before_ms, ...request }))
          .status,
      ).toBe(400);
  });
});

describe('npm weave', () => {
  it('attaches scores of an evaluation to its predictions', async () => {
    const project = newProject('feedback');
    await runProgram(stack, 'scores.cjs', 'weave', project);
    const { result } = await feedbackOf(project).query({
      query: equals('feedback_type', 'wandb.runnable.correct'),
      // The SDK sends both at once, so either may be stored as the first.
      sort_by: [{ field: 'payload.output', direction: 'desc' }],
    });
    expect(result.map(({ payload }) => payload)).toEqual([{ output: true }, { output: false }]);
    const calls = await stack.lines<ReadCall>('/calls/stream_query', { project_id: project });
    const refs = calls.map(({ id }) => `weave:///${project}/call/${id}`);
    for (const { weave_ref, call_ref } of result)
      expect(refs).toEqual(expect.arrayContaining([weave_ref, call_ref]));
  });
});
