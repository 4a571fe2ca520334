import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { openEmbeddedEventLog, type Rejected } from '@weft/event-log';
import { createKey } from '@weft/http';
import { createLogger } from '@weft/runtime';
import { eventually } from '@weft/testkit';
import { batch, newCallId, newIds, startItem, started } from './calls.ts';
import { cleanUp, newDirectory, runBundle, startServer, type ServerProcess } from './server-process.ts';

/** `weft dlq` against a server, both as their users run them: bundles in processes of their own. */

type Event = Rejected['event'];

const PROJECT = 'team/app';
/** One more than a request takes. */
const COUNT = 1_001;
let server: ServerProcess;
let dataDir: string;
let keysFile: string;
const keys = new Map<string, string>();

function event(id: string, over: Partial<Event> = {}): Event {
  const payload = Buffer.from(started(PROJECT, id, { inputs: `{"n":1.0,"id":"${id}"}` }));
  return {
    kind: 'call.started',
    projectId: PROJECT,
    id,
    userId: 'ada',
    receivedAtUs: 1,
    note: '',
    payload,
    ...over,
  };
}

/** What another version of the server has left behind. */
async function bury(): Promise<void> {
  const logger = createLogger({ name: 'test', level: 'silent' });
  const groups = { 'trace-events': ['writer'] };
  const log = await openEmbeddedEventLog({ dir: join(dataDir, 'log'), groups, logger });
  await log.deadLetter('trace-events', 'writer', letters);
  await log.close();
}

const env = (as: string) => ({ WEFT_URL: server.url, WEFT_API_KEY: keys.get(as) ?? '' });
const weft = (as: string, ...args: string[]) => runBundle('cli', args, env(as));
const dlq = (...args: string[]) => weft('admin', 'dlq', ...args);

async function createKeys(): Promise<void> {
  for (const [name, role, projects] of [
    ['admin', 'admin', '*'],
    ['reader', 'read', '*'],
    ['stranger', 'admin', 'other/*'],
  ] as const) {
    const { key } = await createKey(keysFile, { user: name, role, projects: [projects] });
    keys.set(name, key);
  }
}

async function storedCalls(): Promise<string[]> {
  const res = await fetch(`${server.url}/calls/stream_query`, {
    method: 'POST',
    headers: { authorization: `Bearer ${keys.get('admin')}` },
    body: JSON.stringify({ project_id: PROJECT, limit: 10_000, columns: ['id', 'inputs'] }),
  });
  const text = await res.text();
  return text
    .split('\n')
    .filter((line) => line !== '')
    .sort();
}

const good = newIds(COUNT);
const killed = newIds(1_000);
const ROUNDS = ['round one', 'round two', 'round three'];
const letters: readonly Rejected[] = [
  ...ROUNDS.flatMap((reason) => good.map((id) => ({ event: event(id), reason }))),
  ...killed.map((id) => ({ event: event(id), reason: 'killed' })),
  { event: event('by-id'), reason: 'by id' },
  { event: event('bad', { payload: Buffer.from('{}') }), reason: 'round one: op_name is required' },
  {
    event: event('evil\u001b[2J', { projectId: 'other/one', kind: 'call.ended' }),
    reason: 'row_too_large: \u001b[31m',
  },
];

beforeAll(async () => {
  dataDir = await newDirectory();
  keysFile = join(dataDir, 'keys.json');
  await Promise.all([bury(), createKeys()]);
  server = await startServer(dataDir, { env: { WEFT_KEYS_FILE: keysFile } });
});
afterAll(() => cleanUp());

