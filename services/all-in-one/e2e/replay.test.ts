import { readFileSync, readdirSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { newProject, openStack, type ReadCall, type Stack } from './stack.ts';

/** Traffic of real clients (fixtures/README.md), sent again byte for byte where the recording has the bytes. */

let stack: Stack;
beforeAll(async () => {
  stack = await openStack();
});
afterAll(() => stack.stop());

interface Part {
  readonly name: string;
  readonly filename?: string;
  readonly contentType?: string;
  readonly bytes: number;
  readonly text?: string;
  readonly base64?: string;
}
interface Recorded {
  readonly method: string;
  readonly path: string;
  /** Not for us: `fake model provider`. */
  readonly to?: string;
  readonly body: ({ readonly multipart: readonly Part[] } | Record<string, unknown>) & object;
  readonly status: number;
  readonly response: unknown;
}
interface Recording {
  readonly steps: readonly { readonly step: string; readonly requests: readonly Recorded[] }[];
}

const WEAVE = new URL('./fixtures/weave-ts/', import.meta.url);
const RECORDED_PROJECT = 'my-team/my-proj';

describe.each(readdirSync(WEAVE).filter((name) => name.endsWith('.json')))('%s', (name) => {
  const recording = JSON.parse(readFileSync(new URL(name, WEAVE), 'utf8')) as Recording;

  it('is answered as it was recorded', async () => {
    const project = newProject('replay');
    const started = new Set<string>();
    // Digests of the recording's minimal server are not the official ones: what follows refers to ours.
    const digests = new Map<string, string>();
    const translated = (value: unknown) => {
      let text = JSON.stringify(value).replaceAll(RECORDED_PROJECT, project);
      for (const [theirs, ours] of digests) text = text.replaceAll(theirs, ours);
      return text;
    };
    for (const { step, requests } of recording.steps) {
      for (const request of requests.filter(({ to }) => to === undefined)) {
        const where = `${step} ${request.path}`;
        const res = await stack.send(request.path, bodyOf(request, project, translated));
        const answer = await res.text();
        expect([where, res.status, answer]).toEqual([where, request.status, expect.anything()]);
        collectStarts(request.body, started);
        if (request.path === '/calls/stream_query') {
          expectCalls(answer, started, (request.body as { limit: number }).limit);
          continue;
        }
        const given = JSON.parse(answer) as Record<string, unknown>;
        expect(shapeOf(given, where)).toEqual(shapeOf(request.response, where));
        rememberDigests(request.response, given, digests);
      }
    }
    expect(started.size).toBeGreaterThan(0);
    const stored = await stack.lines<ReadCall>('/calls/stream_query', {
      project_id: project,
      columns: ['id'],
    });
    expect(stored.map((call) => call.id).sort()).toEqual([...started].sort());
  });
});

function bodyOf(
  request: Recorded,
  project: string,
  translated: (value: unknown) => string,
): string | FormData {
  if (!('multipart' in request.body)) return translated(request.body);
  const form = new FormData();
  for (const part of request.body.multipart as readonly Part[]) {
    if (part.name === 'project_id') form.append('project_id', project);
    else form.append(part.name, new Blob([contentOf(part)], { type: part.contentType ?? '' }), part.filename);
  }
  return form;
}

/** Binary parts were recorded by their size only. */
function contentOf(part: Part): Buffer {
  if (part.base64 !== undefined) return Buffer.from(part.base64, 'base64');
  return part.text === undefined ? Buffer.alloc(part.bytes, 1) : Buffer.from(part.text);
}

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

function rememberDigests(theirs: unknown, ours: Record<string, unknown>, digests: Map<string, string>): void {
  const recorded = theirs as { digest?: string; row_digests?: readonly string[] };
  if (recorded.digest !== undefined) digests.set(recorded.digest, ours.digest as string);
  recorded.row_digests?.forEach((digest, i) => digests.set(digest, (ours.row_digests as string[])[i]!));
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
