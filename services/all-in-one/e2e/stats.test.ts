import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { batch, completed, newCallId, started } from './calls.ts';
import { newProject, openStack, type Stack } from './stack.ts';

/** What calls used, with everything below them, and figures of calls over time. */

let stack: Stack;
beforeAll(async () => {
  stack = await openStack();
});
afterAll(() => stack.stop());

type Bucket = Readonly<Record<string, unknown>> & { readonly timestamp: string; readonly count: number };
interface Stats {
  readonly granularity: number;
  readonly timezone: string;
  readonly usage_buckets: readonly (Bucket & { readonly model: string })[];
  readonly call_buckets: readonly Bucket[];
}
interface Usage {
  readonly call_usage: Record<string, Record<string, Record<string, number | null>>>;
  readonly unfinished_call_ids: readonly string[];
}
interface Call {
  readonly id: string;
  readonly at?: string;
  readonly endedAt?: string;
  readonly trace?: string;
  readonly parent?: string;
  readonly usage?: object;
  readonly exception?: string;
}

const text = JSON.stringify;
const members = ({ id, at = '2026-11-01T10:00:00Z', trace = id, parent }: Call) => ({
  trace_id: text(trace),
  started_at: text(at),
  ...(parent === undefined ? {} : { parent_id: text(parent) }),
});
const send = (project: string, calls: readonly Call[]) =>
  stack.send(
    `/v2/${project}/calls/complete`,
    batch(
      ...calls.map((call) =>
        completed(project, call.id, {
          ...members(call),
          ended_at: text(call.endedAt ?? call.at ?? '2026-11-01T10:00:01Z'),
          summary: text(call.usage === undefined ? {} : { usage: call.usage }),
          ...(call.exception === undefined ? {} : { exception: text(call.exception) }),
        }),
      ),
    ),
  );

describe('/calls/usage and /trace/usage', () => {
  const trace = () => {
    const [root, child, leaf, running] = [newCallId(), newCallId(), newCallId(), newCallId()];
    return { root, child, leaf, running };
  };
  const write = async (project: string, { root, child, leaf, running }: ReturnType<typeof trace>, ofRoot: object) => {
    await send(project, [
      { id: root, usage: ofRoot },
      { id: child, trace: root, parent: root, usage: { 'gpt-4': { input_tokens: 2, output_tokens: 1 } } },
      { id: leaf, trace: root, parent: child, usage: { 'gpt-4': { prompt_tokens: 3, completion_tokens: 1, total_tokens: 4 } } },
    ]);
    const call = started(project, running, members({ id: running, trace: root, parent: root }));
    await stack.send('/call/start', `{"start":${call}}`);
  }; // prettier-ignore

  it('add up what is below each call', async () => {
    const project = newProject('usage');
    const ids = trace();
    await write(project, ids, { 'gpt-4': { prompt_tokens: 5, completion_tokens: 5, total_tokens: 10 } });
    const ofTrace = await stack.post<Usage>('/trace/usage', { project_id: project, filter: { trace_ids: [ids.root] } });
    expect(ofTrace.unfinished_call_ids).toEqual([ids.running]);
    expect(Object.keys(ofTrace.call_usage).sort()).toEqual(Object.values(ids).sort());
    expect(ofTrace.call_usage[ids.root]!['gpt-4']).toEqual({
      requests: 0, prompt_tokens: 10, completion_tokens: 7, total_tokens: 17, cache_read_input_tokens: 0, cache_creation_input_tokens: 0,
      prompt_tokens_total_cost: null, completion_tokens_total_cost: null, cache_read_input_tokens_total_cost: null,
      cache_creation_input_tokens_total_cost: null,
    });
    expect(ofTrace.call_usage[ids.child]!['gpt-4']).toMatchObject({ prompt_tokens: 5, completion_tokens: 2, total_tokens: 7 });
    expect(ofTrace.call_usage[ids.running]).toEqual({});

    const missing = newCallId();
    const ask = (how: object = {}) => stack.post<Usage>('/calls/usage', { project_id: project, call_ids: [ids.root, missing], ...how });
    const ofCalls = await ask();
    expect(Object.keys(ofCalls.call_usage).sort()).toEqual([ids.root, missing].sort());
    expect(ofCalls.call_usage[ids.root]).toEqual(ofTrace.call_usage[ids.root]);
    expect(ofCalls.call_usage[missing]).toEqual({});
    expect((await ask({ include_costs: true })).call_usage[ids.root]!['gpt-4']).toMatchObject({
      prompt_tokens_total_cost: 10 * 3e-5, completion_tokens_total_cost: expect.closeTo(7 * 6e-5, 12), cache_read_input_tokens_total_cost: 0,
    });
  }); // prettier-ignore

  it('count once what a parent repeats of its children', async () => {
    const project = newProject('usage');
    const [root, one, two] = [newCallId(), newCallId(), newCallId()];
    const used = { prompt_tokens: 3, completion_tokens: 1, requests: 1 };
    await send(project, [
      { id: one, trace: root, parent: root, usage: { m: used } },
      { id: two, trace: root, parent: root, usage: { m: used } },
      { id: root, usage: { m: { prompt_tokens: 6, completion_tokens: 2, requests: 2 } } },
    ]);
    const { call_usage: usage } = await stack.post<Usage>('/calls/usage', {
      project_id: project,
      call_ids: [root],
    });
    expect(usage[root]!.m).toMatchObject({ prompt_tokens: 6, completion_tokens: 2, requests: 2 });
  });

  it('go through many traces in pieces, and refuse one that is too large', async () => {
    const project = newProject('usage');
    const [first, second] = [trace(), trace()];
    for (const ids of [first, second]) await write(project, ids, {});
    const ask = (limit: number) =>
      stack.send('/calls/usage', { project_id: project, call_ids: [first.root, second.child, first.root], limit });
    const answers = await Promise.all([4, 5, 8].map(async (limit) => (await ask(limit)).json() as Promise<Usage>));
    for (const { call_usage: usage, unfinished_call_ids: running } of answers) {
      expect([usage[first.root]!['gpt-4']!.prompt_tokens, usage[second.child]!['gpt-4']!.prompt_tokens]).toEqual([5, 5]);
      expect(running).toEqual([first.running, second.running].sort());
    }
    const refused = await ask(3);
    expect({ status: refused.status, body: await refused.text() }).toEqual({ status: 413, body: expect.stringContaining('single trace exceeds') });
    expect((await ask(0)).status).toBe(400);
    expect((await ask(-1)).status).toBe(400);
    expect((await ask(1e9)).status).toBe(400);
  }); // prettier-ignore
});

