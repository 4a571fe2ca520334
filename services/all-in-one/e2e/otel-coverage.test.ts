import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { apiKey, newProject, openStack, type Stack } from './stack.ts';

/** What a mapping finds in the spans of each instrumentation, so that it shows what it misses. */

let stack: Stack;
beforeAll(async () => {
  stack = await openStack();
});
afterAll(() => stack.stop());

const T0 = Date.UTC(2026, 0, 2);
let spans = 0;

const text = (key: string, stringValue: string) => ({ key, value: { stringValue } });
const int = (key: string, intValue: number) => ({ key, value: { intValue } });
const LLM = [text('gen_ai.operation.name', 'chat'), text('gen_ai.request.model', 'gpt-4o')];
const USED = [int('gen_ai.usage.input_tokens', 3), int('gen_ai.usage.output_tokens', 4)];
const CONTENT = [text('input.value', 'question'), text('output.value', 'answer')];

function span(attributes: object[], seconds = 0): object {
  const startMs = T0 + seconds * 1000;
  return {
    traceId: 'a'.repeat(32),
    spanId: (++spans).toString(16).padStart(16, '0'),
    name: `span ${spans}`,
    startTimeUnixNano: `${startMs}000000`,
    endTimeUnixNano: `${startMs + 500}000000`,
    attributes,
  };
}

async function send(project: string, name: string, version: string, ...sent: object[]): Promise<void> {
  const body = { resourceSpans: [{ scopeSpans: [{ scope: { name, version }, spans: sent }] }] };
  const headers = { 'content-type': 'application/json', project_id: project };
  expect((await stack.send('/otel/v1/traces', body, headers)).status).toBe(200);
}

async function coverage(
  params: Readonly<Record<string, string | undefined>>,
): Promise<{ status: number; body: unknown }> {
  const res = await fetch(
    `${stack.url}/otel/coverage?${new URLSearchParams(Object.entries(params).filter((entry): entry is [string, string] => entry[1] !== undefined)).toString()}`,
    {
      headers: { authorization: `Basic ${Buffer.from(`api:${apiKey}`).toString('base64')}` },
    },
  );
  const body = await res.text();
  return { status: res.status, body: res.status === 200 ? (JSON.parse(body) as unknown) : body };
}

const counts = (n: readonly number[]) => ({
  spans: n[0],
  with_input: n[1],
  with_output: n[2],
  with_usage: n[3],
  with_model: n[4],
});

describe('GET /otel/coverage', () => {
  it('shows that no usage was found in calls of a model', async () => {
    const project = newProject('coverage');
    await send(project, 'good', '1.0', span([...LLM, ...USED, ...CONTENT]), span([], 1));
    await send(project, 'good', '2.0', span([...LLM, ...USED, ...CONTENT], 2));
    await send(project, 'unread', '', ...[3, 4, 5].map((s) => span(LLM, s)));
    await stack.send('/call/start', {
      start: {
        project_id: project,
        op_name: 'no span',
        started_at: '2026-01-02T00:00:00Z',
        attributes: {},
        inputs: { a: 1 },
      },
    });
    const scopes = [
      {
        scope: 'unread',
        version: '',
        ...counts([3, 0, 0, 0, 3]),
        llm: counts([3, 0, 0, 0, 3]),
        last_seen: '2026-01-02T00:00:05.000000Z',
      },
      {
        scope: 'good',
        version: '1.0',
        ...counts([2, 1, 1, 1, 1]),
        llm: counts([1, 1, 1, 1, 1]),
        last_seen: '2026-01-02T00:00:01.000000Z',
      },
      {
        scope: 'good',
        version: '2.0',
        ...counts([1, 1, 1, 1, 1]),
        llm: counts([1, 1, 1, 1, 1]),
        last_seen: '2026-01-02T00:00:02.000000Z',
      },
    ];
    expect(await coverage({ project_id: project })).toEqual({
      status: 200,
      body: { scopes, truncated: false },
    });
    const from = '2026-01-02T00:00:02Z';
    for (const range of [{ from }, { from: String(T0 / 1000 + 2), to: '2026-01-02T00:00:06Z' }])
      expect(await coverage({ project_id: project, ...range })).toEqual({
        status: 200,
        body: { scopes: [scopes[0], scopes[2]], truncated: false },
      });
    // Counted once more, and no more: the same spans again, renamed ones, deleted ones.
    const id = (n: number) => n.toString(16).padStart(16, '0');
    await stack.post('/call/update', { project_id: project, call_id: id(spans), display_name: 'renamed' });
    await stack.post('/calls/delete', { project_id: project, call_ids: [id(spans - 1)] });
    expect(await coverage({ project_id: project })).toMatchObject({
      body: {
        scopes: [
          expect.objectContaining({ scope: 'good', version: '1.0' }),
          expect.objectContaining({ scope: 'unread', spans: 2 }),
          {},
        ],
      },
    });
  });

  it('is empty for a project without spans, and refuses what it cannot read', async () => {
    expect(await coverage({ project_id: newProject('coverage') })).toEqual({
      status: 200,
      body: { scopes: [], truncated: false },
    });
    expect((await coverage({})).status).toBe(422);
    expect((await coverage({ project_id: 'e/p', from: 'yesterday' })).status).toBe(422);
    expect((await coverage({ project_id: 'no-slash' })).status).toBe(400);
  });

  it('stops at a thousand scopes, and says so', async () => {
    const project = newProject('coverage');
    const scopeSpans = Array.from({ length: 1001 }, (_, n) => ({
      scope: { name: `scope ${n}` },
      spans: [span([])],
    }));
    const headers = { 'content-type': 'application/json', project_id: project };
    const res = await stack.send('/otel/v1/traces', { resourceSpans: [{ scopeSpans }] }, headers);
    expect(res.status).toBe(200);
    const { body } = (await coverage({ project_id: project })) as {
      body: { scopes: object[]; truncated: boolean };
    };
    expect([body.scopes.length, body.truncated]).toEqual([1000, true]);
  });
});
