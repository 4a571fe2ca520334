import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { batch, completed, newIds, started } from './calls.ts';
import { newProject, openStack, type ReadCall, type Stack } from './stack.ts';

/** Which calls, in which order, and what of them: over one small project whose calls are known by name. */

let stack: Stack;
const project = newProject('filters');
const NAMES = ['root', 'child', 'leaf', 'other', 'threaded', 'running', 'failed'] as const;
type Name = (typeof NAMES)[number];
const ids = new Map<string, string>();
const id = (name: Name) => ids.get(name)!;

const op = (name: string, digest: string) => `weave:///${project}/op/${name}:${digest}`;
const object = (name: string, digest: string) => `weave:///${project}/object/${name}:${digest}`;

beforeAll(async () => {
  stack = await openStack();
  newIds(NAMES.length).forEach((value, i) => ids.set(NAMES[i]!, value));
  const text = JSON.stringify;
  const at = (second: number) => text(`2026-01-02T03:04:0${second}.000001Z`);
  const trace = (name: Name) => ({ trace_id: text(id(name)) });
  const calls = [
    completed(project, id('root'), {
      ...trace('root'), op_name: text(op('predict', 'v1')), started_at: at(1), wb_user_id: '"ada"', wb_run_id: '"e/p/run1"',
      inputs: text({ model: object('Model', 'm1'), list: [{ deep: object('Data', 'd1') }] }), output: text({ ref: object('Out', 'o1') }),
      ended_at: '"2026-01-02T03:04:09Z"', display_name: '"Zed"',
    }),
    completed(project, id('child'), {
      ...trace('root'), parent_id: text(id('root')), op_name: text(op('predict', 'v2')), started_at: at(2), wb_user_id: '"bob"',
      inputs: text({ model: object('Model', 'm2'), text: `about ${object('Data', 'd1')}` }), output: text(object('Out', 'o2')),
    }),
    completed(project, id('leaf'), { ...trace('root'), parent_id: text(id('child')), op_name: text(op('predictor', 'v1')), started_at: at(3) }),
    completed(project, id('other'), { ...trace('other'), op_name: '"free.name"', started_at: at(4), wb_run_id: '"run2"', wb_run_step: '7' }),
    completed(project, id('threaded'), { ...trace('threaded'), op_name: '"free"', started_at: at(5), thread_id: '"t1"', turn_id: '"u1"' }),
    completed(project, id('failed'), { ...trace('failed'), op_name: '"free"', started_at: at(7), exception: '"boom"', thread_id: '"t2"' }),
  ]; // prettier-ignore
  await stack.send(`/v2/${project}/calls/complete`, batch(...calls));
  await stack.send('/call/start', `{"start":${started(project, id('running'), { ...trace('running'), op_name: '"free"', started_at: at(6) })}}`); // prettier-ignore
});
afterAll(() => stack.stop());

const query = (more: object) =>
  stack.lines<ReadCall>('/calls/stream_query', { project_id: project, ...more });
const namesOf = (calls: readonly { id: string }[]) =>
  calls.map((call) => [...ids].find(([, value]) => value === call.id)?.[0]);
const find = async (filter: object) => namesOf(await query({ filter }));
async function refused(path: string, more: object): Promise<[number, string]> {
  const res = await stack.send(path, { project_id: project, ...more });
  const { reason, detail } = (await res.json()) as { reason?: string; detail?: unknown };
  return [res.status, reason ?? JSON.stringify(detail)];
}