describe('weft dlq', () => {
  it('lists, and says when there are more', async () => {
    const all = await dlq('list', '--limit', '10000', '--json');
    expect(all.stdout.trim().split('\n')).toHaveLength(letters.length);
    const { stdout, output } = await dlq('list', '--limit', '2');
    expect(stdout).toMatch(
      /^ID +REJECTED +GROUP +KIND +PROJECT +EVENT +BYTES +REASON\n\S+ +\S+ +writer +call.started/,
    );
    expect(output).toContain('there are more');
    expect((await dlq('list', '--reason', 'nothing like this')).output).toBe('no open dead letters match\n');
    expect(
      (await dlq('list', '--since', '1h', '--kind', 'call.ended', '--json')).stdout.trim().split('\n'),
    ).toHaveLength(1);
  });

  it('shows nothing that a terminal would obey', async () => {
    const { stdout } = await dlq('list', '--project', 'other/one');
    expect(stdout).toContain('evil\ufffd[2J');
    const id = /^(\d+-\d+)/m.exec(stdout)![1]!;
    const shown = await dlq('show', id);
    expect(shown.stdout).toMatch(/^event_id +evil\ufffd\[2J$/m);
    expect(shown.stdout + stdout).not.toContain('\u001b');
    expect(shown.stdout).toContain('"inputs":{"n":1.0');
    expect(await dlq('show', 'none')).toMatchObject({
      code: 1,
      output: expect.stringContaining('it was settled'),
    });
  });

  it('is refused without a key of the right role and project', async () => {
    expect(await weft('reader', 'dlq', 'list')).toMatchObject({
      code: 1,
      output: expect.stringContaining('says 403'),
    });
    expect(await weft('reader', 'dlq', 'drop', '--all')).toMatchObject({ code: 1 });
    expect(await weft('nobody', 'dlq', 'list')).toMatchObject({
      code: 1,
      output: expect.stringContaining('WEFT_API_KEY'),
    });
    expect((await weft('stranger', 'dlq', 'list', '--json')).stdout.trim().split('\n')).toHaveLength(1);
    expect((await weft('stranger', 'dlq', 'replay', '--project', PROJECT)).output).toBe(
      'no open dead letters match\n',
    );
  });

  it('does nothing on a dry run', async () => {
    const { code, stdout } = await dlq('replay', '--reason', 'round one', '--dry-run');
    expect(code).toBe(0);
    expect(stdout).toMatch(/ 1001 {2}would be stored\n +1 {2}would be refused again\nwhy:\n +1 {2}.*op_name/);
    expect((await dlq('drop', '--all', '--dry-run')).stdout).toContain(`${letters.length}  would be dropped`);
    expect(await storedCalls()).toEqual([]);
  });

  it('replays in chunks, three times, and makes each row once', async () => {
    const first = await dlq('replay', '--reason', 'round one');
    expect(first.code).toBe(1);
    expect(first.output).toContain('replay: 1000 of 1002\n');
    expect(first.stdout).toMatch(
      / 1001 {2}stored and off the list\n +1 {2}refused again: still on the list\n/,
    );
    const rows = await storedCalls();
    expect(rows).toHaveLength(COUNT);
    for (const round of ROUNDS.slice(1)) {
      const { code, stdout } = await dlq('replay', '--reason', round, '--json');
      const { letters } = JSON.parse(stdout) as { letters: { state: string }[] };
      expect([code, letters.filter(({ state }) => state === 'stored').length]).toEqual([0, COUNT]);
    }
    expect(await storedCalls()).toEqual(rows);
    expect((await dlq('list', '--reason', 'round', '--json')).stdout.trim().split('\n')).toHaveLength(1);
  });

  it('replays by id at a rate, and knows what is settled', async () => {
    const [letter] = (await dlq('list', '--reason', 'by id', '--json')).stdout.trim().split('\n');
    const { id } = JSON.parse(letter!) as { id: string };
    expect(await dlq('replay', id, '--rate', '50')).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('1  stored'),
    });
    expect(await dlq('replay', '--id', id)).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('not on the list'),
    });
  });

  it('survives a kill in the middle of a replay', async () => {
    const replay = dlq('replay', '--reason', 'killed', '--rate', '250');
    await eventually(async () => ((await storedCalls()).length > COUNT + 1 ? true : undefined));
    server.kill('SIGKILL');
    await server.ended;
    expect(await replay).toMatchObject({ code: 1, output: expect.stringContaining('cannot reach Weft') });
    server = await startServer(dataDir, { env: { WEFT_KEYS_FILE: keysFile } });
    expect((await dlq('list', '--reason', 'killed', '--limit', '5000', '--json')).stdout).not.toBe('');
    expect((await dlq('replay', '--reason', 'killed')).code).toBe(0);
    expect((await dlq('list', '--reason', 'killed')).output).toBe('no open dead letters match\n');
    expect(await storedCalls()).toHaveLength(COUNT + 1 + killed.length);
  });

  it('keeps what the gateway refused for a look, and drops it', async () => {
    const headers = { authorization: `Bearer ${keys.get('admin')}` };
    const items = [startItem(started(PROJECT, newCallId())), startItem('{"project_id":"team/app"}')];
    const res = await fetch(`${server.url}/call/upsert_batch`, {
      method: 'POST',
      headers,
      body: batch(...items),
    });
    expect(res.status).toBe(200);
    expect(await dlq('replay', '--group', 'gateway')).toMatchObject({
      code: 1,
      stdout: expect.stringContaining('send it again'),
    });
    expect((await dlq('drop', '--group', 'gateway')).stdout).toBe('      1  dropped\n');
    expect((await dlq('drop', '--all')).stdout).toBe('      2  dropped\n');
    expect((await dlq('list')).output).toBe('no open dead letters match\n');
  });

  it('is told by the doctor how the server is', async () => {
    const doctor = () =>
      runBundle('cli', ['doctor', '--data-dir', dataDir], { WEFT_URL: server.url, WEFT_KEYS_FILE: keysFile });
    const running = await doctor();
    expect([running.code, running.stdout]).toEqual([
      0,
      expect.stringContaining(`process ${server.pid} runs on this directory; ready at ${server.url}`),
    ]);
    expect(running.stdout).toContain(`ok       API keys: 3 in ${keysFile}`);
    server.kill('SIGKILL');
    await server.ended;
    expect((await doctor()).stdout).toContain(
      'ok       server: none runs; the lock that the last one left is taken over',
    );
  });

  it('says where it looked', async () => {
    expect(await runBundle('cli', ['dlq', 'list', '--url', 'http://127.0.0.1:2'])).toMatchObject({
      code: 1,
      output:
        'weft: cannot reach Weft at http://127.0.0.1:2 (ECONNREFUSED). Start it, or say where it is with --url or WEFT_URL\n',
    });
  });
});