describe('/calls/stats', () => {
  const project = newProject('stats');
  const RANGE = { start: '2026-11-01T09:30:00Z', end: '2026-11-01T13:00:00Z', granularity: 3600 };
  const stats = (how: object) => stack.post<Stats>('/calls/stats', { project_id: project, ...RANGE, ...how });

  beforeAll(async () => {
    const used = (prompt: number, completion: number) => ({ prompt_tokens: prompt, completion_tokens: completion, total_tokens: prompt + completion });
    const usage = [{ m: used(100, 10) }, { m: used(200, 20), 'gpt-4o': used(1000, 100) }, { m: { input_tokens: 50 } }, undefined];
    await send(project, [
      { id: newCallId(), at: '2026-11-01T10:00:00Z', endedAt: '2026-11-01T10:00:00.250Z', usage: usage[0] },
      { id: newCallId(), at: '2026-11-01T10:59:59.999999Z', endedAt: '2026-11-01T11:00:00.749999Z', usage: usage[1] },
      { id: newCallId(), at: '2026-11-01T12:00:00Z', usage: usage[2], exception: 'no' },
      { id: newCallId(), at: '2026-11-01T13:00:00Z', usage: { m: used(9, 9) } },
    ]);
    const price = (prompt: number, date: string) => ({ m: { prompt_token_cost: prompt, completion_token_cost: 1, effective_date: date } });
    await stack.send('/cost/create', { project_id: project, costs: price(0.5, '2026-01-01T00:00:00Z') });
    await stack.send('/cost/create', { project_id: project, costs: price(2, '2026-11-01T10:30:00Z') });
  }); // prettier-ignore

  it('sums tokens by bucket and model, also where nothing was used', async () => {
    const { usage_buckets: buckets, call_buckets: calls, ...head } = await stats({
      usage_metrics: [
        { metric: 'input_tokens' },
        { metric: 'total_tokens', aggregations: ['sum', 'avg', 'min', 'max', 'count'], percentiles: [50, 99.9] },
      ],
    });
    expect(head).toEqual({ start: '2026-11-01T09:30:00.000000Z', end: '2026-11-01T13:00:00.000000Z', granularity: 3600, timezone: 'UTC' });
    expect(calls).toEqual([]);
    expect(buckets.map(({ timestamp, model, count }) => [timestamp.slice(11, 13), model, count])).toEqual([
      ['09', 'gpt-4o', 0], ['09', 'm', 0], ['10', 'gpt-4o', 1], ['10', 'm', 2], ['11', 'gpt-4o', 0], ['11', 'm', 0], ['12', 'gpt-4o', 0], ['12', 'm', 1],
    ]);
    expect(buckets[3]).toEqual({
      timestamp: '2026-11-01T10:00:00+00:00', model: 'm', sum_input_tokens: 300, sum_total_tokens: 330, avg_total_tokens: 165,
      min_total_tokens: 110, max_total_tokens: 220, count_total_tokens: 2, p50_total_tokens: 165, 'p99.9_total_tokens': expect.closeTo(219.89, 6), count: 2,
    });
    expect(buckets[5]).toMatchObject({ sum_input_tokens: 0, avg_total_tokens: 0, min_total_tokens: null, p50_total_tokens: null });
  }); // prettier-ignore

  it('prices each call at its own time', async () => {
    const { usage_buckets: buckets } = await stats({
      usage_metrics: ['input_cost', 'output_cost', 'total_cost'].map((metric) => ({ metric })),
    });
    const of = (hour: string, model: string) =>
      buckets.find((bucket) => bucket.timestamp.slice(11, 13) === hour && bucket.model === model);
    expect(of('10', 'm')).toMatchObject({ sum_input_cost: 450, sum_output_cost: 30, sum_total_cost: 480, count: 2 });
    expect(of('12', 'm')).toMatchObject({ sum_input_cost: 100, sum_output_cost: 0, sum_total_cost: 100 });
    expect(of('10', 'gpt-4o')).toMatchObject({ sum_input_cost: expect.closeTo(0.0025, 9), sum_output_cost: expect.closeTo(0.001, 9) });
    expect(of('11', 'm')).toMatchObject({ sum_total_cost: 0 });
  }); // prettier-ignore

  it('counts calls, errors and durations', async () => {
    const { call_buckets: buckets, usage_buckets: usage } = await stats({
      call_metrics: [
        { metric: 'call_count' },
        { metric: 'error_count' },
        { metric: 'latency_ms', aggregations: ['avg', 'max'], percentiles: [50] },
      ],
    });
    expect(usage).toEqual([]);
    expect(buckets.map(({ sum_call_count: n, sum_error_count: errors }) => [n, errors])).toEqual([[0, 0], [2, 0], [0, 0], [1, 1]]);
    expect(buckets[1]).toMatchObject({ avg_latency_ms: 500, max_latency_ms: 750, p50_latency_ms: 500, count: 2 });
    expect(buckets[0]).toMatchObject({ avg_latency_ms: 0, max_latency_ms: null, count: 0 });
  }); // prettier-ignore

  it('knows time zones, and chooses the length of buckets', async () => {
    const daily = await stats({
      start: '2026-10-31T12:00:00Z', end: '2026-11-03T05:00:00Z', granularity: 86_400, timezone: 'America/New_York',
      call_metrics: [{ metric: 'call_count' }],
    });
    expect(daily.call_buckets.map(({ timestamp, count }) => [timestamp, count])).toEqual([
      ['2026-10-31T00:00:00-04:00', 0], ['2026-11-01T00:00:00-04:00', 4], ['2026-11-02T00:00:00-05:00', 0],
    ]);
    expect((await stats({ granularity: null })).granularity).toBe(3600);
    const many = await stats({ start: '2026-10-10T00:00:00Z', granularity: 1, call_metrics: [{ metric: 'call_count' }] });
    expect(many.call_buckets.length).toBeLessThanOrEqual(10_001);
    expect(many.granularity).toBeGreaterThan(1);
  }); // prettier-ignore

  it.each<[object, number]>([
    [{ start: '2026-09-01T00:00:00Z' }, 400],
    [{ end: '2026-01-01T00:00:00Z' }, 400],
    [{ granularity: 0 }, 400],
    [{ timezone: 'Nope/X' }, 400],
    [{ call_metrics: [{ metric: 'call_count', percentiles: [101] }] }, 400],
    [{ usage_metrics: [{ metric: 'total_cost', percentiles: [50] }] }, 422],
    [{ usage_metrics: [{ metric: 'nope' }] }, 422],
    [{ call_metrics: [{ metric: 'call_count', aggregations: ['nope'] }] }, 422],
    [{ start: 'soon' }, 422],
  ])('says what it cannot do: %j', async (how, status) => {
    expect((await stack.send('/calls/stats', { project_id: project, ...RANGE, ...how })).status).toBe(status);
  });
});
