import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { mulberry32 } from '@weft/testkit';
import { batch, completed, ended, newIds, started, toJson } from './calls.ts';
import { newProject, openStack, type ReadCall, type Stack } from './stack.ts';

/** Filter expressions, sorting by what is inside of calls, and values instead of refs: over HTTP. */

let stack: Stack;
const project = newProject('calls-query');
const NAMES = [
  'plain',
  'quoted',
  'astral',
  'nul',
  'number',
  'wide',
  'escaped',
  'failed',
  'running',
  'renamed',
] as const;
type Name = (typeof NAMES)[number];
const ids = new Map<Name, string>();
const text = JSON.stringify;

const INPUTS: Record<Name, string> = {
  plain: '{"text":"the quick brown fox","n":1,"nested":{"list":[{"k":"deep"},2]},"with.dot":"dotted"}',
  quoted: text({ text: 'say "hi" to C:\\temp\\new', n: 2 }),
  astral: text({ text: 'smile 😀 and ünïcode', n: '3' }),
  nul: '{"text":"before\\u0000after","n":-4}',
  number: '{"text":"50%_done","n":1.5e2}',
  wide: '{"text":"it\'s </b>","n":9007199254740993}',
  escaped: '{"text":"\\u0073ecret w\\u006frd","n":1e400}',
  failed: '{"text":"Fox","n":true}',
  running: '{"text":"still going"}',
  renamed: '{"n":null}',
};

const at = (second: number) => text(`2026-01-02T03:04:${String(second).padStart(2, '0')}.000001Z`);

beforeAll(async () => {
  stack = await openStack();
  newIds(NAMES.length).forEach((id, i) => ids.set(NAMES[i]!, id));
  const calls = NAMES.filter((name) => name !== 'running').map((name) =>
    completed(project, ids.get(name)!, {
      inputs: INPUTS[name],
      started_at: at(NAMES.indexOf(name)),
      ended_at: at(NAMES.indexOf(name) + 10),
      output: text({ score: NAMES.indexOf(name) / 10, say: name.toUpperCase() }),
      ...(name === 'failed' ? { exception: '"boom"' } : {}),
    }),
  );
  await stack.send(`/v2/${project}/calls/complete`, batch(...calls));
  const running = started(project, ids.get('running')!, {
    inputs: INPUTS.running,
    started_at: at(NAMES.indexOf('running')),
  });
  await stack.send('/call/start', `{"start":${running}}`);
  await stack.post('/call/update', {
    project_id: project,
    call_id: ids.get('renamed'),
    display_name: 'Shown',
  });
}, 60_000);
afterAll(() => stack.stop());

const list = (more: object) => stack.lines<ReadCall>('/calls/stream_query', { project_id: project, ...more });
const nameOf = (call: { id: string }) => NAMES.find((name) => ids.get(name) === call.id) ?? call.id;
const find = async (expr: object, more: object = {}) =>
  (await list({ query: { $expr: expr }, ...more })).map(nameOf);
const field = (path: string) => ({ $getField: path });
const eq = (path: string, value: unknown) => ({ $eq: [field(path), { $literal: value }] });
const contains = (path: string, substr: string, insensitive?: boolean) => ({
  $contains: {
    input: field(path),
    substr: { $literal: substr },
    ...(insensitive === undefined ? {} : { case_insensitive: insensitive }),
  },
});

