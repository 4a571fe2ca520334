import { describe, expect, it } from '@jest/globals';
import { AppError } from '@weft/model';
import type { z } from 'zod';
import { toColumns } from './call-columns.ts';
import { CallsQueryRequest, CallsStatsRequest } from './calls-requests.ts';
import { TableQueryRequest } from './object-requests.ts';

const parse = <S extends z.ZodType>(schema: S, body: unknown): z.output<S> => schema.parse(body);
const error = (run: () => unknown): AppError => {
  try {
    run();
  } catch (thrown) {
    return thrown as AppError;
  }
  throw new Error('nothing was thrown');
};

describe('CallsQueryRequest', () => {
  it('takes null, missing and unknown members as not given', () => {
    const nothing = { project_id: 'e/p' };
    const nulls = {
      project_id: 'e/p', filter: null, query: null, limit: null, offset: null, sort_by: null, columns: null, expand_columns: null,
      include_costs: null, include_feedback: null, return_expanded_column_values: true, latest_only: false, novelty: { a: 1 },
    }; // prettier-ignore
    expect(parse(CallsQueryRequest, nulls)).toEqual(parse(CallsQueryRequest, nothing));
    expect(parse(CallsQueryRequest, { ...nothing, expand_columns: [] })).toMatchObject({
      filter: {},
      sort_by: [],
      include_feedback: false,
    });
  });

  it('turns the filter into its typed form', () => {
    const filter = {
      op_names: ['a'], input_refs: ['b'], output_refs: ['c'], parent_ids: ['d'], trace_ids: ['e'], call_ids: ['f'], thread_ids: ['g'],
      turn_ids: ['h'], trace_roots_only: true, wb_user_ids: ['i'], wb_run_ids: ['j'], novelty: 1,
    }; // prettier-ignore
    expect(parse(CallsQueryRequest, { project_id: 'e/p', filter }).filter).toEqual({
      opNames: ['a'], inputRefs: ['b'], outputRefs: ['c'], parentIds: ['d'], traceIds: ['e'], callIds: ['f'], threadIds: ['g'],
      turnIds: ['h'], traceRootsOnly: true, userIds: ['i'], runIds: ['j'],
    }); // prettier-ignore
  });

  it('ignores empty lists, but for thread_ids, which then match nothing', () => {
    const filter = { op_names: [], call_ids: [], thread_ids: [], wb_run_ids: [] };
    expect(parse(CallsQueryRequest, { project_id: 'e/p', filter }).filter).toEqual({ threadIds: [] });
  });

  it.each([
    [400, 'project_id: expected "entity/project"', { project_id: 'nope' }],
    [400, 'Limit must be a positive integer', { limit: -1 }],
    [400, 'Limit must be a positive integer', { limit: 1.5 }],
    [400, 'Offset must be a positive integer', { offset: -1 }],
    [400, 'filter.call_ids: has more than 1000 values', { filter: { call_ids: Array(1001).fill('x') } }],
    [
      422,
      'sort_by[1].field: cannot sort by "inputs.x"',
      {
        sort_by: [
          { field: 'id', direction: 'asc' },
          { field: 'inputs.x', direction: 'asc' },
        ],
      },
    ],
    [
      422,
      'query: the query expression language is not available in this version',
      { query: { $expr: { $eq: [1, 1] } } },
    ],
    [422, 'query: the query expression language is not available in this version', { query: {} }],
    [
      422,
      'expand_columns: expanding refs is not available in this version',
      { expand_columns: ['inputs.a'] },
    ],
  ])('answers %i %s', (status, message, member) => {
    const thrown = error(() => parse(CallsQueryRequest, { project_id: 'e/p', ...member }));
    expect(thrown).toBeInstanceOf(AppError);
    expect(thrown.status).toBe(status);
    expect(thrown.message).toContain(message);
  });

  it('keeps an explicit limit of 0', () => {
    expect(parse(CallsQueryRequest, { project_id: 'e/p', limit: 0, offset: 0 })).toMatchObject({
      limit: 0,
      offset: 0,
    });
  });

  it.each([
    [['project_id'], {}],
    [['limit'], { project_id: 'e/p', limit: '10' }],
    [['filter', 'op_names', 1], { project_id: 'e/p', filter: { op_names: ['a', 1] } }],
    [['sort_by', 0, 'direction'], { project_id: 'e/p', sort_by: [{ field: 'id', direction: 'up' }] }],
    [[], []],
  ])('finds the wrong type at %j', (path, body) => {
    expect(CallsQueryRequest.safeParse(body).error?.issues[0]?.path).toEqual(path);
  });
});

describe('other requests', () => {
  it('refuse what they cannot honour', () => {
    expect(error(() => parse(CallsStatsRequest, { project_id: 'e/p', query: { $expr: {} } })).status).toBe(
      422,
    );
    const sorted = { project_id: 'e/p', digest: 'd', sort_by: [{ field: 'a', direction: 'asc' }] };
    expect(error(() => parse(TableQueryRequest, sorted)).message).toBe(
      'sort_by: sorting table rows is not available in this version',
    );
  });
});

describe('toColumns', () => {
  it('selects top-level fields and what is always there', () => {
    expect([...toColumns(['inputs.a.b', 'output'])].sort()).toEqual(
      ['id', 'inputs', 'op_name', 'output', 'project_id', 'started_at', 'trace_id'],
    ); // prettier-ignore
  });

  it('takes an empty list for all', () => expect(toColumns([])).toBe(toColumns(undefined)));

  it('names an unknown column', () => {
    const thrown = error(() => toColumns(['id', 'constructor.x']));
    expect([thrown.status, thrown.message]).toEqual([422, 'columns[1]: a call has no field "constructor.x"']);
  });
});