describe('filter', () => {
  const all = ['root', 'child', 'leaf', 'other', 'threaded', 'running', 'failed'];
  it.each<[string, () => object, readonly string[]]>([
    ['nothing', () => ({}), all],
    ['nulls, which say nothing', () => ({ op_names: null, trace_roots_only: null }), all],
    ['empty lists, which say nothing', () => ({ op_names: [], call_ids: [], input_refs: [] }), all],
    ['an empty list of threads, which matches none', () => ({ thread_ids: [] }), []],
    ['an op in one version', () => ({ op_names: [op('predict', 'v1')] }), ['root']],
    ['an op in all versions', () => ({ op_names: [op('predict', '*')] }), ['root', 'child']],
    ['a free op name, whole', () => ({ op_names: ['free'] }), ['threaded', 'running', 'failed']],
    ['several ops', () => ({ op_names: ['free.name', op('predictor', '*')] }), ['leaf', 'other']],
    ['no pattern but the version', () => ({ op_names: ['%', 'fre_', 'free*', '*', op('pre*', 'v1')] }), []],
    ['an input ref, however deep', () => ({ input_refs: [object('Data', 'd1')] }), ['root']],
    ['input refs in all versions', () => ({ input_refs: [object('Model', '*')] }), ['root', 'child']],
    ['output refs', () => ({ output_refs: [object('Out', 'o1'), object('Out', 'o2')] }), ['root', 'child']],
    ['an input ref does not match outputs', () => ({ input_refs: [object('Out', 'o1')] }), []],
    ['parents', () => ({ parent_ids: [id('root'), id('child')] }), ['child', 'leaf']],
    ['traces', () => ({ trace_ids: [id('root')] }), ['root', 'child', 'leaf']],
    ['ids, in time order, unknown ones too', () => ({ call_ids: [id('leaf'), 'nobody', id('root')] }), ['root', 'leaf']],
    ['threads', () => ({ thread_ids: ['t1', 't2', 't3'] }), ['threaded', 'failed']],
    ['turns', () => ({ turn_ids: ['u1'] }), ['threaded']],
    ['roots only', () => ({ trace_roots_only: true }), ['root', 'other', 'threaded', 'running', 'failed']],
    ['not only roots', () => ({ trace_roots_only: false }), all],
    ['users', () => ({ wb_user_ids: ['ada', 'bob'] }), ['root', 'child']],
    ['runs', () => ({ wb_run_ids: ['e/p/run1', 'run2'] }), ['root', 'other']],
    ['all of several', () => ({ trace_ids: [id('root')], trace_roots_only: true, op_names: [op('predict', '*')] }), ['root']],
    ['what nobody knows is ignored', () => ({ no_such_filter: [1] }), all],
    ["what would end a query's string", () => ({ op_names: ["'", '\\', "') OR 1=1 --", '\u0000', '"'] }), []],
  ])('by %s', async (_, filter, names) => {
    expect(await find(filter())).toEqual(names);
    const { count } = await stack.post<{ count: number }>('/calls/query_stats', { project_id: project, filter: filter() });
    expect(count).toBe(names.length);
  }); // prettier-ignore

  it('takes lists of 1000 values and no longer ones', async () => {
    const values = Array.from({ length: 1000 }, (_, i) => `v${i}`);
    for (const name of [
      'op_names', 'input_refs', 'output_refs', 'parent_ids', 'trace_ids', 'call_ids', 'thread_ids', 'turn_ids',
      'wb_user_ids', 'wb_run_ids',
    ]) {
      expect(await find({ [name]: values })).toEqual([]);
      const answer = [
        400,
        `filter.${name}: Parameter: '${name}' request length is greater than max length (1000). Actual length: 1001`,
      ];
      for (const path of ['/calls/stream_query', '/calls/query', '/calls/query_stats'])
        expect(await refused(path, { filter: { [name]: [...values, 'one more'] } })).toEqual(answer);
    }
  }); // prettier-ignore

  it('never shows calls of another project', async () => {
    const foreign = { project_id: newProject('filters'), filter: { call_ids: [...ids.values()] } };
    expect(await stack.lines('/calls/stream_query', foreign)).toEqual([]);
    expect(await stack.post('/call/read', { ...foreign, id: id('root') })).toEqual({ call: null });
  });
});