describe('query', () => {
  it.each<[string, object, readonly Name[]]>([
    ['a text', eq('inputs.text', 'the quick brown fox'), ['plain']],
    ['part of it', contains('inputs.text', 'uick brow'), ['plain']],
    ['in either case', contains('inputs.text', 'FOX', true), ['plain', 'failed']],
    ['in this case', contains('inputs.text', 'Fox'), ['failed']],
    ['quotes', contains('inputs.text', '"hi"'), ['quoted']],
    ['backslashes', contains('inputs.text', 'C:\\temp\\new'), ['quoted']],
    ['beyond the BMP', contains('inputs.text', '😀'), ['astral']],
    ['beyond ASCII, in either case', contains('inputs.text', 'ÜNÏ', true), ['astral']],
    ['NUL', eq('inputs.text', 'before\u0000after'), ['nul']],
    ['what LIKE means something by', contains('inputs.text', '0%_d'), ['number']],
    ['quotes of SQL and tags', eq('inputs.text', "it's </b>"), ['wide']],
    ['letters that are spelled as escapes', contains('inputs.text', 'secret word'), ['escaped']],
    ['a whole payload', contains('output', 'PLAIN'), ['plain']],
    ['a number', eq('inputs.n', 1), ['plain']],
    ['a number spelled otherwise', eq('inputs.n', 150), ['number']],
    ['a text that is a number', eq('inputs.n', 3), ['astral']],
    ['larger numbers', { $gt: [field('output.score'), { $literal: 0.65 }] }, ['failed', 'renamed']],
    ['one of', { $in: [field('output.say'), [{ $literal: 'NUL' }, { $literal: 'WIDE' }]] }, ['nul', 'wide']],
    ['inside lists', eq('inputs.nested.list.0.k', 'deep'), ['plain']],
    ['a name with a dot', eq('inputs.with\\.dot', 'dotted'), ['plain']],
    ['exists', { $eq: [{ $convert: { input: field('inputs.nested'), to: 'exists' } }, { $literal: true }] }, ['plain']],
    ['status', eq('summary.weave.status', 'error'), ['failed']],
    ['running', eq('summary.weave.status', 'running'), ['running']],
    ['no end', eq('ended_at', null), ['running']],
    ['display name', eq('display_name', 'Shown'), ['renamed']],
    ['the name shown', eq('summary.weave.trace_name', 'Shown'), ['renamed']],
    ['latency', { $and: [{ $gte: [field('summary.weave.latency_ms'), { $literal: 10_000 }] }, { $lt: [field('inputs.n'), { $literal: 0 }] }] }, ['nul']],
    ['time as UNIX seconds', { $lt: [field('started_at'), { $literal: Date.UTC(2026, 0, 2, 3, 4, 1) / 1000 }] }, ['plain']],
    ['time as ISO text', { $gte: [field('started_at'), { $literal: '2026-01-02T03:04:09Z' }] }, ['renamed']],
    ['nothing of both', { $and: [contains('inputs.text', 'fox'), eq('inputs.n', 2)] }, []],
    ['either', { $or: [contains('inputs.text', 'fox'), eq('inputs.n', 2)] }, ['plain', 'quoted']],
    ['not', { $not: [{ $or: [eq('summary.weave.status', 'success'), eq('summary.weave.status', 'running')] }] }, ['failed']],
    ['literals only', { $eq: [{ $literal: 1 }, { $literal: 1 }] }, NAMES],
    ['bare literals', { $eq: [field('inputs.n'), 2] }, ['quoted']],
  ])('finds %s', async (_, expr, expected) => {
    expect(await find(expr)).toEqual(expected);
    const { count } = await stack.post<{ count: number }>('/calls/query_stats', { project_id: project, query: { $expr: expr } });
    expect(count).toBe(expected.length);
  }); // prettier-ignore

  it('adds to the filter, and pages', async () => {
    const both = { query: { $expr: { $gte: [field('inputs.n'), { $literal: 1 }] } }, filter: { call_ids: [ids.get('plain'), ids.get('quoted'), ids.get('nul')] } };
    expect((await list(both)).map(nameOf)).toEqual(['plain', 'quoted']);
    expect((await list({ ...both, limit: 1, offset: 1 })).map(nameOf)).toEqual(['quoted']);
    const stats = { project_id: project, ...both, limit: 1 };
    expect(await stack.post('/calls/query_stats', stats)).toMatchObject({ count: 1, has_more: true });
  }); // prettier-ignore

  it('stops finding a call as running once it has ended', async () => {
    const [id] = newIds(1);
    const own = newProject('calls-query-end');
    const running = { project_id: own, query: { $expr: eq('summary.weave.status', 'running') } };
    await stack.send('/call/start', `{"start":${started(own, id!)}}`);
    expect(await stack.lines('/calls/stream_query', running)).toHaveLength(1);
    await stack.send('/call/end', `{"end":${ended(own, id!)}}`);
    expect(await stack.lines('/calls/stream_query', running)).toEqual([]);
    expect(await stack.post('/calls/query_stats', running)).toMatchObject({ count: 0 });
  });

  it.each<[number, string, object]>([
    [422, 'query.$expr.$eq[0].$getField: unknown field "novelty"', eq('novelty', 1)],
    [422, 'unknown field "storage_size_bytes"', eq('storage_size_bytes', 1)],
    [422, 'unknown operation "$near"', { $near: [1, 2] }],
    [400, 'query.$expr.$and: is empty', { $and: [] }],
    [400, 'neither UNIX seconds nor', eq('started_at', 'yesterday')],
  ])('is refused with %i %s', async (status, reason, expr) => {
    const res = await stack.send('/calls/stream_query', { project_id: project, query: { $expr: expr } });
    expect([res.status, await res.text()]).toEqual([status, expect.stringContaining(JSON.stringify(reason).slice(1, -1))]);
  }); // prettier-ignore

  it('answers no query at all with a 5xx', async () => {
    const random = mulberry32(7);
    const pick = <T>(of: readonly T[]): T => of[Math.floor(random() * of.length)]!;
    const PATHS = ['inputs', 'inputs.text', 'inputs.n', 'inputs..', 'inputs.\\', 'output.score', 'attributes.otel_span.name', 'attributes.otel_span.attributes.a.b', 'started_at', 'ended_at', 'input_refs', 'wb_run_step', 'exception', 'feedback.[*].payload.x', 'feedback.[a.b].runnable_ref', 'annotation_queue_items.queue_id', 'summary.weave.latency_ms', 'summary.usage.gpt-4.total', 'id', 'inputs.0.1.999999999', "inputs.'", 'inputs.{q0:String}', 'nope']; // prettier-ignore
    const VALUES = ['', 'x', "'; DROP", '\\', '%', '\u0000', '😀', '{', '[1]', '2026-01-01', 0, -1, 1.5, 1e308, 1e-320, 2 ** 63, true, false, null, 'a'.repeat(3000), '\ud800']; // prettier-ignore
    const operand = (depth: number): unknown => {
      const kind = random();
      if (kind < 0.45) return field(pick(PATHS));
      if (kind < 0.75) return { $literal: pick(VALUES) };
      if (kind < 0.85) return { $convert: { input: operand(depth + 1), to: pick(['double', 'string', 'int', 'bool', 'exists']) } };
      if (kind < 0.9) return { $size: operand(depth + 1) };
      return depth > 3 ? { $literal: 1 } : expr(depth + 1);
    }; // prettier-ignore
    const expr = (depth: number): unknown => {
      const [a, b] = [operand(depth), operand(depth)];
      return pick([
        () => ({ [pick(['$eq', '$gt', '$gte', '$lt', '$lte'])]: [a, b] }),
        () => ({ [pick(['$and', '$or'])]: [a, b] }),
        () => ({ $not: [a] }),
        () => ({ $in: [a, [b, { $literal: pick(VALUES) }]] }),
        () => ({ [pick(['$contains', '$containsToken'])]: { input: a, substr: b, case_insensitive: random() < 0.5 } }),
      ])(); // prettier-ignore
    };
    const statuses = new Map<number, number>();
    for (let i = 0; i < 120; i++) {
      const wire = { project_id: project, query: { $expr: expr(0) }, sort_by: random() < 0.3 ? [{ field: pick(PATHS), direction: 'desc' }] : null, expand_columns: random() < 0.3 ? ['inputs', 'inputs.text', 'output'] : null, limit: 5 }; // prettier-ignore
      const res = await stack.send(pick(['/calls/stream_query', '/calls/query_stats']), wire);
      const answer = await res.text();
      if (res.status >= 500) throw new Error(`${res.status} ${answer}: ${JSON.stringify(wire)}`);
      statuses.set(res.status, (statuses.get(res.status) ?? 0) + 1);
    }
    expect(statuses.get(200)).toBeGreaterThan(20);
  }, 120_000);
});

