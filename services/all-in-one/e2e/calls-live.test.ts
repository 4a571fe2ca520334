import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { eventually } from '@weft/testkit';
import { completed, ended, newCallId, started } from './calls.ts';
import { apiKey, newProject, openStack, type ReadCall, type Stack } from './stack.ts';

let stack: Stack;
beforeAll(async () => {
  stack = await openStack();
});
afterAll(() => stack.stop());

interface Event {
  readonly name: string;
  readonly data: { readonly changed?: string[]; readonly calls?: ReadCall[] };
  readonly atMs: number;
}

/** What a stream says, until it is closed. */
async function listen(body: object): Promise<{ events: Event[]; close: () => void; isOver: () => boolean }> {
  const abort = new AbortController();
  const res = await fetch(`${stack.url}/weft/v1/calls/live`, {
    method: 'POST',
    body: JSON.stringify(body),
    headers: { authorization: `Bearer ${apiKey}` },
    signal: abort.signal,
  });
  expect([res.status, res.headers.get('content-type')]).toEqual([200, 'text/event-stream; charset=utf-8']);
  const events: Event[] = [];
  let isOver = false;
  void (async () => {
    let rest = '';
    try {
      for await (const chunk of res.body!.pipeThrough(new TextDecoderStream())) {
        const parts = (rest + chunk).split('\n\n');
        rest = parts.pop()!;
        for (const part of parts) {
          const name = /^event: (.*)$/m.exec(part)?.[1];
          const data = /^data: (.*)$/m.exec(part)?.[1];
          if (name !== undefined) events.push({ name, data: JSON.parse(data!) as Event['data'], atMs: Date.now() }); // prettier-ignore
        }
      }
    } catch {
      // Closed below.
    }
    isOver = true;
  })();
  return { events, close: () => abort.abort(), isOver: () => isOver };
}

const expr = (field: string, value: string) => ({
  $expr: { $eq: [{ $getField: field }, { $literal: value }] },
});
const now = () => JSON.stringify(new Date().toISOString());

it('tells of calls that start, end and go, within a second', async () => {
  const project = newProject('live');
  const all = await listen({ project_id: project });
  const running = await listen({ project_id: project, query: expr('summary.weave.status', 'running') });
  await eventually(async () => all.events[0]?.name === 'ready' && running.events[0]?.name === 'ready');
  // Also what is there already must not be told.
  await new Promise((resolve) => setTimeout(resolve, 700));
  const id = newCallId();
  const start = JSON.parse(
    started(project, id, { started_at: now(), inputs: '{"a":\n"b"}', op_name: '"one"' }),
  ) as object;
  await stack.post('/call/start', { start });
  const sentAt = Date.now();
  const seen = (events: Event[]) =>
    events.find(({ data }) => data.calls?.some((call) => call.id === id && call.ended_at === null));
  await eventually(async () => seen(all.events) !== undefined && seen(running.events) !== undefined);
  expect(seen(all.events)!.atMs - sentAt).toBeLessThan(3000);
  expect(seen(all.events)!.data.calls![0]!.inputs).toEqual({ a: 'b' });
  const end = JSON.parse(ended(project, id, { ended_at: now(), output: '1' })) as object;
  await stack.post('/call/end', { end });
  await eventually(async () =>
    all.events.some(({ data }) => data.calls?.some((call) => call.id === id && call.ended_at !== null)),
  );
  // It does not match any more, and that is told as well.
  await eventually(async () =>
    running.events.some(({ data }) => data.changed?.includes(id) === true && data.calls?.length === 0),
  );
  await stack.post('/calls/delete', { project_id: project, call_ids: [id] });
  await eventually(async () =>
    all.events.some(({ data }) => data.changed?.includes(id) === true && data.calls?.length === 0),
  );
  all.close();
  running.close();
}, 30_000);

it('asks to read anew where more came than it tells', async () => {
  const project = newProject('live');
  const stream = await listen({ project_id: project });
  await eventually(async () => stream.events.length > 0);
  await new Promise((resolve) => setTimeout(resolve, 700));
  const batch = Array.from({ length: 1500 }, () => completed(project, newCallId(), { started_at: now(), ended_at: now() })); // prettier-ignore
  await stack.send(`/v2/${project}/calls/complete`, `{"batch":[${batch.join(',')}]}`);
  await eventually(async () => stream.events.some(({ name }) => name === 'reset'));
  stream.close();
}, 30_000);

it('refuses what every route refuses', async () => {
  const sent = await stack.send('/weft/v1/calls/live', {
    project_id: newProject('live'),
    query: { $expr: 1 },
  });
  expect(sent.status).toBe(422);
  expect((await stack.send('/weft/v1/calls/live', { project_id: 'x' })).status).toBe(400);
});
