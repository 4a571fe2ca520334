import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { openEmbeddedClickHouse } from '@weft/embedded-clickhouse';
import { createKey } from '@weft/http';
import { formatInstant, type CallPart } from '@weft/model';
import { MAPPING_VERSION, readSpans, spanToCall, splitTraceRequest, type OtlpSpan } from '@weft/otlp';
import { createLogger } from '@weft/runtime';
import { emptyBatch, migrate, openTraceWriter, partVersion, spanVersion } from '@weft/trace-store';
import { cleanUp, newDirectory, runBundle, startServer, type ServerProcess } from './server-process.ts';
import type { ReadCall } from './stack.ts';

/** `weft remap` against a server with spans that older mappings have stored, both as their users run them. */

const PROJECT = 'team/old';
/** The same spans, as the current mapping stores them. */
const FRESH = 'team/fresh';
const SMALL = 'team/small';
/** More than two pages of the server. */
const COUNT = 1_203;
const T0 = Date.UTC(2026, 0, 2) * 1000;
const FROM = '2026-01-01T00:00:00Z';
/** Where `moved` spans say they begin. */
const EARLIER_US = T0 - 3_600_000_000;

/** How a stored row differs from what the current mapping makes of the span. */
type Age =
  'no usage' | 'nothing' | 'moved' | 'from before numbers' | 'same number' | 'newer' | 'no time' | 'torn';
const AGES: readonly Age[] = ['no usage', 'nothing', 'moved', 'from before numbers'];
const EXTRA: readonly Age[] = ['same number', 'newer', 'no time', 'torn'];

let server: ServerProcess;
let dataDir: string;
const keys = new Map<string, string>();

const hex = (n: number, digits: number) => n.toString(16).padStart(digits, '0');
const longText = (n: number) => `question ${n}: ${'why is the sky blue and not "green"? '.repeat(4)}`;

function spanJson(n: number, age: Age): object {
  const startUs = T0 + n * 1000;
  const text = (key: string, stringValue: string) => ({ key, value: { stringValue } });
  return {
    traceId: hex(1 + Math.floor(n / 3), 32),
    spanId: hex(n + 1, 16),
    name: `chat ${n}`,
    ...(age === 'no time'
      ? {}
      : {
          startTimeUnixNano: String(startUs * 1000 + 7),
          endTimeUnixNano: String(startUs * 1000 + 1_000_007),
        }),
    attributes: [
      text('gen_ai.operation.name', 'chat'),
      text('gen_ai.request.model', 'gpt-4o'),
      text('input.value', longText(n)),
      text('output.value', `answer ${n}`),
      { key: 'gen_ai.usage.input_tokens', value: { intValue: '7' } },
      { key: 'gen_ai.usage.output_tokens', value: { intValue: String(n) } },
      ...(age === 'moved' ? [text('langfuse.startTime', formatInstant(EARLIER_US + n))] : []),
    ],
  };
}

const requestOf = (spans: readonly object[]) => ({
  resourceSpans: [
    {
      resource: { attributes: [{ key: 'service.name', value: { stringValue: 'shop' } }] },
      scopeSpans: [{ scope: { name: 'acme.instrumentation', version: '1.2' }, spans }],
    },
  ],
});

function readRequest(spans: readonly object[]): OtlpSpan[] {
  const body = Buffer.from(JSON.stringify(requestOf(spans)));
  const { groups } = splitTraceRequest(body, { encoding: 'json', headerProject: PROJECT });
  return groups.flatMap(({ payload }) => readSpans(payload, 'protobuf').spans);
}

/** As an older program has stored the span. */
function oldCall(projectId: string, span: OtlpSpan, age: Age): CallPart {
  const { id, start, end } = spanToCall(span, { projectId, userId: 'ada', receivedAtUs: T0 + 5 });
  const mapping = age === 'same number' ? MAPPING_VERSION : age === 'newer' ? MAPPING_VERSION + 1 : 0;
  const name = `${span.traceId}/${id}`;
  const version = (us: number) =>
    age === 'from before numbers'
      ? partVersion(us, true, name, span.raw)
      : spanVersion(us, mapping, name, span.raw);
  const spanUs = span.start.us;
  return {
    projectId,
    id,
    spanTraceId: span.traceId,
    start: {
      ...start,
      version: version(spanUs || start.startedAtUs),
      opName: `weave:///${projectId}/op/${start.opName}:digest`,
      ...(age === 'moved' && { startedAtUs: spanUs }),
      ...(age === 'torn' && { inputs: Buffer.from('{"question":"lost"}') }),
      ...(age === 'from before numbers' && { attributes: Buffer.from('{"kind":"span"}') }),
    },
    end: {
      ...end,
      version: version(span.end.us || end.endedAtUs),
      ...(age !== 'nothing' && age !== 'moved' && { summary: Buffer.from('{"weave":{"status":"success"}}') }),
    },
  };
}