describe('sort_by', () => {
  const sorted = async (path: string, direction: 'asc' | 'desc') =>
    (await list({ sort_by: [{ field: path, direction }] })).map(nameOf);

  it('puts numbers before texts, and what is not there last', async () => {
    const numbers = ['nul', 'plain', 'quoted', 'astral', 'number', 'wide', 'escaped'];
    // The newer id first where nothing tells calls apart.
    const last = ['failed', 'renamed', 'running'];
    expect(await sorted('inputs.n', 'asc')).toEqual([...numbers, ...last]);
    expect(await sorted('inputs.n', 'desc')).toEqual([...numbers.reverse(), ...last]);
  });

  it('takes any column', async () => {
    expect((await sorted('output.say', 'asc')).slice(0, 2)).toEqual(['astral', 'escaped']);
    expect((await sorted('exception', 'desc'))[0]).toBe('failed');
  });

  it('refuses a field that calls do not have', async () => {
    const res = await stack.send('/calls/stream_query', { project_id: project, sort_by: [{ field: 'novelty', direction: 'asc' }] }); // prettier-ignore
    expect(res.status).toBe(422);
  });
});

describe('columns', () => {
  it('gives a payload whole for a path inside', async () => {
    const [call] = await list({ columns: ['inputs.n'], limit: 1 });
    expect(call).toMatchObject({ inputs: JSON.parse(INPUTS.plain), output: null, attributes: {} });
  });

  it('refuses a column that calls do not have', async () => {
    const res = await stack.send('/calls/stream_query', { project_id: project, columns: ['novelty.x'] });
    expect(res.status).toBe(422);
  });
});

