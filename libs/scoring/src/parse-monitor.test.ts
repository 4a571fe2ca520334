import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { parseFieldPath, type FieldResolver } from '@weft/query-language';
import { matchesQuery } from './matching.ts';
import { parseMonitor } from './parse-monitor.ts';

const published = JSON.parse(
  readFileSync(new URL('../fixtures/weave-python.json', import.meta.url), 'utf8'),
) as Record<string, object>;

const about = { projectId: 'e/p', name: 'm', digest: 'd', userId: 'ada' };
const fields: FieldResolver = (path) => {
  if (path === 'started_at') return { kind: 'column', name: path, type: 'instant', nullable: false };
  if (path === 'op_name' || path === 'exception')
    return { kind: 'column', name: path, type: 'string', nullable: true };
  const [column, ...rest] = parseFieldPath(path);
  return ['inputs', 'output'].includes(column!.key)
    ? { kind: 'json', column: column!.key, path: rest }
    : undefined;
};
const parse = (val: unknown) => parseMonitor(Buffer.from(JSON.stringify(val)), about, fields);
const monitor = (members: object = {}) => ({ _class_name: 'Monitor', scorers: [], ...members });

describe('a monitor', () => {
  it('is what the Python client publishes', () => {
    const { query, scorers, ...rest } = parse(published['my-monitor']);
    expect(rest).toEqual({
      ...about, ref: 'weave:///e/p/object/m:d', displayName: 'my-monitor', active: true, samplingRate: 0.5,
      opNames: ['weave:///e/p/op/my_op:*', 'weave.genai.turn_ended', 'weave:///e/p/op/other:*'], agentTurns: true,
      isClassifier: false, isTraced: true, debounce: { field: 'thread_id', method: 'last_message', timeoutMs: 3000 },
    });
    expect(scorers).toHaveLength(8);
    expect(scorers[0]).toMatch(/^weave:\/\/\/e\/p\/object\/ValidJSONScorer:\w+$/);
    expect(query).toMatchObject({ op: 'and', inputs: { length: 5 } });
  }); // prettier-ignore

  it('has a query that Python wrote with its classes', () => {
    const row = (a: string) => ({
      column: ({ name }: { name: string }) => (name === 'started_at' ? 1742540401_000_000 : name === 'op_name' ? 'a' : 'boom'),
      json: ({ column }: { column: string }) => Buffer.from(column === 'inputs' ? JSON.stringify({ a }) : '{"n":3}'),
    });
    const read = parse(published['my-monitor']);
    expect([matchesQuery(read, row('-X-')), matchesQuery(read, row('y'))]).toEqual([true, false]);
  }); // prettier-ignore

  it('may be one of classifiers', () =>
    expect(parse(published.cls)).toMatchObject({ isClassifier: true, active: false, samplingRate: 1, opNames: [], query: undefined, debounce: undefined })); // prettier-ignore

  it('may be of a class of its own, or be written down by hand', () => {
    expect(parse(monitor({ _class_name: 'Mine', _bases: ['ClassifierMonitor', 'Monitor', 'Object', 'BaseModel'] })).isClassifier).toBe(true);
    expect(parse({ _type: 'Monitor', scorers: [] })).toMatchObject({ active: false, samplingRate: 1, isTraced: true, displayName: 'm' });
    // As classes of the TypeScript client.
    expect(parse(monitor({ _type: 'Monitor', _bases: ['WeaveObject', 'Object', 'BaseModel'], query: { $expr: { $eq: [{ $getField: 'inputs.a' }, { $literal: 1 }] } } })).query).toBeDefined();
  }); // prettier-ignore

  it('names scorers that lie in it by the way to them', () =>
    expect(
      parse(monitor({ scorers: ['weave:///e/p/object/a:1', { _type: 'ValidJSONScorer' }] })).scorers,
    ).toEqual(['weave:///e/p/object/a:1', 'weave:///e/p/object/m:d/attr/scorers/index/1']));

  it('keeps 0 and false', () =>
    expect(parse(monitor({ sampling_rate: 0, is_traced: false }))).toMatchObject({
      samplingRate: 0,
      isTraced: false,
    }));

  it.each<[unknown, string]>([
    [{ scorers: [] }, 'm._class_name: is not Monitor'],
    [{ _class_name: 'Scorer', _bases: ['Object', 'BaseModel'], scorers: [] }, 'm._class_name: is not Monitor'],
    [{ _class_name: 'Monitor' }, 'm.scorers: is required'],
    [monitor({ scorers: 'x' }), 'm.scorers: must be a list'],
    [monitor({ scorers: [1] }), 'm.scorers[0]: must be a scorer'],
    [monitor({ scorers: ['x'] }), 'm.scorers[0]: must be a scorer'],
    [monitor({ scorers: Array(101).fill('weave:///e/p/object/a:1') }), 'm.scorers: has more than 100 entries'],
    [monitor({ sampling_rate: 1.5 }), 'm.sampling_rate: must be between 0 and 1'],
    [monitor({ sampling_rate: -1 }), 'm.sampling_rate: must be between 0 and 1'],
    [monitor({ sampling_rate: '1' }), 'm.sampling_rate: must be a number'],
    [monitor({ active: 1 }), 'm.active: must be true or false'],
    [monitor({ op_names: 'x' }), 'm.op_names: must be a list'],
    [monitor({ op_names: [' '] }), 'm.op_names[0]: is empty'],
    [monitor({ op_names: [{}] }), 'm.op_names[0]: must be a string'],
    [monitor({ query: 'x' }), 'm.query'],
    [monitor({ query: {} }), 'm.query: has no "$expr"'],
    [monitor({ query: { $expr: { $eq: [{ $getField: 'nope' }, 1] } } }), 'm.query.$expr.$eq[0]'],
    [monitor({ scorer_debounce_config: {} }), 'm.scorer_debounce_config.timeout_seconds: is required'],
    [monitor({ scorer_debounce_config: { timeout_seconds: -1 } }), 'm.scorer_debounce_config.timeout_seconds: must be between'],
    [monitor({ scorer_debounce_config: { timeout_seconds: 1, aggregation_field: 'x' } }), 'm.scorer_debounce_config.aggregation_field: must be one of'],
    [[], 'not valid JSON'],
  ])('%#: says what does not fit', (val, message) => {
    expect(() => parse(val)).toThrow(expect.objectContaining({ code: 'invalid_request', message: expect.stringContaining(message) }) as unknown as Error);
  }); // prettier-ignore
});