const ageOf = (n: number): Age => AGES[n % AGES.length]!;

async function storeOld(): Promise<void> {
  const logger = createLogger({ name: 'test', level: 'silent' });
  const engine = await openEmbeddedClickHouse({ dataDir: join(dataDir, 'clickhouse'), logger });
  const options = { url: engine.url, database: engine.database, ...engine.writer };
  await migrate(options);
  const writer = openTraceWriter(options);
  const calls = [PROJECT, SMALL].flatMap((projectId) => {
    const ages = projectId === PROJECT ? Array.from({ length: COUNT }, (_, n) => ageOf(n)) : EXTRA;
    const spans = readRequest(ages.map((age, n) => spanJson(n, age)));
    return spans.map((span, n) => oldCall(projectId, span, ages[n]!));
  });
  expect(await writer.write({ ...emptyBatch(), calls })).toEqual([]);
  await writer.close();
  await engine.stop();
}

const authorization = (as: string) => ({ authorization: `Bearer ${keys.get(as)}` });

function post(
  path: string,
  body: object,
  headers: Record<string, string> = {},
  as = 'admin',
): Promise<Response> {
  return fetch(server.url + path, {
    method: 'POST',
    headers: { ...authorization(as), ...headers },
    body: JSON.stringify(body),
  });
}

type Call = Omit<ReadCall, 'project_id'> & { wb_user_id: string | null };

async function callsOf(projectId: string): Promise<Call[]> {
  const res = await post('/calls/stream_query', { project_id: projectId, limit: 10_000 });
  expect([res.status, res.headers.get('x-weft-freshness')]).toEqual([200, null]);
  const lines = (await res.text()).split('\n').filter((line) => line !== '');
  return lines.map((line) => {
    // The op's digest is another's where it was stored by another program.
    const { project_id: _, op_name, ...call } = JSON.parse(line) as ReadCall;
    return { ...call, op_name: op_name.replace(/^.*\/op\/|:.*$/g, '') } as Call;
  });
}

const weft = (as: string, ...args: string[]) =>
  runBundle('cli', ['remap', ...args], { WEFT_URL: server.url, WEFT_API_KEY: keys.get(as) ?? '' });
const remap = (projectId: string, ...args: string[]) =>
  weft('admin', '--project', projectId, '--from', FROM, ...args);

type Line = { kind: string; cursor?: string; scanned?: number; changed?: number } & Record<string, unknown>;
const parsed = (text: string): Line[] =>
  text.trim().split('\n').map((line) => JSON.parse(line) as Line); // prettier-ignore

const count = (wanted: readonly Age[]) =>
  Array.from({ length: COUNT }, (_, n) => ageOf(n)).filter((age) => wanted.includes(age)).length;
const CHANGED = count(['no usage', 'moved', 'from before numbers']);

beforeAll(async () => {
  dataDir = await newDirectory();
  const keysFile = join(dataDir, 'keys.json');
  for (const [name, role, projects] of [
    ['admin', 'admin', '*'],
    ['writer', 'write', '*'],
    ['stranger', 'admin', 'other/*'],
  ] as const)
    keys.set(name, (await createKey(keysFile, { user: name, role, projects: [projects] })).key);
  await storeOld();
  server = await startServer(dataDir, { env: { WEFT_KEYS_FILE: keysFile } });
  for (let n = 0; n < COUNT; n += 500) {
    const spans = Array.from({ length: Math.min(500, COUNT - n) }, (_, i) => spanJson(n + i, ageOf(n + i)));
    const res = await post('/otel/v1/traces', requestOf(spans), {
      'content-type': 'application/json',
      project_id: FRESH,
    });
    expect(res.status).toBe(200);
  }
}, 120_000);
afterAll(() => cleanUp());

