import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { newId, type CallPart, type EndFields } from '@weft/model';
import { feedbackRow } from '../testing/feedback.ts';
import {
  batch,
  endOf,
  json,
  openTestStore,
  startOf,
  type StartLike,
  type TestStore,
} from '../testing/store.ts';
import type { TraceReader, TraceWriter } from '../trace-store.ts';
import type { CallSeries, ScoreSeries, SeriesQuery } from './types.ts';

let store: TestStore;
let reader: TraceReader;
let writer: TraceWriter;
const newProject = () => `e/${newId()}`;

beforeAll(async () => {
  store = await openTestStore();
  // Everything has to hold with every row still on disk.
  await store.command('SYSTEM STOP MERGES calls');
  ({ reader, writer } = store.open());
}, 60_000);
afterAll(() => store?.close(), 60_000);

const S = 1_000_000;
const T = Date.UTC(2026, 0, 5) * 1000;

function call(
  p: string,
  endedAtUs: number,
  ms: number,
  fields: Partial<EndFields> & Partial<StartLike> = {},
  id = newId(),
): CallPart {
  const complete = { complete: true } as const;
  return {
    ...startOf(p, id, { startedAtUs: endedAtUs - ms * 1000, ...fields, ...complete }),
    ...endOf(p, id, { endedAtUs, exception: null, ...fields, ...complete }),
  };
}

const calls = (value: CallSeries['value'], more: Partial<CallSeries> = {}): CallSeries => ({ kind: 'calls', opNames: [], spansOnly: false, value, ...more }); // prettier-ignore

const summary = (projectId: string, of: CallSeries | ScoreSeries, more: Partial<SeriesQuery> = {}) =>
  reader.summariseSeries({ projectId, fromUs: T, toUs: T + 60 * S, newest: 1000, of, ...more });

describe('calls', () => {
  it('are taken by their end, each once, without those that are deleted or still run', async () => {
    const p = newProject();
    const [again, gone] = [newId(), newId()];
    const parts = [
      call(p, T - 1, 100),
      call(p, T, 100.5, {}, again),
      call(p, T + 30 * S, 35_000),
      call(p, T + 40 * S, 200, {}, gone),
      call(p, T + 60 * S, 100),
      startOf(p, newId(), { startedAtUs: T + S }),
    ];
    await writer.write(
      batch({ calls: parts, deletedCalls: [{ projectId: p, id: gone, deletedAtUs: T + 50 * S }] }),
    );
    await writer.write(batch({ calls: [call(p, T, 100.5, { output: json('1') }, again)] }));
    expect(await summary(p, calls('latency_ms'))).toEqual({
      count: 2, numbers: 2, nonZero: 2, matched: 0, newestUs: T + 30 * S,
      mean: 17550.25, median: 17550.25, min: 100.5, max: 35_000, mode: 100.5,
    }); // prettier-ignore
    expect(await summary(p, calls('latency_ms'), { newest: 1 })).toMatchObject({
      count: 1,
      max: 35_000,
      min: 35_000,
    });
    expect(await summary(newProject(), calls('latency_ms'))).toEqual({
      count: 0, numbers: 0, nonZero: 0, matched: 0, newestUs: 0, mean: null, median: null, min: null, max: null, mode: null,
    }); // prettier-ignore
  });

  it('have tokens, a status and errors', async () => {
    const p = newProject();
    const usage = (input: number, output: number) => ({ summary: json(JSON.stringify({ usage: { m: { input_tokens: input, output_tokens: output } } })) }); // prettier-ignore
    await writer.write(
      batch({
        calls: [
          call(p, T, 1, usage(10, 1)),
          call(p, T + 1, 1, usage(30, 2)),
          call(p, T + 2, 1, { exception: 'boom' }),
          call(p, T + 3, 1, { ...usage(10, 3) }),
        ],
      }),
    );
    expect(await summary(p, calls('input_tokens'))).toMatchObject({
      count: 4,
      nonZero: 3,
      mean: 12.5,
      mode: 10,
      max: 30,
    });
    expect(await summary(p, calls('output_tokens'))).toMatchObject({ mean: 1.5, median: 1.5 });
    expect(await summary(p, calls('tokens'))).toMatchObject({ max: 32 });
    expect(await summary(p, calls('is_error'))).toMatchObject({ count: 4, nonZero: 1, mean: 0.25 });
    const status = await summary(p, calls('status'), { match: 'error' });
    expect(status).toMatchObject({ count: 4, numbers: 0, matched: 1, mean: null, mode: null });
  });

  it('have values in their payloads', async () => {
    const p = newProject();
    const outputs = ['{"a":{"b.c":1}}', '{"a":{"b.c":true}}', '{"a":{"b.c":"x"}}', '{"a":{"b.c":null}}', '{"a":1}', '"a"', '{"a":{"b.c":""}}', '{"a":{"b.c":1e999}}']; // prettier-ignore
    await writer.write(
      batch({ calls: outputs.map((output, i) => call(p, T + i, 1, { output: json(output) })) }),
    );
    const value = { payload: 'output', path: ['a', 'b.c'] } as const;
    expect(await summary(p, calls(value), { match: 'x' })).toMatchObject({
      count: 3,
      numbers: 2,
      mean: 1,
      matched: 1,
    });
    expect(await summary(p, calls(value), { match: 'true' })).toMatchObject({ matched: 1 });
    expect(await summary(p, calls({ payload: 'output', path: [] }), { match: 'a' })).toMatchObject({
      matched: 1,
    });
  });

  it('are those of the ops that are asked for; else all but those of scorers', async () => {
    const p = newProject();
    const op = `weave:///${p}/op/answer:v1`;
    const mark = { attributes: json('{"weft":{"score":{"call_ref":"x"}}}') };
    const other = { attributes: json('{"weft":{"other":1}}') };
    await writer.write(
      batch({
        calls: [
          call(p, T, 1, { opName: op }),
          call(p, T, 2, { opName: 'other', ...other }),
          call(p, T, 4, { opName: 'judge', ...mark }),
        ],
      }),
    );
    expect((await summary(p, calls('latency_ms'))).count).toBe(2);
    expect((await summary(p, calls('latency_ms', { opNames: [`weave:///${p}/op/answer:*`] }))).max).toBe(1);
    expect((await summary(p, calls('latency_ms', { opNames: ['judge'] }))).max).toBe(4);
    expect((await summary(p, calls('latency_ms', { spansOnly: true }))).count).toBe(0);
  });
});

