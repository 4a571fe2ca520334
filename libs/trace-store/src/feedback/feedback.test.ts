import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { newId } from '@weft/model';
import { parseQuery } from '@weft/query-language';
import { feedbackRow } from '../testing/feedback.ts';
import { batch, json, openTestStore, T0, type TestStore } from '../testing/store.ts';
import type { TraceReader, TraceWriter } from '../trace-store.ts';
import { feedbackField } from './fields.ts';
import type { FeedbackAggregateQuery, FeedbackQuery, FeedbackWrite } from './types.ts';

let store: TestStore;
let reader: TraceReader;
let writer: TraceWriter;

beforeAll(async () => {
  store = await openTestStore();
  ({ reader, writer } = store.open());
});
afterAll(() => store?.close());

type Fields = Partial<FeedbackWrite>;

/** A project of its own that holds these: ids f0, f1, …, one millisecond apart. */
async function projectWith(...rows: Fields[]): Promise<string> {
  const project = `e/${newId()}`;
  const feedback = rows.map((fields, i) =>
    feedbackRow(project, { id: `f${i}`, createdAtUs: T0 + i * 1000, ...fields }),
  );
  await writer.write(batch({ feedback }));
  return project;
}

async function idsOf(query: FeedbackQuery): Promise<string[]> {
  const ids: string[] = [];
  for await (const page of reader.streamFeedback(query)) ids.push(...page.map(({ id }) => id));
  return ids;
}

const field = (path: string) => ({ $getField: path });
const where = (expr: object) => parseQuery({ $expr: expr }, feedbackField);
const payload = (value: unknown) => json(JSON.stringify(value));
const scorer = (fields: Partial<FeedbackWrite['scorer']>): Fields => ({
  scorer: { ...feedbackRow('', { id: '', createdAtUs: 0 }).scorer, ...fields },
});