describe('order and pages', () => {
  const sorted = async (field: string, direction: string) =>
    namesOf(await query({ sort_by: [{ field, direction }], columns: ['id'] }));

  it('is by time unless asked otherwise', async () => {
    const byTime = ['root', 'child', 'leaf', 'other', 'threaded', 'running', 'failed'];
    for (const sort_by of [undefined, null, []]) expect(namesOf(await query({ sort_by }))).toEqual(byTime);
    expect(await sorted('started_at', 'desc')).toEqual(byTime.toReversed());
  });

  it('puts what has no value last in both directions', async () => {
    expect((await sorted('thread_id', 'asc')).slice(0, 2)).toEqual(['threaded', 'failed']);
    expect((await sorted('thread_id', 'desc')).slice(0, 2)).toEqual(['failed', 'threaded']);
    expect((await sorted('ended_at', 'desc')).at(-1)).toBe('running');
    expect((await sorted('ended_at', 'asc')).at(-1)).toBe('running');
    expect((await sorted('exception', 'desc'))[0]).toBe('failed');
    expect((await sorted('wb_run_step', 'asc'))[0]).toBe('other');
  });

  it('knows the derived fields and several at once', async () => {
    expect((await sorted('summary.weave.latency_ms', 'desc'))[0]).toBe('root');
    expect((await sorted('summary.weave.trace_name', 'asc')).at(-1)).toBe('leaf');
    expect((await sorted('display_name', 'asc'))[0]).toBe('root');
    const both = [{ field: 'summary.weave.status', direction: 'asc' }, { field: 'started_at', direction: 'desc' }]; // prettier-ignore
    expect(namesOf(await query({ sort_by: both }))).toEqual(
      ['failed', 'running', 'threaded', 'other', 'leaf', 'child', 'root'],
    ); // prettier-ignore
  });

  it('takes limit and offset, 0 included', async () => {
    expect(namesOf(await query({ limit: 2 }))).toEqual(['root', 'child']);
    expect(namesOf(await query({ limit: 2, offset: 2 }))).toEqual(['leaf', 'other']);
    expect(namesOf(await query({ offset: 5 }))).toEqual(['running', 'failed']);
    expect(await query({ limit: 0 })).toEqual([]);
    expect(await query({ offset: 100 })).toEqual([]);
    for (const path of ['/calls/stream_query', '/calls/query'])
      for (const [member, words] of [['limit', 'Limit'], ['offset', 'Offset']] as const)
        for (const value of [-1, 1.5])
          expect(await refused(path, { [member]: value })).toEqual([400, `${words} must be a positive integer`]); // prettier-ignore
    const stats = (limit: number) => stack.post('/calls/query_stats', { project_id: project, limit });
    expect(await stats(1)).toMatchObject({ count: 1, has_more: true });
    expect(await stats(7)).toMatchObject({ count: 7, has_more: false });
  });

  it('leads through 2,500 calls by 1,000 without a gap or a repeat, in any order', async () => {
    const many = newProject('pages');
    const sent = newIds(2500);
    for (let from = 0; from < sent.length; from += 1250) {
      // Ten calls each share their time: the order among them has to be the same on every page.
      const calls = sent.slice(from, from + 1250).map((call, i) => {
        const at = new Date(Date.UTC(2026, 0, 1) + Math.floor((from + i) / 10)).toISOString();
        return completed(many, call, { started_at: JSON.stringify(at), op_name: `"op${i % 3}"` });
      });
      expect((await stack.send(`/v2/${many}/calls/complete`, batch(...calls))).status).toBe(200);
    }
    for (const sort_by of [
      undefined,
      [{ field: 'started_at', direction: 'desc' }],
      [{ field: 'op_name', direction: 'asc' }],
    ]) {
      // prettier-ignore
      const seen: string[] = [];
      for (let offset = 0; ; offset += 1000) {
        const page = await stack.lines<ReadCall>('/calls/stream_query', { project_id: many, sort_by, columns: ['id'], limit: 1000, offset }); // prettier-ignore
        seen.push(...page.map((call) => call.id));
        if (page.length < 1000) break;
      }
      expect(seen).toHaveLength(2500);
      expect(new Set(seen)).toEqual(new Set(sent));
    }
    const all = await stack.lines<ReadCall>('/calls/stream_query', { project_id: many, columns: ['id'] });
    expect(all).toHaveLength(2500);
  });
});

