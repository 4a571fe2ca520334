import { describe, expect, it } from '@jest/globals';
import { NO_SCORED_SPAN, NO_SCORER_RESULT, type ClaimColumn } from '@weft/model';
import { readSpans, spanToCall } from '@weft/otlp';
import type { StoredCall } from '@weft/trace-store';
import { ALL_COLUMNS, toColumns } from './call-columns.ts';
import { JsonOut } from './json-out.ts';
import { renderCall, type RenderCall } from './render-call.ts';

const bytes = (text: string) => Buffer.from(text);

function storedCall(given: Partial<StoredCall> = {}): StoredCall {
  return {
    projectId: 'e/p', id: 'c1', isSpan: false, traceId: 't1', parentId: null, threadId: null, turnId: null,
    opName: 'weave:///e/p/op/chat:abc', displayName: null, startedAtUs: 1_700_000_000_123_456, endedAtUs: 1_700_000_001_500_000,
    exception: null, userId: 'u', runId: null, runStep: null, runStepEnd: null,
    attributes: bytes('{}'), inputs: bytes('{}'), output: bytes('null'), summary: bytes('{}'), otelDump: bytes(''), otelLogs: [], claims: [],
    storageSizeBytes: null, totalStorageSizeBytes: null, ...given,
  }; // prettier-ignore
}

function render(given: Partial<StoredCall> = {}, options: Partial<RenderCall> = {}): string {
  const out = new JsonOut();
  renderCall(out, storedCall(given), { columns: ALL_COLUMNS, ...options });
  return out.take().toString('utf8');
}

const DERIVED = '"status":"success","latency_ms":1376,"trace_name":"chat"';
const summaryOf = (row: string) => /"summary":(.*),"wb_user_id"/s.exec(row)![1];