describe('feedback in query and sort_by', () => {
  const own = newProject('calls-query-feedback');
  const [none, low, high] = newIds(3);
  beforeAll(async () => {
    await stack.send(`/v2/${own}/calls/complete`, batch(...[none!, low!, high!].map((id) => completed(own, id))));
    const give = (id: string, feedback_type: string, payload: object) =>
      stack.post('/feedback/create', { project_id: own, weave_ref: `weave:///${own}/call/${id}`, feedback_type, payload });
    await give(low!, 'rating', { score: 2, why: 'meh' });
    await give(high!, 'rating', { score: 10 });
    await give(high!, 'rating', { score: 1 });
    await give(high!, 'note', { text: 'well "done"' });
  }, 60_000); // prettier-ignore
  const found = async (more: object) =>
    (await stack.lines<ReadCall>('/calls/stream_query', { project_id: own, ...more })).map((call) => call.id);

  it.each<[string, object, () => readonly (string | undefined)[]]>([
    ['any of several', { $gt: [field('feedback.[rating].payload.score'), { $literal: 5 }] }, () => [high]],
    ['another of them', eq('feedback.[rating].payload.score', 1), () => [high]],
    ['of any type', contains('feedback.[*].payload.text', '"done"'), () => [high]],
    ['of another type', eq('feedback.[other].payload.score', 10), () => []],
    ['none at all', eq('feedback.[rating].payload.score', null), () => [none]],
  ])('finds %s', async (_, expr, expected) => {
    expect(await found({ query: { $expr: expr } })).toEqual(expected());
  });

  it('sorts', async () => {
    const sort_by = [{ field: 'feedback.[rating].payload.why', direction: 'asc' }];
    expect(await found({ sort_by })).toEqual([low, high, none]);
  });
});

describe('expand_columns', () => {
  const own = newProject('calls-query-expand');
  const [first, second, dataset, gone] = newIds(4);
  const ref = (name: string, digest: string) => `weave:///${own}/object/${name}:${digest}`;
  const refs = new Map<string, string>();

  beforeAll(async () => {
    const create = async (name: string, val: string) => {
      const { digest } = (await (await stack.send('/obj/create', `{"obj":${toJson({ project_id: text(own), object_id: text(name), val })}}`)).json()) as { digest: string };
      return ref(name, digest);
    };
    refs.set('inner', await create('inner', '{"temperature":0.10,"big":9007199254740993}'));
    refs.set('outer', await create('outer', `{"model":"${refs.get('inner')}","name":"outer"}`));
    refs.set('list', await create('list', '[1.0,2]'));
    const table = await stack.post<{ digest: string; row_digests: string[] }>('/table/create', { table: { project_id: own, rows: [{ question: 'why?' }, { question: 'how?' }] } });
    refs.set('data', await create('data', `{"rows":"weave:///${own}/table/${table.digest}"}`));
    refs.set('row', `${refs.get('data')}/attr/rows/id/${table.row_digests[1]}`);
    const call = (id: string, example: string | undefined) => completed(own, id, { inputs: `{"example":${text(example)},"n":1.0}`, output: `[${text(refs.get('list'))}]` });
    await stack.send(`/v2/${own}/calls/complete`, batch(call(first!, refs.get('outer')), call(second!, refs.get('inner')), call(dataset!, refs.get('row')), call(gone!, ref('inner', 'x'.repeat(43)))));
  }, 60_000); // prettier-ignore

  const raw = async (more: object) =>
    (await (await stack.send('/calls/stream_query', { project_id: own, ...more })).text()).trim().split('\n');
  const inputsOf = (line: string | undefined) => /"inputs":(.*),"ended_at"/.exec(line!)![1];

  it('puts values where their refs were, byte by byte, and says whose they are', async () => {
    const lines = await raw({ expand_columns: ['inputs.example', 'output.0'] });
    const inner = text(refs.get('inner'));
    expect(lines.map(inputsOf)).toEqual([
      `{"example":{"model":${inner},"name":"outer","_ref":${text(refs.get('outer'))}},"n":1.0}`,
      `{"example":{"temperature":0.10,"big":9007199254740993,"_ref":${inner}},"n":1.0}`,
      `{"example":{"question":"how?","_ref":${text(refs.get('row'))}},"n":1.0}`,
      `{"example":${text(ref('inner', 'x'.repeat(43)))},"n":1.0}`,
    ]);
    expect(lines[0]).toContain('"output":[[1.0,2]]');
  });

  it('goes into what it has put there', async () => {
    const [line] = await raw({ expand_columns: ['inputs.example.model', 'inputs.example'] });
    expect(inputsOf(line)).toContain('"model":{"temperature":0.10,"big":9007199254740993,"_ref":');
  });

  it('filters and sorts by what is behind refs', async () => {
    const query = { $expr: eq('inputs.example.name', 'outer') };
    const found = (more: object) => raw(more).then((lines) => lines.map((line) => line && (JSON.parse(line) as ReadCall).id));
    expect(await found({ query, expand_columns: ['inputs.example'] })).toEqual([first]);
    expect(await found({ query })).toEqual(['']);
    const deeper = { $expr: { $lt: [field('inputs.example.model.temperature'), { $literal: 0.5 }] } };
    expect(await found({ query: deeper, expand_columns: ['inputs.example', 'inputs.example.model'] })).toEqual([first]);
    const row = { $expr: contains('inputs.example.question', 'how') };
    expect(await found({ query: row, expand_columns: ['inputs.example'] })).toEqual([dataset]);
    const sort_by = [{ field: 'inputs.example.temperature', direction: 'asc' }];
    expect((await found({ sort_by, expand_columns: ['inputs.example'] }))[0]).toBe(second);
    const stats = { project_id: own, query, expand_columns: ['inputs.example'] };
    expect(await stack.post('/calls/query_stats', stats)).toMatchObject({ count: 1 });
  }); // prettier-ignore

  it('leaves the refs in the answer if that is asked for', async () => {
    const query = { $expr: eq('inputs.example.name', 'outer') };
    const [line] = await raw({
      query,
      expand_columns: ['inputs.example'],
      return_expanded_column_values: false,
    });
    expect(inputsOf(line)).toBe(`{"example":${text(refs.get('outer'))},"n":1.0}`);
  });
});

