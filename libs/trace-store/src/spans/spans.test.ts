import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { CallPart } from '@weft/model';
import { batch, json, openTestStore, renameOf, spanOf, T0, type TestStore } from '../testing/store.ts';
import type { TraceReader, TraceWriter } from '../trace-store.ts';
import { CALL_COLUMNS } from '../calls/row.ts';
import { scopeOf } from './facts.ts';
import type { ScopeCoverage, SpanKey, SpansQuery } from './types.ts';

let store: TestStore;
let reader: TraceReader;
let writer: TraceWriter;

beforeAll(async () => {
  store = await openTestStore();
  ({ reader, writer } = store.open());
}, 60_000);

afterAll(() => store?.close(), 60_000);

const write = async (...calls: CallPart[]) => expect(await writer.write(batch({ calls }))).toEqual([]);

const dump = (name: string, version = '1', more = '') =>
  json(
    `{"v":1,"attributes":[["scope",{"m":[["name","no"]]}],["t","\\"scope\\":{\\"name\\":\\"no\\""]],"scope":{"name":${JSON.stringify(name)},"version":"${version}"${more}}}`,
  );

interface Given {
  readonly scope?: string;
  readonly version?: string;
  readonly attributes?: string;
  readonly inputs?: string;
  readonly output?: string;
  readonly summary?: string;
}

let spans = 0;
function span(projectId: string, given: Given, startedAtUs = T0 + spans): CallPart {
  const { scope = 's', version, attributes = '{}', inputs = '{}', output = '{}', summary = '{}' } = given;
  const id = (++spans).toString(16).padStart(16, '0');
  return spanOf(
    projectId,
    `t${Math.floor(spans / 3)}`,
    id,
    { startedAtUs, attributes: json(attributes), inputs: json(inputs), otelDump: dump(scope, version) },
    { output: json(output), summary: json(summary) },
  );
}

const USAGE = '{"usage":{"gpt":{"prompt_tokens":1}}}';
const GIVEN: readonly Given[] = [
  { attributes: '{"kind":"llm","model":"gpt"}', inputs: '{"a":1}', output: '"x"', summary: USAGE },
  { attributes: '{"kind":"LLM"}', output: 'null' },
  { attributes: '{"kind":"tool","model":"gpt"}', output: '0', inputs: '{"a":1}' },
  { attributes: '{"model":"gpt"}', output: '[]' },
  { attributes: '{"kind":{"a":"llm"},"model":""}' },
  { attributes: '{"kind":"Generation"}', scope: 'é "quoted" \\', version: '2' },
  { scope: '' },
];

const none = { spans: 0, withInput: 0, withOutput: 0, withUsage: 0, withModel: 0 };
const lines = (coverage: readonly ScopeCoverage[]) => coverage.map(({ lastSeenUs: _, ...line }) => line);

describe('coverage', () => {
  it('counts what was found by scope, and of calls of models apart', async () => {
    const p = 'e/coverage';
    await write(...GIVEN.map((given) => span(p, given)), ...[1, 2].map(() => span(p, { scope: '' })));
    const found = await reader.spanCoverage({ projectId: p }, 10);
    expect(lines(found)).toEqual([
      {
        scope: 's',
        version: '1',
        all: { spans: 5, withInput: 2, withOutput: 1, withUsage: 1, withModel: 3 },
        llm: { spans: 3, withInput: 1, withOutput: 1, withUsage: 1, withModel: 2 },
      },
      { scope: '', version: '1', all: { ...none, spans: 3 }, llm: none },
      {
        scope: 'é "quoted" \\',
        version: '2',
        all: { ...none, spans: 1 },
        llm: { ...none, spans: 1 },
      },
    ]);
    expect(found[0]!.lastSeenUs).toBe(T0 + 4);
    expect(await reader.spanCoverage({ projectId: p }, 1)).toEqual(found.slice(0, 1));
    const range = { projectId: p, fromUs: T0 + 1, toUs: T0 + 3 };
    expect(lines(await reader.spanCoverage(range, 10))).toEqual([
      expect.objectContaining({ scope: 's', all: expect.objectContaining({ spans: 2 }) }),
    ]);
  });

  it('says the same of rows from before its columns', async () => {
    const names = CALL_COLUMNS.map(({ name }) => name).filter(
      (name) => !name.startsWith('otel_') || name === 'otel_dump',
    );
    const of = (from: string) => names.map((name) => (name === 'project_id' ? from : name)).join(', ');
    await store.command(
      `INSERT INTO calls (${of('project_id')}) SELECT ${of("'e/coverage-old'")} FROM calls WHERE project_id = 'e/coverage'`,
    );
    const [now, old] = await Promise.all(
      ['e/coverage', 'e/coverage-old'].map((projectId) => reader.spanCoverage({ projectId }, 10)),
    );
    expect(now).toHaveLength(3);
    expect(old).toEqual(now);
  });

  it('leaves out superseded and deleted spans, and calls that are none', async () => {
    const p = 'e/coverage-left-out';
    const [a, b, c] = [span(p, {}), span(p, {}), span(p, {})];
    const { spanTraceId: _, ...plain } = span(p, {});
    await write(a, b, c, plain);
    await write(renameOf(p, a.id, 'renamed'), renameOf(p, b.id, 'renamed too'));
    await writer.write(batch({ deletedCalls: [{ projectId: p, id: b.id, deletedAtUs: T0 }] }));
    expect(lines(await reader.spanCoverage({ projectId: p }, 10))).toEqual([
      expect.objectContaining({ all: { ...none, spans: 2 } }),
    ]);
  });
});