describe('columns', () => {
  it('fills what was asked for and what every client needs', async () => {
    const [call] = await query({ columns: ['inputs.model', 'exception'], limit: 1 });
    expect(call).toMatchObject({ id: id('root'), project_id: project, op_name: op('predict', 'v1'), trace_id: id('root') });
    expect(call!.inputs).toHaveProperty('list');
    expect(call).toMatchObject({ attributes: {}, output: null, started_at: '2026-01-02T03:04:01.000001Z' });
    expect(call!.summary).toEqual({ weave: expect.anything() });
  }); // prettier-ignore

  it('gives sizes on request only, totals on roots', async () => {
    const sizes = (more: object) =>
      query({ ...more, filter: { trace_ids: [id('root')] } }) as unknown as Promise<
        { storage_size_bytes: number | null; total_storage_size_bytes: number | null }[]
      >;
    for (const call of await sizes({})) expect([call.storage_size_bytes, call.total_storage_size_bytes]).toEqual([null, null]); // prettier-ignore
    const given = await sizes({ include_storage_size: true, include_total_storage_size: true });
    const own = given.map((call) => call.storage_size_bytes!);
    expect(own.every((bytes) => bytes > 0)).toBe(true);
    expect(given.map((call) => call.total_storage_size_bytes)).toEqual([
      own[0]! + own[1]! + own[2]!,
      null,
      null,
    ]);
    const { total_storage_size_bytes } = await stack.post<{ total_storage_size_bytes: number }>(
      '/calls/query_stats',
      {
        project_id: project,
        filter: { trace_ids: [id('root')] },
        include_total_storage_size: true,
      },
    );
    expect(total_storage_size_bytes).toBe(own[0]! + own[1]! + own[2]!);
  });
});

describe('what cannot be honoured', () => {
  it.each<[string, object, string]>([
    ['query', { query: { $expr: { $eq: [{ $getField: 'nope' }, 1] } } }, 'query.$expr.$eq[0].$getField: '],
    ['a sort field', { sort_by: [{ field: 'nope', direction: 'asc' }] }, 'sort_by[0].field: '],
    ['a column', { columns: ['id', 'nope'] }, 'columns[1]: '],
  ])('%s is refused with its path', async (_, more, path) => {
    for (const route of ['/calls/stream_query', '/calls/query'])
      expect(await refused(route, more)).toEqual([422, expect.stringContaining(path)]);
  });

  it('but empty forms of it mean nothing', async () => {
    const empty = {
      query: null,
      expand_columns: [],
      columns: [],
      sort_by: [],
      include_costs: false,
      latest_only: null,
    };
    expect(await query(empty)).toHaveLength(7);
  });

  it.each<[object, string]>([
    [{ filter: { op_names: 'free' } }, '"filter","op_names"'],
    [{ filter: { op_names: [1] } }, '"filter","op_names",0'],
    [{ filter: { trace_roots_only: 'yes' } }, '"filter","trace_roots_only"'],
    [{ filter: [] }, '"filter"'],
    [{ limit: '1' }, '"limit"'],
    [{ sort_by: [{ field: 'id', direction: 'up' }] }, '"sort_by",0,"direction"'],
    [{ columns: 'id' }, '"columns"'],
    [{ include_feedback: 'no' }, '"include_feedback"'],
    [{ project_id: 5 }, '"project_id"'],
  ])('wrong types are 422 with their place: %j', async (more, place) => {
    const [status, detail] = await refused('/calls/stream_query', more);
    expect([status, detail]).toEqual([422, expect.stringContaining(`"loc":["body",${place}]`)]);
  });
});

describe('JSON lines', () => {
  it.each([
    [undefined, 'application/jsonl'],
    ['*/*', 'application/jsonl'],
    ['application/jsonl', 'application/jsonl'],
    ['application/x-ndjson', 'application/x-ndjson'],
    ['text/html', 'application/jsonl'],
  ])('accept %s: %s', async (accept, type) => {
    const headers: Record<string, string> = accept === undefined ? {} : { accept };
    const res = await stack.send('/calls/stream_query', { project_id: project, columns: ['id'] }, headers);
    expect([res.status, res.headers.get('content-type'), res.headers.get('x-content-type-options')]).toEqual([200, type, 'nosniff']); // prettier-ignore
    const lines = (await res.text()).split('\n');
    expect(lines).toHaveLength(7);
    for (const line of lines) JSON.parse(line);
  });

  it('an empty result is an empty body', async () => {
    const res = await stack.send('/calls/stream_query', { project_id: newProject('empty') });
    expect([res.status, await res.text()]).toEqual([200, '']);
  });
});