describe('calls made of spans', () => {
  const own = newProject('calls-query-spans');
  beforeAll(async () => {
    const long = 'a prompt that is long enough to be kept in one place only, as all prompts are. '.repeat(4);
    const attribute = (key: string, value: object) => ({ key, value });
    const span = {
      traceId: 'c'.repeat(32), spanId: 'd'.repeat(16), name: 'chat', kind: 3, startTimeUnixNano: '1767323045000000000', endTimeUnixNano: '1767323046000000000',
      status: { code: 2, message: 'rate limit' },
      attributes: [attribute('gen_ai.request.model', { stringValue: 'gpt-4o' }), attribute('gen_ai.request.temperature', { doubleValue: 0.5 }), attribute('input.value', { stringValue: long }), attribute('retries', { intValue: '9007199254740993' })],
    };
    const body = { resourceSpans: [{ resource: { attributes: [attribute('service.name', { stringValue: 'shop' })] }, scopeSpans: [{ spans: [span] }] }] };
    const res = await stack.send('/otel/v1/traces', body, { 'content-type': 'application/json', project_id: own });
    expect(res.status).toBe(200);
  }, 60_000); // prettier-ignore

  it.each<[string, object, number]>([
    ['an attribute', eq('attributes.otel_span.attributes.gen_ai.request.model', 'gpt-4o'), 1],
    ['another value of it', eq('attributes.otel_span.attributes.gen_ai.request.model', 'gpt-4'), 0],
    ['a number', { $gt: [field('attributes.otel_span.attributes.gen_ai.request.temperature'), { $literal: 0.4 }] }, 1],
    ['a wide integer', eq('attributes.otel_span.attributes.retries', '9007199254740993'), 1],
    ['a text that is kept in inputs', contains('attributes.otel_span.attributes.input.value', 'kept in one place'), 1],
    ['the name', eq('attributes.otel_span.name', 'chat'), 1],
    ['the kind', eq('attributes.otel_span.kind', 'CLIENT'), 1],
    ['the status', eq('attributes.otel_span.status.code', 'ERROR'), 1],
    ['the resource', eq('attributes.otel_span.resource.attributes.service.name', 'shop'), 1],
    ['nothing', eq('attributes.otel_span.attributes.nothing', ''), 1],
  ])('are found by %s', async (_, expr, count) => {
    expect(await stack.post('/calls/query_stats', { project_id: own, query: { $expr: expr } })).toMatchObject({ count });
  }); // prettier-ignore
});