describe('weft remap', () => {
  let before: Call[];

  it('is for admins of the project', async () => {
    for (const as of ['writer', 'stranger'])
      expect(await weft(as, '--project', PROJECT, '--from', FROM, '--dry-run')).toMatchObject({
        code: 1,
        output: expect.stringContaining('says 403'),
      });
    expect(await weft('admin', '--project', PROJECT)).toMatchObject({ code: 2 });
    expect(await remap(PROJECT, '--after', 'nowhere')).toMatchObject({
      code: 1,
      output: expect.stringContaining('after: is not a cursor'),
    });
  });

  it('tells on a dry run what would change, and changes nothing', async () => {
    before = await callsOf(PROJECT);
    expect(before).toHaveLength(COUNT);
    const { code, stdout, output } = await remap(PROJECT, '--dry-run');
    expect(code).toBe(0);
    expect(stdout).toMatch(
      new RegExp(`^ +${COUNT} {2}spans looked at, with mapping ${MAPPING_VERSION}$`, 'm'),
    );
    expect(stdout).toMatch(new RegExp(`^ +${CHANGED} {2}would be changed$`, 'm'));
    expect(stdout).toMatch(new RegExp(`^summary +${count(['no usage', 'from before numbers'])}$`, 'm'));
    expect(stdout).toMatch(new RegExp(`^started_at +${count(['moved'])}$`, 'm'));
    expect(stdout).toMatch(new RegExp(`^acme.instrumentation +1.2 +${COUNT} +${CHANGED} +0 +0$`, 'm'));
    expect(stdout).toMatch(
      /^chat 0 \(acme.instrumentation 1.2\): call 0{15}1, trace 0{31}1\n {2}summary\n {4}- .*\n {4}\+ .*gpt-4o/m,
    );
    expect(output).not.toContain('failed');
    expect(await callsOf(PROJECT)).toEqual(before);
  });

  it('goes on where it was cut short', async () => {
    const res = await post('/weft/v1/remap', { project_id: PROJECT, from: FROM });
    const reader = res.body!.getReader();
    let text = '';
    while (!text.includes('\n')) text += Buffer.from((await reader.read()).value!).toString();
    await reader.cancel();
    const [first] = parsed(text.slice(0, text.indexOf('\n')));
    expect(first).toMatchObject({ kind: 'progress', scanned: 500, cursor: expect.any(String) });
    const rest = await remap(PROJECT, '--after', first!.cursor!, '--json');
    expect(rest.code).toBe(0);
    expect(parsed(rest.stdout).at(-1)).toMatchObject({
      kind: 'done',
      // What has moved lies before the cursor now.
      scanned: COUNT - 500,
      changed: CHANGED - first!.changed!,
      failed: 0,
      not_applied: 0,
    });
  });

  it('has made of the stored spans what they would be made now', async () => {
    const [now, fresh] = [await callsOf(PROJECT), await callsOf(FRESH)];
    const comparable = (calls: readonly Call[]) => calls.map(({ wb_user_id: _, ...call }) => call);
    expect(comparable(now)).toEqual(comparable(fresh));
    expect(now).not.toEqual(before);
    expect(new Set(now.map((call) => call.wb_user_id))).toEqual(new Set(['ada']));
    const res = await post('/calls/query_stats', { project_id: PROJECT, filter: {} });
    expect(await res.json()).toMatchObject({ count: COUNT });
  });

  it('has nothing left to do, and leaves renames and deletes alone', async () => {
    const [moved, gone] = [2, 6].map((n) => hex(n + 1, 16));
    await post('/call/update', { project_id: PROJECT, call_id: moved, display_name: 'renamed' });
    await post('/calls/delete', { project_id: PROJECT, call_ids: [gone] });
    const stored = await callsOf(PROJECT);
    const { code, stdout } = await remap(PROJECT, '--json');
    expect(code).toBe(0);
    expect(parsed(stdout).at(-1)).toMatchObject({ scanned: COUNT - 1, changed: 0, unchanged: COUNT - 1 });
    expect(await callsOf(PROJECT)).toEqual(stored);
    expect(stored.find(({ id }) => id === moved)).toMatchObject({ display_name: 'renamed' });
  });

  it('says what it cannot apply or read, and keeps the time of spans that have none', async () => {
    const stored = await callsOf(SMALL);
    const { code, stdout, output } = await remap(SMALL);
    expect(code).toBe(1);
    expect(stdout).toMatch(/^ +1 {2}changed, and stored$/m);
    expect(stdout).toMatch(/^ +2 {2}not applied$/m);
    expect(stdout).toMatch(/^ +1 {2}of these: .*MAPPING_VERSION has to be raised$/m);
    expect(stdout).toMatch(/^ +1 {2}of these: stored by a newer mapping/m);
    expect(stdout).toMatch(/^ +1 {2}cannot be read: left as they are$/m);
    expect(output).toMatch(/^failed: 0{15}4 of trace 0{31}2: inputs or output are not those/m);
    const [, , ...others] = stored;
    const now = await callsOf(SMALL);
    expect(now).toHaveLength(stored.length);
    const changed = now.filter((call, i) => JSON.stringify(call) !== JSON.stringify(stored[i]));
    expect(others.length).toBeGreaterThan(0);
    expect(changed.map(({ id, started_at }) => [id, started_at])).toEqual([
      [hex(3, 16), formatInstant(T0 + 5)],
    ]);
    expect(changed[0]!.summary).toHaveProperty('usage');
  });
});
