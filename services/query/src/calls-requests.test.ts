import { describe, expect, it } from '@jest/globals';
import { AppError } from '@weft/model';
import type { z } from 'zod';
import { toColumns } from './call-columns.ts';
import { callsStreamQuery } from '@weft/weave-api';
import { toCallsFilter, toCallsSelection, toCallsSort } from './calls-requests.ts';

const CallsQueryRequest = callsStreamQuery.request;

const parse = <S extends z.ZodType>(schema: S, body: unknown): z.output<S> => schema.parse(body);
const error = (run: () => unknown): AppError => {
  try {
    run();
  } catch (thrown) {
    return thrown as AppError;
  }
  throw new Error('nothing was thrown');
};

function filterOn(field: string): object {
  return { query: { $expr: { $eq: [{ $getField: field }, { $literal: 1 }] } } };
}

describe('CallsQueryRequest', () => {
  it('takes null, missing and unknown members as not given', () => {
    const nothing = { project_id: 'e/p' };
    const nulls = {
      project_id: 'e/p', filter: null, query: null, limit: null, offset: null, sort_by: null, columns: null, expand_columns: null,
      include_costs: null, include_feedback: null, return_expanded_column_values: null, latest_only: false, novelty: { a: 1 },
    }; // prettier-ignore
    expect(parse(CallsQueryRequest, nulls)).toEqual(parse(CallsQueryRequest, nothing));
    expect(parse(CallsQueryRequest, { ...nothing, expand_columns: [] })).toMatchObject({
      include_feedback: false,
    });
  });

  it('turns the filter into its typed form', () => {
    const filter = {
      op_names: ['a'], input_refs: ['b'], output_refs: ['c'], parent_ids: ['d'], trace_ids: ['e'], call_ids: ['f'], thread_ids: ['g'],
      turn_ids: ['h'], trace_roots_only: true, wb_user_ids: ['i'], wb_run_ids: ['j'], novelty: 1,
    }; // prettier-ignore
    expect(toCallsFilter(parse(CallsQueryRequest, { project_id: 'e/p', filter }).filter)).toEqual({
      opNames: ['a'], inputRefs: ['b'], outputRefs: ['c'], parentIds: ['d'], traceIds: ['e'], callIds: ['f'], threadIds: ['g'],
      turnIds: ['h'], traceRootsOnly: true, userIds: ['i'], runIds: ['j'],
    }); // prettier-ignore
  });

  it('ignores empty lists, but for thread_ids, which then match nothing', () => {
    const filter = { op_names: [], call_ids: [], thread_ids: [], wb_run_ids: [] };
    expect(toCallsFilter(parse(CallsQueryRequest, { project_id: 'e/p', filter }).filter)).toEqual({
      threadIds: [],
    });
  });

  it.each([
    [400, 'project_id: expected "entity/project"', { project_id: 'nope' }],
    [400, 'Limit must be a positive integer', { limit: -1 }],
    [400, 'Limit must be a positive integer', { limit: 1.5 }],
    [400, 'Offset must be a positive integer', { offset: -1 }],
    [
      400,
      "filter.call_ids: Parameter: 'call_ids' request length is greater than max length (1000). Actual length: 1001",
      { filter: { call_ids: Array(1001).fill('x') } },
    ],
    [
      422,
      'sort_by[1].field: calls cannot be sorted by "novelty.x"',
      {
        sort_by: [
          { field: 'id', direction: 'asc' },
          { field: 'novelty.x', direction: 'asc' },
        ],
      },
    ],
    [422, 'sort_by[0].field: calls cannot be', { sort_by: [{ field: 'input_refs', direction: 'asc' }] }],
    [422, 'query: has no "$expr"', { query: {} }],
    [422, 'query.$expr.$eq[0].$getField: unknown field "novelty"', filterOn('novelty')],
    [422, 'unknown field "storage_size_bytes"', filterOn('storage_size_bytes')],
    [422, 'unknown field "summary.weave.costs"', filterOn('summary.weave.costs')],
    [422, 'unknown field "feedback.note.payload"', filterOn('feedback.note.payload')],
    [422, 'unknown field "attributes.otel_span.events.0"', filterOn('attributes.otel_span.events.0')],
  ])('answers %i %s', (status, message, member) => {
    const thrown = error(() => {
      const request = parse(CallsQueryRequest, { project_id: 'e/p', ...member });
      toCallsSelection(request);
      toCallsSort(request.sort_by, request.expand_columns);
    });
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
