import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { completed, newCallId } from './calls.ts';
import { newProject, openStack, type ReadCall, type Stack } from './stack.ts';

/** A span is known by its trace and its id, a call by its id; both are read by that id. */

let stack: Stack;
beforeAll(async () => {
  stack = await openStack();
});
afterAll(() => stack.stop());

type Call = ReadCall & { readonly display_name: string | null };

const SPAN = '00f067aa0ba902b7';
const [FIRST, SECOND] = ['a'.repeat(32), 'b'.repeat(32)];
const START_NS = 1_767_323_045_000_000_000n;

function span(traceId: string, more: object = {}): object {
  return {
    traceId,
    spanId: SPAN,
    name: `work-of-${traceId[0]}`,
    startTimeUnixNano: String(START_NS),
    endTimeUnixNano: String(START_NS + 1_000_000_000n),
    ...more,
  };
}

async function send(project: string, ...spans: object[]): Promise<void> {
  const body = { resourceSpans: [{ scopeSpans: [{ spans }] }] };
  const res = await stack.send('/otel/v1/traces', body, {
    'content-type': 'application/json',
    project_id: project,
  });
  expect([res.status, await res.json()]).toEqual([200, {}]);
}

const list = (project: string, more: object = {}) =>
  stack.lines<Call>('/calls/stream_query', { project_id: project, ...more });
const traces = async (project: string, more: object = {}) =>
  (await list(project, more)).map((call) => call.trace_id);
const read = async (project: string, id: string) =>
  (await stack.post<{ call: Call | null }>('/call/read', { project_id: project, id })).call;
const count = async (project: string) =>
  (await stack.post<{ count: number }>('/calls/query_stats', { project_id: project, filter: {} })).count;

describe('spans of one id in two traces', () => {
  it.each([
    ['in one request, starting at once', true, {}],
    ['in one request, starting apart', true, { startTimeUnixNano: String(START_NS + 5000n) }],
    ['in two requests, starting at once', false, {}],
    ['in two requests, starting apart', false, { startTimeUnixNano: String(START_NS + 5000n) }],
  ])('%s are two calls', async (_, together, more) => {
    const project = newProject('otel-id');
    const [a, b] = [span(FIRST), span(SECOND, more)];
    await (together ? send(project, a, b) : send(project, a).then(() => send(project, b)));
    await send(project, b, a);
    expect(await traces(project)).toEqual([FIRST, SECOND]);
    expect(await count(project)).toBe(2);
    const sort_by = [{ field: 'started_at', direction: 'desc' }];
    for (const [offset, traceId] of [SECOND, FIRST].entries())
      expect(await traces(project, { sort_by, offset, limit: 1 })).toEqual([traceId]);
    for (const traceId of [FIRST, SECOND]) {
      const filter = { trace_ids: [traceId] };
      const names = (await list(project, { filter })).map((call) => call.summary.weave.trace_name);
      expect(names).toEqual([`work-of-${traceId[0]}`]);
    }
    expect(await read(project, SPAN)).toMatchObject({ id: SPAN, trace_id: SECOND });
  });

  it('have the name once the rename is acknowledged, however soon it follows', async () => {
    const project = newProject('otel-id');
    for (let round = 0; round < 20; round++) {
      const traceId = round.toString(16).padStart(32, '1');
      const spanId = round.toString(16).padStart(16, '1');
      await send(project, span(traceId, { spanId }));
      await stack.post('/call/update', { project_id: project, call_id: spanId, display_name: `n${round}` });
      expect(await read(project, spanId)).toMatchObject({ id: spanId, display_name: `n${round}` });
    }
  });

  it('are renamed and deleted together, because both name the id only', async () => {
    const project = newProject('otel-id');
    await send(project, span(FIRST), span(SECOND));
    await stack.post('/call/update', { project_id: project, call_id: SPAN, display_name: 'new' });
    expect((await list(project)).map((call) => [call.trace_id, call.display_name])).toEqual([
      [FIRST, 'new'],
      [SECOND, 'new'],
    ]);
    await stack.post('/calls/delete', { project_id: project, call_ids: [SPAN] });
    expect(await list(project)).toEqual([]);
    expect(await read(project, SPAN)).toBeNull();
    expect(await count(project)).toBe(0);
  });
});

describe('an exception without a text', () => {
  const seen = ({ exception, summary }: Call) => [exception, summary.weave.status];

  it('is an error of a span, and sorts as one', async () => {
    const project = newProject('otel-id');
    await send(project, span(FIRST, { status: { code: 2 } }), span(SECOND, { status: { code: 1 } }));
    expect((await list(project)).map(seen)).toEqual([
      ['', 'error'],
      [null, 'success'],
    ]);
    for (const [direction, order] of [
      ['asc', [FIRST, SECOND]],
      ['desc', [SECOND, FIRST]],
    ] as const)
      expect(await traces(project, { sort_by: [{ field: 'summary.weave.status', direction }] })).toEqual(
        order,
      );
  });

  it('is no error of any other call', async () => {
    const project = newProject('otel-id');
    const call = completed(project, newCallId(), { exception: '""' });
    const res = await stack.send(`/v2/${project}/calls/complete`, `{"batch":[${call}]}`);
    expect(res.status).toBe(200);
    expect((await list(project)).map(seen)).toEqual([[null, 'success']]);
  });
});