describe('the scope of a stored span', () => {
  it.each([
    [null, '', ''],
    [json('{}'), '', ''],
    [json('{"scope":{"name":"a"}}'), '', ''],
    [json('{"scope":{"name":"a'), '', ''],
    [dump('a', '1', ',"attributes":[["name","x"]]'), 'a', '1'],
  ])('is what its dump says', (bytes, name, version) => {
    expect(scopeOf(bytes)).toEqual({ name, version });
  });
});

describe('stored spans', () => {
  const p = 'e/stored';
  async function read(query: Partial<SpansQuery> = {}): Promise<SpanKey[]> {
    const keys: SpanKey[] = [];
    for await (const page of reader.streamSpans({ projectId: p, fromUs: 0, limit: 100, ...query }))
      for (const { id, spanTraceId, state } of page)
        keys.push({ startedAtUs: state.start!.startedAtUs, id, spanTraceId });
    return keys;
  }

  it('come in the order of their keys, each once, page by page', async () => {
    // Several begin at once, and two share an id.
    const all = Array.from({ length: 9 }, (_, n) => span(p, {}, T0 + Math.floor(n / 3)));
    const twin = { ...all[4]!, spanTraceId: 'other' };
    await write(...all, twin, { ...span(p, {}), spanTraceId: '' });
    writer.forget();
    await write(...all);
    const keys = await read();
    expect(keys).toHaveLength(10);
    expect(keys.map(({ id }) => id)).toEqual([...all, twin].map(({ id }) => id).sort());
    for (const limit of [1, 3, 7]) {
      const paged: SpanKey[] = [];
      for (let page: SpanKey[]; (page = await read({ limit, after: paged.at(-1) })).length > 0;) {
        expect(page.length).toBeLessThanOrEqual(limit);
        paged.push(...page);
      }
      expect(paged).toEqual(keys);
    }
    expect(await read({ fromUs: T0 + 1, toUs: T0 + 2 })).toEqual(
      keys.filter(({ startedAtUs }) => startedAtUs === T0 + 1),
    );
  });

  it('have their parts, the rename apart', async () => {
    const call = span('e/parts', { inputs: '{"a":1}', output: '1' });
    await write(call);
    await write(renameOf('e/parts', call.id, 'renamed'));
    const pages = [];
    for await (const page of reader.streamSpans({ projectId: 'e/parts', fromUs: 0, limit: 9 }))
      pages.push(...page);
    expect(pages).toEqual([
      {
        projectId: 'e/parts',
        id: call.id,
        spanTraceId: call.spanTraceId,
        state: {
          start: {
            ...call.start,
            inputs: Buffer.from('{"a":1}'),
            attributes: Buffer.from('{}'),
            otelDump: Buffer.from(call.start!.otelDump!),
          },
          end: { ...call.end, output: Buffer.from('1'), summary: Buffer.from('{}') },
          rename: expect.objectContaining({ displayName: 'renamed' }),
        },
      },
    ]);
  });
});

describe('a span that is mapped again with another start', () => {
  it.each([
    ['remembered', 60_000, false],
    ['forgotten', 60_000, true],
    ['forgotten, and later than all others', -86_400_000_000, true],
  ])('%s, leaves its old place', async (name, earlierUs, isForgotten) => {
    const p = `e/moved-${name.length}`;
    const old = span(p, {});
    const fromUs = old.start!.startedAtUs - earlierUs;
    // Another span of the id stays where it is.
    const twin = { ...old, spanTraceId: 'twin', start: { ...old.start!, version: old.start!.version + 7n } };
    await write(old, twin);
    if (isForgotten) writer.forget();
    const version = old.start!.version + 1n;
    const moved = { ...old, hasMoved: true, start: { ...old.start!, version, startedAtUs: fromUs } };
    await write(moved);
    await write(moved);
    writer.forget();
    await write(moved, old);
    const starts: number[] = [];
    for await (const page of reader.streamCalls({ projectId: p, filter: {}, sort: [], payloads: [] }))
      starts.push(...page.map((call) => call.startedAtUs));
    expect(starts).toEqual([fromUs, old.start!.startedAtUs].sort((a, b) => a - b));
    expect(await reader.countCalls({ projectId: p, filter: {} })).toMatchObject({ count: 2 });
  });
});