describe('scores', () => {
  it('are taken by monitor and scorer', async () => {
    const p = newProject();
    const ref = (name: string) => `weave:///${p}/object/${name}`;
    const row = (id: string, seconds: number, trigger: string, runnable: string, payload: unknown) =>
      feedbackRow(p, {
        id,
        createdAtUs: T + seconds * S,
        triggerRef: ref(trigger),
        runnableRef: ref(runnable),
        payload: json(JSON.stringify(payload)),
      });
    await writer.write(
      batch({
        feedback: [
          row('a', 1, 'mon:v1', 'judge:v1', { output: { score: 0.25 } }),
          row('b', 2, 'mon:v2', 'judge:v1', { output: { score: 0.75 } }),
          row('c', 3, 'mon2:v1', 'judge:v1', { output: { score: 9 } }),
          row('d', 4, 'mon:v2', 'other:v1', { output: { score: 5 } }),
          row('e', 5, 'mon:v2', 'judge:v1', { output: null, status: 'error' }),
          row('f', 60, 'mon:v2', 'judge:v1', { output: { score: 7 } }),
        ],
      }),
    );
    const scores = (more: Partial<ScoreSeries>): ScoreSeries => ({
      kind: 'scores',
      path: ['output', 'score'],
      ...more,
    });
    expect(await summary(p, scores({ triggerRef: ref('mon:*'), runnableRef: ref('judge:*') }))).toMatchObject(
      { count: 2, mean: 0.5 },
    );
    expect(await summary(p, scores({ triggerRef: ref('mon:v2') }))).toMatchObject({
      count: 2,
      max: 5,
      newestUs: T + 4 * S,
    });
    expect(await summary(p, scores({ runnableRef: ref('judge:v1') }))).toMatchObject({ count: 3, max: 9 });
    const failed: ScoreSeries = { kind: 'scores', path: ['status'], triggerRef: ref('mon:*') };
    expect(await summary(p, failed, { match: 'error' })).toMatchObject({ count: 1, matched: 1 });
  });
});