describe('renderCall', () => {
  it('writes every member of a call, null where nothing is known', () => {
    expect(JSON.parse(render())).toEqual({
      id: 'c1', project_id: 'e/p', op_name: 'weave:///e/p/op/chat:abc', display_name: null, trace_id: 't1', parent_id: null,
      thread_id: null, turn_id: null, started_at: '2023-11-14T22:13:20.123456Z', attributes: {}, inputs: {},
      ended_at: '2023-11-14T22:13:21.500000Z', exception: null, output: null,
      summary: { weave: { status: 'success', latency_ms: 1376, trace_name: 'chat' } },
      wb_user_id: 'u', wb_run_id: null, wb_run_step: null, wb_run_step_end: null, deleted_at: null, expire_at: null,
      storage_size_bytes: null, total_storage_size_bytes: null,
    }); // prettier-ignore
  });

  it.each([
    '{"n":9007199254740993}',
    '{"n":1e400,"z":-0,"f":1.0,"e":1E+2}',
    '{"a":1,"a":2}',
    '{"s":"\\ud83d","t":"\\u0041\\/"}',
    '{ "spaced" : [ 1 , 2 ]\n}',
    '{"é":"😀"}',
    '{"__proto__":{"x":1}}',
  ])('leaves payload bytes as they are: %s', (json) => {
    const row = render({
      inputs: bytes(json),
      attributes: bytes(json),
      output: bytes(json),
      summary: bytes(json),
    });
    expect(row).toContain(`"attributes":${json},"inputs":${json},`);
    expect(row).toContain(`"output":${json},`);
    const body = json.slice(0, -1);
    expect(summaryOf(row)).toBe(`${body},"weave":{${DERIVED}}}`);
  });

  it.each([
    ['{}', `{"weave":{${DERIVED}}}`],
    ['{ }', `{ "weave":{${DERIVED}}}`],
    ['{"usage":{"weave":1}}', `{"usage":{"weave":1},"weave":{${DERIVED}}}`],
    ['{"weave":{},"b":1}', `{"weave":{${DERIVED}},"b":1}`],
    ['{"weave":{"mine":1.0},"b":1}', `{"weave":{"mine":1.0,${DERIVED}},"b":1}`],
    ['{"a":0,"weave" : { "status" : "odd", "mine" : [1] } }', `{"a":0,"weave" : {"mine":[1],${DERIVED}} }`],
    ['{"weave":7}', `{"weave":{${DERIVED}}}`],
    ['{"weave":1,"weave":{"mine":2}}', `{"weave":1,"weave":{"mine":2,${DERIVED}}}`],
    ['{"w\\u0065ave":{"mine":2}}', `{"w\\u0065ave":{"mine":2,${DERIVED}}}`],
    ['{"text":"\\"weave\\":{"}', `{"text":"\\"weave\\":{","weave":{${DERIVED}}}`],
  ])('overlays summary.weave on %s', (summary, expected) => {
    expect(summaryOf(render({ summary: bytes(summary) }))).toBe(expected);
  });

  it.each([
    ['error', { exception: 'boom', endedAtUs: null }],
    ['running', { endedAtUs: null, summary: bytes('{"status_counts":{"error":1}}') }],
    ['descendant_error', { summary: bytes('{"status_counts":{"success":3,"error":2}}') }],
    ['success', { summary: bytes('{"status_counts":{"success":3,"error":0}}') }],
    ['error', { exception: '' }],
    ['success', { summary: bytes('{"status_counts":[]}') }],
    ['success', { summary: bytes('{"nested":{"status_counts":{"error":1}}}') }],
  ])('derives the status %s', (status, given) => {
    expect(JSON.parse(render(given)).summary.weave.status).toBe(status);
  });

  it('has no latency while the call runs, and the display name instead of the trace name', () => {
    const { weave } = JSON.parse(render({ endedAtUs: null, displayName: 'my "run"' })).summary;
    expect(weave).toEqual({ status: 'running', display_name: 'my "run"' });
  });

  it.each([
    ['chat.completion', 'chat.completion'],
    ['weave:///e/p/op/Evaluation.evaluate:*', 'Evaluation.evaluate'],
    ['weave:///e/p/object/x:1', 'weave:///e/p/object/x:1'],
  ])('names the trace of op %s %s', (opName, name) => {
    expect(JSON.parse(render({ opName })).summary.weave.trace_name).toBe(name);
  });

  it('fills unselected columns with what clients require', () => {
    const given = {
      inputs: bytes('{"a":1}'), attributes: bytes('{"a":1}'), output: bytes('1'), summary: bytes('{"status_counts":{"error":1},"u":1}'),
      displayName: 'd', parentId: 'x',
    }; // prettier-ignore
    const call = JSON.parse(render(given, { columns: toColumns(['inputs.a']) }));
    expect(call).toMatchObject({
      id: 'c1', project_id: 'e/p', trace_id: 't1', op_name: 'weave:///e/p/op/chat:abc', started_at: '2023-11-14T22:13:20.123456Z',
      inputs: { a: 1 }, attributes: {}, output: null, display_name: null, parent_id: null, ended_at: null, wb_user_id: null,
      summary: { weave: { status: 'descendant_error', latency_ms: 1376, display_name: 'd' } },
    }); // prettier-ignore
    expect(call.summary).not.toHaveProperty('u');
  });

  it('reads payloads that were not fetched as empty', () => {
    const none = bytes('');
    expect(JSON.parse(render({ inputs: none, attributes: none, output: none, summary: none }))).toMatchObject({
      inputs: {}, attributes: {}, output: null, summary: { weave: { status: 'success' } },
    }); // prettier-ignore
  });

  it('puts feedback into summary.weave, an empty list when there is none', () => {
    const feedback = {
      projectId: 'e/p', id: 'f1', weaveRef: 'weave:///e/p/call/c1', feedbackType: 'wandb.reaction.1', userId: 'u', creator: null,
      createdAtUs: 1_700_000_000_000_000, payload: bytes('{"emoji":"👍","n":1.0}'), annotationRef: null, runnableRef: null,
      callRef: null, triggerRef: null, queueId: null, scorer: NO_SCORER_RESULT, span: NO_SCORED_SPAN,
    }; // prettier-ignore
    const row = render(
      {},
      { feedback: new Map([[feedback.weaveRef, [feedback, { ...feedback, id: 'f2' }]]]) },
    );
    expect(row).toContain('"payload":{"emoji":"👍","n":1.0}');
    expect(JSON.parse(row).summary.weave.feedback).toMatchObject([
      {
        id: 'f1',
        feedback_type: 'wandb.reaction.1',
        weave_ref: 'weave:///e/p/call/c1',
        created_at: '2023-11-14T22:13:20.000000Z',
      },
      { id: 'f2' },
    ]);
    expect(JSON.parse(render({}, { feedback: new Map() })).summary.weave.feedback).toEqual([]);
    expect(JSON.parse(render()).summary.weave).not.toHaveProperty('feedback');
  });

  it('puts costs into the summary where they were asked for and there are some', () => {
    const costs = { of: ({ id }: StoredCall) => (id === 'c1' ? '{"m":{"prompt_tokens":9}}' : undefined) };
    const summary = bytes('{"usage":{"m":{"prompt_tokens":9.0}},"weave":{"costs":{"mine":1}}}');
    const row = render({ summary }, { costs });
    expect(row).toContain('"usage":{"m":{"prompt_tokens":9.0}}');
    expect(JSON.parse(row).summary.weave.costs).toEqual({ m: { prompt_tokens: 9 } });
    expect(JSON.parse(render({ summary, id: 'c2' }, { costs })).summary.weave.costs).toEqual({ mine: 1 });
    expect(JSON.parse(render({}, { costs, columns: toColumns(['id']) })).summary.weave.costs).toBeDefined();
    expect(JSON.parse(render()).summary.weave).not.toHaveProperty('costs');
  });

  it('renders the whole span of an OTLP call into its attributes, long texts included', () => {
    const question = 'what '.repeat(100);
    const request = {
      resourceSpans: [{ scopeSpans: [{ spans: [{
        traceId: '0af7651916cd43dd8448eb211c80319c', spanId: 'b7ad6b7169203331', name: 'chat', startTimeUnixNano: '1700000000000000000',
        endTimeUnixNano: '1700000001000000000', attributes: [
          { key: 'input.value', value: { stringValue: question } },
          { key: 'n', value: { intValue: '9007199254740993' } },
        ] }] }] }],
    }; // prettier-ignore
    const [span] = readSpans(bytes(JSON.stringify(request)), 'json').spans;
    const { start, end } = spanToCall(span!, { projectId: 'e/p', userId: null });
    const stored = { attributes: Buffer.from(start.attributes), inputs: Buffer.from(start.inputs), output: Buffer.from(end.output), otelDump: Buffer.from(start.otelDump!) }; // prettier-ignore
    const row = render(stored);
    expect(row).toContain('"n":9007199254740993');
    const { otel_span: otelSpan, ...others } = JSON.parse(row).attributes;
    expect(otelSpan).toMatchObject({
      name: 'chat',
      attributes: { input: { value: question } },
      parent_id: null,
    });
    expect(JSON.stringify(JSON.parse(stored.attributes.toString()))).toBe(JSON.stringify(others));
    expect(JSON.parse(render(stored, { columns: toColumns(['inputs']) })).attributes).toEqual({});
  });

  it('renders the log records of an OTLP call beside its span, in the order of their time', () => {
    const log = (time: string, name: string, tie?: number) =>
      bytes(JSON.stringify({ v: 1, time, name, severity: [9, 'INFO'], body: { m: [['content', time]] }, attributes: [['a.b', { i: '9007199254740993' }]], ...(tie !== undefined && { tie }) })); // prettier-ignore
    const span = { v: 1, trace: 't', span: 's', name: 'chat', kind: 1, start: '1700000000000000000', end: '1700000001000000000', status: [0, ''], attributes: [], resource: { attributes: [] }, scope: { name: '', version: '' } }; // prettier-ignore
    const otelDump = bytes(JSON.stringify(span));
    const otelLogs = [log('1700000000000000002', 'last'), log('1700000000000000001', 'copy', 1), log('1700000000000000001', 'first'), log('1700000000000000001', 'copy', 0)]; // prettier-ignore
    const row = render({ otelDump, otelLogs });
    expect(row).toContain('{"name":"first","timestamp":1700000000000000001,"severity":{"number":9,"text":"INFO"},"body":{"content":"1700000000000000001"},"attributes":{"a":{"b":9007199254740993}}}'); // prettier-ignore
    const names = (JSON.parse(row).attributes.otel_span.logs as { name: string }[]).map(({ name }) => name);
    expect([names.length, names[2], [...names].sort()]).toEqual([3, 'last', ['copy', 'first', 'last']]);
    expect(JSON.parse(render({ otelDump })).attributes.otel_span).not.toHaveProperty('logs');
  });
});