describe('feedback', () => {
  it('comes back as it was written, once, in the order it was given', async () => {
    const project = await projectWith({ id: 'z' }, { id: 'a' });
    const whole = feedbackRow(project, {
      id: 'm', createdAtUs: T0 + 500, weaveRef: 'other', payload: json('{"n": 1.0,"big":9007199254740993}'), creator: 'me', runnableRef: 'r',
      annotationRef: 'a', callRef: 'c', triggerRef: 't', queueId: 'q',
      scorer: {
        tags: ['x', 'y'], tagReasons: [['x', 'why'], ['__proto__', '']], tagConfidences: [['x', 0.1]], ratings: [['_rating_', 0.2], ['-', -1e300]],
        ratingReasons: [['_rating_', 'ß']], ratingConfidences: [['_rating_', 1]], traceId: 's',
      },
      span: { agentName: 'n', agentVersion: '1', statusCode: 'OK', conversationId: 'cc', traceId: 'tt' },
    }); // prettier-ignore
    await writer.write(batch({ feedback: [whole] }));
    await writer.write(batch({ feedback: [whole] }));
    const pages: FeedbackWrite[] = [];
    for await (const page of reader.streamFeedback({ projectId: project })) pages.push(...page);
    expect(pages.map(({ id }) => id)).toEqual(['z', 'm', 'a']);
    expect({ ...pages[1], payload: Buffer.from(pages[1]!.payload) }).toEqual({
      ...whole,
      payload: Buffer.from(whole.payload),
    });
    expect(await reader.feedbackOf(project, ['other', 'none'])).toHaveLength(1);
    expect(await reader.feedbackOf(project, [])).toEqual([]);
    expect(await reader.feedbackOf('e/other', ['other'])).toEqual([]);
  });

  it('is purged for good, also when it comes later or again, and in its own project only', async () => {
    const [project, other] = [await projectWith({}, {}), await projectWith({})];
    await writer.write(
      batch({
        feedbackPurges: ['f0', 'f7'].map((id) => ({ projectId: project, id, purgedAtUs: T0 })),
      }),
    );
    await writer.write(
      batch({ feedback: [feedbackRow(project, { id: 'f7', createdAtUs: T0 + 9_000_000 })] }),
    );
    await writer.write(
      batch({ feedback: [feedbackRow(project, { id: 'f0', createdAtUs: T0 + 9_000_000 })] }),
    );
    expect(await idsOf({ projectId: project })).toEqual(['f1']);
    expect(await reader.countFeedback({ projectId: project })).toBe(1);
    expect((await reader.feedbackOf(project, [`weave:///${project}/call/1`])).map(({ id }) => id)).toEqual([
      'f1',
    ]);
    expect(await idsOf({ projectId: other })).toEqual(['f0']);
  });

  it('that was sent again with other content is the later one, which alone is looked at', async () => {
    const project = await projectWith({ feedbackType: 'old' });
    const again = feedbackRow(project, { id: 'f0', createdAtUs: T0 + 1, feedbackType: 'new' });
    await writer.write(batch({ feedback: [again] }));
    await projectWith();
    const is = (type: string) => where({ $eq: [field('feedback_type'), type] });
    expect(await idsOf({ projectId: project, where: is('old') })).toEqual([]);
    expect(await idsOf({ projectId: project, where: is('new') })).toEqual(['f0']);
  });

  it('is paged without gaps and repeats', async () => {
    const project = await projectWith(...Array.from({ length: 7 }, () => ({ createdAtUs: T0 })));
    const pages = [0, 3, 6].map((offset) => idsOf({ projectId: project, limit: 3, offset }));
    expect((await Promise.all(pages)).flat()).toEqual(['f0', 'f1', 'f2', 'f3', 'f4', 'f5', 'f6']);
    expect(await idsOf({ projectId: project, offset: 5 })).toEqual(['f5', 'f6']);
    expect(await idsOf({ projectId: project, limit: 0 })).toEqual([]);
  });

  describe('filters', () => {
    let project: string;
    beforeAll(async () => {
      project = await projectWith(
        { feedbackType: 'wandb.reaction.1', payload: payload({ emoji: '👍', deep: { list: [1, 2] } }) },
        { creator: 'ann', queueId: 'q', payload: payload({ n: 5, 'a.b': 1 }) },
        scorer({ tags: ['nsfw'], ratings: [['_rating_', 0.9]] }),
        scorer({ tags: ['NSFW', 'ok'], ratings: [['_rating_', 0]], tagReasons: [['high-quality', 'good']] }),
      );
    });
    it.each([
      [{ $eq: [field('feedback_type'), 'wandb.reaction.1'] }, ['f0']],
      [{ $eq: [field('payload.emoji'), '👍'] }, ['f0']],
      [{ $eq: [field('payload.deep.list.1'), 2] }, ['f0']],
      [{ $gt: [field('payload.n'), 4] }, ['f1']],
      [{ $eq: [field('payload.a\\.b'), 1] }, ['f1']],
      [{ $eq: [field('creator'), null] }, ['f0', 'f2', 'f3']],
      [{ $eq: [field('queue_id'), 'q'] }, ['f1']],
      [{ $contains: { input: field('scorer_tags'), substr: 'nsfw' } }, ['f2']],
      [{ $contains: { input: field('scorer_tags'), substr: 'ns' } }, []],
      [{ $contains: { input: field('scorer_tags'), substr: 'nsfw', case_insensitive: true } }, ['f2', 'f3']],
      [{ $gt: [field('scorer_ratings._rating_'), 0.5] }, ['f2']],
      [{ $eq: [field('scorer_ratings._rating_'), 0] }, ['f3']],
      [{ $eq: [field('scorer_tag_reasons.high-quality'), 'good'] }, ['f3']],
      [{ $eq: [field('scorer_tag_reasons.missing'), ''] }, []],
      [{ $gte: [field('created_at'), '2026-01-02T03:04:05.002Z'] }, ['f2', 'f3']],
      [{ $lt: [field('created_at'), T0 / 1e6 + 0.0015] }, ['f0', 'f1']],
      [{ $and: [{ $in: [field('id'), ['f0', 'f1']] }, { $gt: [field('payload.n'), 4] }] }, ['f1']],
      [{ $and: [{ $eq: [field('id'), 'f1'] }, { $eq: [field('id'), 'f0'] }] }, []],
      [{ $or: [{ $eq: [field('id'), 'f3'] }, { $eq: [field('id'), 'f1'] }] }, ['f1', 'f3']],
    ])('%j', async (expr, ids) => {
      expect(await idsOf({ projectId: project, where: where(expr) })).toEqual(ids);
      expect(await reader.countFeedback({ projectId: project, where: where(expr) })).toBe(ids.length);
    });

    it.each(['inputs.x', 'payload_dump', 'scorer_ratings', 'user_id', '', '.', 'scorer_tags.x'])(
      'refuses the field %j',
      (path) => {
        expect(() => where({ $eq: [field(path), 'x'] })).toThrow(
          expect.objectContaining({
            code: 'invalid_request',
            message: expect.stringContaining('Unknown field'),
          }),
        );
      },
    );
  });

  it('is sorted by columns, values by name and payload paths, missing ones last', async () => {
    const project = await projectWith(
      { ...scorer({ ratings: [['r', 0.5]], ratingReasons: [['r', 'beta']] }), payload: payload({ v: 10 }) },
      { ...scorer({ ratings: [['r', 0.1]], ratingReasons: [['r', 'alpha']] }), payload: payload({ v: 9 }) },
      { payload: payload({ v: 'text' }) },
      { payload: payload({}) },
    );
    const sorted = (path: string, direction: 'asc' | 'desc') =>
      idsOf({ projectId: project, sort: [{ field: feedbackField(path), direction }] });
    expect(await sorted('payload.v', 'asc')).toEqual(['f1', 'f0', 'f2', 'f3']);
    expect(await sorted('payload.v', 'desc')).toEqual(['f0', 'f1', 'f2', 'f3']);
    expect(await sorted('scorer_ratings.r', 'asc')).toEqual(['f1', 'f0', 'f2', 'f3']);
    expect(await sorted('scorer_rating_reasons.r', 'desc')).toEqual(['f0', 'f1', 'f2', 'f3']);
    expect(await sorted('created_at', 'desc')).toEqual(['f3', 'f2', 'f1', 'f0']);
    const several = ['feedback_type', 'payload.v'].map((path) => ({
      field: feedbackField(path),
      direction: 'asc' as const,
    }));
    expect(await idsOf({ projectId: project, sort: several })).toEqual(['f1', 'f0', 'f2', 'f3']);
  });

  it('is counted and averaged by time', async () => {
    const minute = 60_000_000;
    const at = (minutes: number) => ({
      createdAtUs: T0 + minutes * minute,
      triggerRef: 'weave:///e/p/object/m:v1',
    });
    const project = await projectWith(
      { ...at(0), payload: payload({ output: { score: 1, ok: true, label: 'a' } }) },
      { ...at(0), payload: payload({ output: { score: 3, ok: false } }) },
      { ...at(0), payload: payload({ output: { score: '7' } }) },
      { ...at(5), payload: payload({ output: { score: 5 } }), feedbackType: 'other' },
      { ...at(5), payload: payload({ output: { score: 100 } }), triggerRef: 'weave:///e/p/object/m2:v1' },
      { ...at(60), payload: payload({ output: { score: 1000 } }) },
    );
    const range = {
      projectId: project,
      startUs: T0,
      endUs: T0 + 60 * minute,
      triggerRef: 'weave:///e/p/object/m:*',
    };
    const metric = (name: string, valueType: 'numeric' | 'boolean' | 'categorical', ...aggregations: never[]) => ({
      path: ['output', name], valueType, aggregations, percentiles: [],
    }); // prettier-ignore
    const score = {
      ...metric('score', 'numeric'),
      aggregations: ['sum', 'avg', 'min', 'max', 'count'] as const,
      percentiles: [50],
    };
    const ok = { ...metric('ok', 'boolean'), aggregations: ['count_true', 'count_false', 'count'] as const };
    const label = { ...metric('label', 'categorical'), aggregations: ['count', 'avg'] as const };
    const T0_S = T0 / 1e6;
    expect(await reader.feedbackStats(range, [score, ok, label], 60)).toEqual([
      {
        startS: T0_S - (T0_S % 60),
        count: 3,
        values: [
          [4, 2, 1, 3, 2, 2],
          [1, 1, 2],
          [1, null],
        ],
      },
      {
        startS: T0_S - (T0_S % 60) + 300,
        count: 1,
        values: [
          [5, 5, 5, 5, 1, 5],
          [0, 0, 0],
          [0, null],
        ],
      },
    ]);
    expect(await reader.feedbackStats({ ...range, feedbackType: 'wandb.note.1' }, [score])).toEqual([
      { startS: null, count: 3, values: [[4, 2, 1, 3, 2, 2]] },
    ]);
    expect(await reader.feedbackStats({ ...range, triggerRef: 'none' }, [score])).toEqual([]);
  });

  it('gives the newest payload of each trigger as a sample', async () => {
    const project = await projectWith(
      { triggerRef: 'a', payload: payload({ old: 1 }) },
      { triggerRef: 'a', payload: payload({ new: 1 }) },
      { triggerRef: 'b', payload: payload({ b: 1 }) },
      { payload: payload({ none: 1 }) },
    );
    const samples = async (limit: number) => {
      const texts: string[] = [];
      const range = { projectId: project, startUs: T0, endUs: T0 + 1_000_000 };
      for await (const page of reader.feedbackSamples(range, limit))
        texts.push(...page.map((bytes) => Buffer.from(bytes).toString()));
      return texts.sort();
    };
    expect(await samples(10)).toEqual(['{"b":1}', '{"new":1}', '{"none":1}']);
    expect(await samples(2)).toEqual(['{"new":1}', '{"none":1}']);
  });

  it('adds up what scorers said', async () => {
    const monitor = (name: string, fields: Fields): Fields => ({
      feedbackType: 'wandb.agent_monitor', runnableRef: `weave:///e/p/object/${name}:v1`, triggerRef: 'weave:///e/p/object/mon:t', ...fields,
    }); // prettier-ignore
    const project = await projectWith(
      monitor('scorer_a', {
        ...scorer({ ratings: [['_rating_', 0.75]], tags: ['good'] }),
        weaveRef: 'weave:///e/p/agent_turn/t',
      }),
      monitor('scorer_a', scorer({ ratings: [['_rating_', 0.5]] })),
      monitor('scorer_a', { triggerRef: 'weave:///e/p/object/monday:t' }),
      monitor('scorer_b', scorer({ tags: ['nsfw', 'slow'] })),
      {},
    );
    const aggregate = (query: Partial<FeedbackAggregateQuery> = {}, limit = 100) =>
      reader.aggregateFeedback(
        {
          projectId: project, startUs: T0, endUs: T0 + 1_000_000, groupBy: [], typePrefixes: ['wandb.agent_monitor'], tags: [], monitorIds: [],
          scorerIds: [], agentNames: [], targetKinds: [], ...query,
        }, // prettier-ignore
        limit,
      );
    const total = async (query: Partial<FeedbackAggregateQuery>) =>
      (await aggregate(query)).reduce((sum, { count }) => sum + count, 0);
    expect(await aggregate({ groupBy: ['scorer_id'] })).toEqual([
      {
        bucketStartMs: null, group: ['scorer_a'], count: 3, scoredCount: 2, tagCounts: new Map([['good', 1]]),
        ratingCounts: new Map([['_rating_', 2]]), ratingSums: new Map([['_rating_', 1.25]]),
      },
      {
        bucketStartMs: null, group: ['scorer_b'], count: 1, scoredCount: 1, tagCounts: new Map([['nsfw', 1], ['slow', 1]]),
        ratingCounts: new Map(), ratingSums: new Map(),
      },
    ]); // prettier-ignore
    expect(await aggregate({ bucketSeconds: 3600, groupBy: ['span_status_code'] })).toMatchObject([
      { bucketStartMs: (T0 - (T0 % 3_600_000_000)) / 1000, group: ['UNSET'], count: 4, scoredCount: 3 },
    ]);
    expect(await aggregate({ groupBy: ['scorer_id'] }, 1)).toHaveLength(1);
    expect(await total({ typePrefixes: [] })).toBe(5);
    expect(await total({ monitorIds: ['mon'] })).toBe(3);
    expect(await total({ monitorIds: ['mon*'] })).toBe(4);
    expect(await total({ monitorIds: ['mo', 'x'] })).toBe(0);
    expect(await total({ scorerIds: ['scorer_b'] })).toBe(1);
    expect(await total({ tags: ['nsfw', 'good'] })).toBe(2);
    expect(await total({ ratingMin: 0.7 })).toBe(1);
    expect(await total({ ratingMin: 0, ratingMax: 0.6 })).toBe(1);
    expect(await total({ targetKinds: ['agent_turn'] })).toBe(1);
    expect(await total({ agentNames: ['none'] })).toBe(0);
    expect(await aggregate({ agentNames: ['none'] })).toEqual([]);
  });
});
