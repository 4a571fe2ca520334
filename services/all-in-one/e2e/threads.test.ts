import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { batch, completed, newCallId, started } from './calls.ts';
import { newProject, openStack, type Stack } from './stack.ts';

/** Conversations, and what projects store. */

let stack: Stack;
beforeAll(async () => {
  stack = await openStack();
});
afterAll(() => stack.stop());

interface Thread {
  readonly thread_id: string;
  readonly turn_count: number;
}

const second = (s: number) => `2026-01-02T03:04:${String(s).padStart(2, '0')}.000000Z`;
const turn = (project: string, thread: string, fromS: number, toS: number, id = newCallId(), of = id) =>
  completed(project, id, {
    started_at: JSON.stringify(second(fromS)),
    ended_at: JSON.stringify(second(toS)),
    thread_id: JSON.stringify(thread),
    turn_id: JSON.stringify(of),
  });

describe('/threads/stream_query', () => {
  const project = newProject('threads');
  const [first, last] = [newCallId(), newCallId()];
  const threads = (how: object = {}) =>
    stack.lines<Thread>('/threads/stream_query', { project_id: project, ...how });
  const ids = async (how: object) => (await threads(how)).map(({ thread_id: id }) => id);

  beforeAll(async () => {
    await stack.send(
      `/v2/${project}/calls/complete`,
      batch(
        turn(project, 'a', 0, 1, first),
        turn(project, 'a', 10, 13, last),
        turn(project, 'a', 11, 50, newCallId(), last),
        turn(project, 'b', 5, 20),
      ),
    );
    const running = started(project, newCallId(), { thread_id: '"none"', turn_id: '"x"' });
    await stack.send('/call/start', `{"start":${running}}`);
  });

  it('tells conversations by their turns, the one updated last first', async () => {
    const [b, a, ...more] = await threads();
    expect(more).toEqual([]);
    expect(b).toMatchObject({ thread_id: 'b', turn_count: 1, p50_turn_duration_ms: 15_000 });
    expect(a).toEqual({
      thread_id: 'a', turn_count: 2, start_time: second(0), last_updated: second(13), first_turn_id: first, last_turn_id: last,
      p50_turn_duration_ms: 2000, p99_turn_duration_ms: 2980,
    }); // prettier-ignore
  });

  it('filters, sorts and cuts', async () => {
    expect(await ids({ filter: { thread_ids: ['a'] } })).toEqual(['a']);
    expect(await ids({ filter: { after_datetime: second(4) }, sort_by: [{ field: 'thread_id', direction: 'asc' }] })).toEqual(['a', 'b']);
    expect(await threads({ filter: { before_datetime: second(5) } })).toMatchObject([{ thread_id: 'a', turn_count: 1 }]);
    expect(await ids({ sort_by: [{ field: 'turn_count', direction: 'desc' }] })).toEqual(['a', 'b']);
    expect(await ids({ limit: 1, offset: 1 })).toEqual(['a']);
    expect(await ids({ limit: 0 })).toEqual([]);
  }); // prettier-ignore

  it('names what it cannot do', async () => {
    const ask = (how: object) => stack.send('/threads/stream_query', { project_id: project, ...how });
    expect((await ask({ sort_by: [{ field: 'nope', direction: 'asc' }] })).status).toBe(400);
    expect((await ask({ filter: { after_datetime: 'soon' } })).status).toBe(422);
    expect((await ask({ limit: -1 })).status).toBe(400);
  });
});

describe('/project/stats and /files/query_stats', () => {
  it('tell the bytes that are stored, each thing once', async () => {
    const project = newProject('sizes');
    const content = { attributes: '{}', inputs: '{"n":1}', output: '"ok"', summary: '{}' };
    const call = completed(project, newCallId(), content);
    await stack.send(`/v2/${project}/calls/complete`, batch(call));
    await stack.send(`/v2/${project}/calls/complete`, batch(call));
    for (let i = 0; i < 2; i++) {
      await stack.send('/obj/create', { obj: { project_id: project, object_id: 'o', val: { a: 1 } } });
      await stack.send('/table/create', { table: { project_id: project, rows: [{ r: 1 }, { r: 22 }] } });
      const form = new FormData();
      form.set('project_id', project);
      form.set('file', new Blob(['12345']), 'f.txt');
      await stack.send('/files/create', form);
    }
    const stats = (how: object = {}) => stack.post<object>('/project/stats', { project_id: project, ...how });
    expect(await stats()).toEqual({
      trace_storage_size_bytes: Object.values(content).join('').length, spans_storage_size_bytes: 0,
      objects_storage_size_bytes: '{"a":1}'.length, tables_storage_size_bytes: '{"r":1}{"r":22}'.length, files_storage_size_bytes: 5,
    }); // prettier-ignore
    expect(await stats({ include_trace_storage_size: false, include_file_storage_size: false })).toMatchObject({
      trace_storage_size_bytes: 0, objects_storage_size_bytes: 7, files_storage_size_bytes: 0,
    }); // prettier-ignore
    for (const path of ['/files/query_stats', '/files/stats'])
      expect(await stack.post(path, { project_id: project })).toEqual({ total_size_bytes: 5 });
    const kinds = ['trace', 'object', 'table', 'file'];
    const nothing = Object.fromEntries(kinds.map((kind) => [`include_${kind}_storage_size`, false]));
    expect((await stack.send('/project/stats', { project_id: project, ...nothing })).status).toBe(400);
  });
});