describe('payloads that are heads', () => {
  const claim = (column: ClaimColumn) => ({ column, digest: 'd', sizeBytes: 5_000_000, uri: 's3://b' });
  const stub = (column: string, head: unknown, error?: string) => ({
    _weft: { claimed: { column, size_bytes: 5_000_000, digest: 'd', ...(error && { error }) } },
    head,
  });

  it('are written as stubs, and status and weave are derived from what is there', () => {
    const row = render({
      inputs: bytes('{"model":"m"}'),
      output: bytes('"long…"'),
      summary: bytes('{"status_counts":{"error":1}}'),
      claims: [claim('inputs'), { ...claim('output'), error: 'blob_unavailable' }, claim('summary')],
    });
    expect(JSON.parse(row)).toMatchObject({
      inputs: stub('inputs', { model: 'm' }),
      output: stub('output', 'long…', 'blob_unavailable'),
      summary: {
        ...stub('summary', { status_counts: { error: 1 } }),
        weave: { status: 'descendant_error', latency_ms: 1376 },
      },
    });
  });

  it('of spans show what is there of it, and no text of a head by its place', () => {
    const text = 'secret '.repeat(100);
    const span = {
      traceId: '01'.repeat(16),
      spanId: '02'.repeat(8),
      name: 'n',
      startTimeUnixNano: '1767225600000000000',
      attributes: [
        { key: 'gen_ai.operation.name', value: { stringValue: 'execute_tool' } },
        { key: 'gen_ai.tool.call.arguments', value: { stringValue: text } },
      ],
    };
    const body = bytes(JSON.stringify({ resourceSpans: [{ scopeSpans: [{ spans: [span] }] }] }));
    const { start, end } = spanToCall(readSpans(body, 'json').spans[0]!, { projectId: 'a/b', userId: null });
    const { inputs, attributes } = start;
    const { output } = end;
    const call = { otelDump: start.otelDump!, attributes, inputs, output };
    expect(render(call)).toContain(text);
    const otelSpan = (given: Partial<StoredCall>) =>
      (JSON.parse(render({ ...call, ...given })) as { attributes: { otel_span: Record<string, unknown> } })
        .attributes.otel_span;
    expect(otelSpan({ claims: [claim('inputs')] })).toMatchObject({ name: 'n', scope: {} });
    expect(JSON.stringify(otelSpan({ claims: [claim('inputs')] }))).not.toContain('secret');
    expect(otelSpan({ claims: [claim('otel_dump')] })).toMatchObject(stub('otel_dump', { name: 'n' }));
    expect(otelSpan({ claims: [claim('otel_dump')], otelDump: bytes('{}') })).toEqual(
      stub('otel_dump', null),
    );
  });
});
