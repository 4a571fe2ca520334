import { readFileSync, readdirSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { NextClient } from './recordings-next.ts';
import { readConfigurations, readRecording, RECORDINGS, Replay, type Recorded } from './recordings.ts';
import { newProject, openStack, type ReadCall, type Stack } from './stack.ts';

/** Traffic of real clients (fixtures/README.md), sent again byte for byte where the recording has the bytes. */

let stack: Stack;
beforeAll(async () => {
  stack = await openStack();
});
afterAll(() => stack.stop());

describe.each(RECORDINGS)('%s', (name) => {
  const requests = readRecording(name).steps.flatMap(({ step, requests }) =>
    requests.filter(({ to }) => to === undefined).map((request) => ({ step, request })),
  );

  it('is answered as it was recorded', async () => {
    const replay = new Replay(newProject('replay'));
    const started = new Set<string>();
    for (const { step, request } of requests) {
      const where = `${step} ${request.path}`;
      const answer = await send(replay, request, where);
      collectStarts(request.body, started);
      if (request.path === '/calls/stream_query') {
        expectCalls(answer, started, (request.body as { limit: number }).limit);
        continue;
      }
      const given = JSON.parse(answer) as Record<string, unknown>;
      expect(shapeOf(given, where)).toEqual(shapeOf(request.response, where));
      replay.rememberDigests(request.response, given);
    }
    expect(started.size).toBeGreaterThan(0);
    const stored = await readAll(replay);
    expect(stored.map((call) => call.id).sort()).toEqual([...started].sort());
  });

  it('is read the same when calls are sent as the next client sends them', async () => {
    const [legacy, next] = [new Replay(newProject('replay')), new Replay(newProject('replay-next'))];
    const client = new NextClient();
    const sent = new Set<string>();
    const completed: Omit<Recorded, 'response'>[] = [];
    for (const { step, request } of requests) {
      if (request.path === '/calls/stream_query') continue;
      legacy.rememberDigests(request.response, JSON.parse(await send(legacy, request, step)));
      for (const { path, body } of client.requestsFor(request)) {
        const answer = await send(next, { ...request, path, body }, step);
        next.rememberDigests(path === request.path ? request.response : {}, JSON.parse(answer));
        sent.add(path.split('/').slice(-2).join('/'));
        if (path.startsWith('/v2/')) completed.push({ ...request, path, body });
      }
    }
    expect(client.unpaired()).toEqual([]);
    expect(sent).toContain('calls/complete');
    const [calls, nextCalls] = [await readAll(legacy), await readAll(next)];
    expect(calls.length).toBeGreaterThan(0);
    expect(nextCalls).toEqual(calls);
    // Both ways in one project, which W&B refuses: a call that was sent both ways is the same call.
    for (const request of completed) await send(legacy, request, 'again');
    expect(await readAll(legacy)).toEqual(calls);
  });
});

/** Sends it; the status has to be the recorded one. Returns the answer. */
async function send(replay: Replay, request: Omit<Recorded, 'response'>, where: string): Promise<string> {
  const res = await stack.send(replay.pathOf(request), replay.bodyOf(request));
  const answer = await res.text();
  expect([where, res.status, answer]).toEqual([where, request.status, expect.anything()]);
  return answer;
}

/** As the recording would have them. */
async function readAll(replay: Replay): Promise<ReadCall[]> {
  const calls = await stack.lines('/calls/stream_query', { project_id: replay.project });
  return JSON.parse(replay.asRecorded(JSON.stringify(calls))) as ReadCall[];
}

describe('what npm weave sends in other settings, and sent to servers that fail', () => {
  /** What the same client sent first to the same route in the long recording. */
  const bodies = new Map(
    readRecording('weave-0.11.1.json')
      .steps.flatMap(({ requests }) => requests.map(({ path, body }) => [path, body] as const))
      .reverse(),
  );
  const variants = readConfigurations().filter(({ requests }) => requests.length > 0);

  it.each(variants)('$variant', async ({ requests }) => {
    const replay = new Replay(newProject('replay-settings'));
    let answered = 0;
    for (const { method, path: paths, body } of requests) {
      for (const path of paths.split(' or ')) {
        const asked = body ?? bodies.get(path.replace(/^\/traces|^\/(?=\/)/, ''));
        const res =
          method === 'GET'
            ? await fetch(stack.url + path)
            : await stack.send(path, replay.bodyOf({ body: asked! }));
        const answer = await res.text();
        expect([path, res.status, answer]).toEqual([path, 200, expect.anything()]);
        const given = JSON.parse(answer) as { data?: { viewer: object } };
        if (path === '/graphql')
          expect(given.data?.viewer).toMatchObject({
            username: expect.any(String),
            defaultEntity: { name: expect.stringMatching(/^[^/]+$/) },
          });
        answered++;
      }
    }
    expect(answered).toBeGreaterThanOrEqual(requests.length);
  });
});

function collectStarts(body: object, started: Set<string>): void {
  const { batch } = body as { batch?: readonly { mode: string; req: { start?: { id: string } } }[] };
  for (const { mode, req } of batch ?? []) if (mode === 'start') started.add(req.start!.id);
}

/** As many as were asked for and exist (the recording's server knew no limit), with what every client's model requires. */
function expectCalls(answer: string, started: ReadonlySet<string>, limit: number): void {
  const calls = answer.split('\n').map((line) => JSON.parse(line) as ReadCall);
  expect(calls).toHaveLength(Math.min(limit, started.size));
  for (const call of calls) {
    expect(started.has(call.id)).toBe(true);
    for (const member of [
      'id',
      'project_id',
      'op_name',
      'trace_id',
      'started_at',
      'attributes',
      'inputs',
      'summary',
    ]) {
      expect(call).toHaveProperty(member);
    }
  }
}

/** Names and types of what was answered; ours may have more members on objects. Values of users must be the same. */
function shapeOf(value: unknown, where: string): unknown {
  if (typeof value !== 'object' || value === null) return value;
  const answer = value as Record<string, unknown>;
  const obj = answer.obj as Record<string, unknown> | undefined;
  if (obj !== undefined)
    // The recording's server took `_class_name` for the base class; W&B takes the last one before `Object`.
    return { kind: obj.kind, object_id: obj.object_id, val: Object.keys(obj.val as object).sort() };
  if (Array.isArray(answer.rows))
    return (answer.rows as { val: unknown; original_index: number }[]).map(({ val, original_index: at }) => [
      val,
      at,
    ]);
  if (Array.isArray(answer.res)) return (answer.res as object[]).map((item) => Object.keys(item).sort());
  if (where.endsWith('/feedback/create'))
    return ['id', 'created_at', 'wb_user_id', 'payload'].filter(
      (member) => answer[member] !== undefined && answer[member] !== null,
    );
  return Object.keys(answer).filter((member) => !['object_id'].includes(member)).sort(); // prettier-ignore
}

const OTLP = new URL('../../../libs/otlp/fixtures/', import.meta.url);
const OTLP_FILES = readdirSync(OTLP)
  .filter((name) => name.endsWith('.json') && !name.endsWith('-logs.json') && !name.endsWith('.golden.json'))
  .map((name) => name.slice(0, -'.json'.length));

interface Exported {
  readonly resourceSpans?: readonly {
    readonly resource?: { readonly attributes?: readonly { key: string; value: { stringValue?: string } }[] };
    readonly scopeSpans?: readonly { readonly spans?: readonly { traceId?: string; spanId?: string }[] }[];
  }[];
}

/** Span id → trace id of what can be stored, by the project it is for. */
function spansByProject(request: Exported, headerProject: string): Map<string, Map<string, string>> {
  const found = new Map([[headerProject, new Map<string, string>()]]);
  for (const { resource, scopeSpans = [] } of request.resourceSpans ?? []) {
    const attribute = (name: string) =>
      resource?.attributes?.find(({ key }) => key === name)?.value.stringValue;
    const [entity, name] = [attribute('wandb.entity'), attribute('wandb.project')];
    const project = entity && name ? `${entity}/${name}` : headerProject;
    const ids = found.get(project) ?? new Map();
    found.set(project, ids);
    for (const { traceId = '', spanId = '' } of scopeSpans.flatMap(({ spans = [] }) => spans)) {
      const valid = /^(?!0+$)[0-9a-f]{32}$/i.test(traceId) && /^(?!0+$)[0-9a-f]{16}$/i.test(spanId);
      if (valid) ids.set(spanId.toLowerCase(), traceId.toLowerCase());
    }
  }
  return found;
}

describe('OTLP fixtures', () => {
  it.each(OTLP_FILES.flatMap((file) => [['.bin', file], ['.json', file]]))('every span of %s %s is stored and readable', async (extension, file) => {
    const project = newProject('otlp');
    const type = extension === '.bin' ? 'application/x-protobuf' : 'application/json';
    const body = readFileSync(new URL(file + extension, OTLP));
    const res = await stack.send('/otel/v1/traces', body, { 'content-type': type, project_id: project });
    expect([res.status, res.headers.get('content-type')]).toEqual([200, type]);
    const request = JSON.parse(readFileSync(new URL(`${file}.json`, OTLP), 'utf8')) as Exported;
    for (const [target, ids] of spansByProject(request, project)) {
      // Projects named in a resource are those of the recording: other fixtures are in them too.
      const filter = { trace_ids: [...new Set(ids.values())] };
      const calls = ids.size === 0 && target !== project ? [] : await stack.lines<ReadCall>('/calls/stream_query', { project_id: target, filter });
      expect(calls.map((call) => call.id).sort()).toEqual([...ids.keys()].sort());
      for (const call of calls) expect(call.attributes.otel_span).toMatchObject({ context: { span_id: call.id } });
    }
  }); // prettier-ignore
});
