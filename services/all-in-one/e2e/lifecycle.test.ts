import { Agent, request } from 'node:http';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { childrenOf, cpuMs, eventually, pssMib } from '@weft/testkit';
import { batch, completed, newIds } from './calls.ts';
import { cleanUp, newDirectory, runBundle, startServer, type ServerProcess } from './server-process.ts';

/** Starting, stopping and dying, as an operator does it: the bundle in a process of its own, one data directory. */

afterAll(cleanUp);

const PROJECT = 'life/cycle';
/** Every call that was answered 2xx in this file. */
const acknowledged = new Set<string>();

interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: string;
}

async function post(server: ServerProcess, path: string, body: object | string): Promise<Answer> {
  const res = await fetch(server.url + path, { method: 'POST', body: typeof body === 'string' ? body : JSON.stringify(body) });
  return { status: res.status, headers: res.headers, body: await res.text() };
} // prettier-ignore

async function write(server: ServerProcess, ids: readonly string[]): Promise<void> {
  const { status } = await post(server, `/v2/${PROJECT}/calls/complete`, batch(...ids.map((id) => completed(PROJECT, id)))); // prettier-ignore
  expect(status).toBe(200);
  for (const id of ids) acknowledged.add(id);
}

async function expectEverything(
  server: ServerProcess,
  mayBeThere: ReadonlySet<string> = new Set(),
): Promise<void> {
  const { status, headers, body } = await post(server, '/calls/stream_query', {
    project_id: PROJECT,
    columns: ['id'],
  });
  expect([status, headers.get('x-weft-freshness')]).toEqual([200, null]);
  const ids = body.split('\n').map((line) => (JSON.parse(line) as { id: string }).id);
  const seen = new Set(ids);
  expect([...acknowledged].filter((id) => !seen.has(id))).toEqual([]);
  expect(ids).toHaveLength(seen.size);
  expect(ids.filter((id) => !acknowledged.has(id) && !mayBeThere.has(id))).toEqual([]);
  const stats = await post(server, '/calls/query_stats', { project_id: PROJECT });
  expect(JSON.parse(stats.body)).toMatchObject({ count: ids.length });
}

const readiness = async (server: ServerProcess) => (await fetch(`${server.url}/readyz`)).status;

describe('one data directory, through its life', () => {
  let dataDir: string;
  let server: ServerProcess;
  beforeAll(async () => {
    dataDir = join(await newDirectory(), 'data');
    server = await startServer(dataDir);
  });

  it('costs little while nobody uses it', async () => {
    await write(server, newIds(10));
    await expectEverything(server);
    const pids = [server.pid, ...childrenOf(server.pid)];
    expect(pids).toHaveLength(2);
    const before = pids.map(cpuMs);
    const seconds = 3;
    await delay(seconds * 1000); // what is measured, not waited for
    const cpu = pids.map((pid, i) => ((cpuMs(pid) - before[i]!) / seconds / 10).toFixed(2));
    const pss = pids.map((pid) => Math.round(pssMib(pid)));
    process.stderr.write(
      `idle: server ${cpu[0]} % of a core, ${pss[0]} MiB; engine ${cpu[1]} %, ${pss[1]} MiB (PSS)\n`,
    );
  });

  it('has one owner: a second server leaves at once and says why', async () => {
    const from = performance.now();
    const { code, output } = await runBundle('all-in-one', ['--port', '0', '--data-dir', dataDir]);
    process.stderr.write(`second start refused after ${Math.round(performance.now() - from)} ms\n`);
    expect(code).toBe(1);
    expect(output).toContain(`${dataDir}`);
    expect(output).toMatch(new RegExp(`in use by .*${server.pid}`));
    expect(output).not.toContain('Weft is ready');
    await write(server, newIds(1));
    await expectEverything(server);
  });

  it('SIGTERM under load: says so, finishes what it has accepted, loses nothing', async () => {
    const load = startLoad(server, 8);
    await eventually(() => (load.answered() >= 100 ? true : undefined));
    load.signalled();
    server.kill('SIGTERM');
    // Readiness goes off while requests are still answered, so that a load balancer can turn away.
    await eventually(async () => ((await readiness(server)) === 503 ? true : undefined));
    const answeredThen = load.answered();
    await eventually(() => (load.answered() > answeredThen ? true : undefined));
    expect(await server.ended).toEqual({ code: 0, signal: null });
    await load.end();
    const { answered, unexpected, afterSignal } = load.result();
    process.stderr.write(`SIGTERM under load: ${answered} requests answered; errors after the signal: ${JSON.stringify(Object.fromEntries(afterSignal))}\n`); // prettier-ignore
    expect(unexpected).toEqual([]);
    server = await startServer(dataDir);
    await expectEverything(server, load.sent);
  });

  it('kill -9 of the engine: writes go on, reads wait or say so, then all is back by itself', async () => {
    await write(server, newIds(5));
    const [engine] = childrenOf(server.pid);
    process.kill(engine!, 'SIGKILL');
    // A read that does not want to wait for the writer meets the engine's absence itself.
    const read = await fetch(`${server.url}/calls/query_stats`, {
      method: 'POST',
      body: JSON.stringify({ project_id: PROJECT }),
      headers: { 'x-weft-freshness': 'any' },
    });
    expect([read.status, await read.json()]).toEqual([
      503,
      {
        reason: expect.stringContaining('not available'),
        request_id: read.headers.get('x-request-id'),
      },
    ]);
    expect(Number(read.headers.get('retry-after'))).toBeGreaterThan(0);
    const reads = new Set<string>();
    for (let i = 0; i < 10; i++) await write(server, newIds(3));
    await eventually(async () => {
      const { status, headers } = await post(server, '/calls/query_stats', { project_id: PROJECT });
      const kind =
        status === 200 ? (headers.get('x-weft-freshness')?.split(';')[0] ?? 'fresh') : String(status);
      reads.add(kind);
      await write(server, newIds(1));
      return kind === 'fresh' && (await readiness(server)) === 200 ? true : undefined;
    });
    process.stderr.write(`reads while the engine was away: ${[...reads].join(', ')}\n`);
    expect([...reads].filter((kind) => !['fresh', 'stale', '503'].includes(kind))).toEqual([]);
    expect(childrenOf(server.pid)).not.toContain(engine);
    await expectEverything(server);
  });

  it('kill -9 of the server: everything that was acknowledged is there after the next start', async () => {
    const load = startLoad(server, 8);
    await eventually(() => (load.answered() >= 50 ? true : undefined));
    server.kill('SIGKILL');
    expect(await server.ended).toEqual({ code: null, signal: 'SIGKILL' });
    await load.end();
    server = await startServer(dataDir);
    await expectEverything(server, load.sent);
    server.kill('SIGINT');
    expect(await server.ended).toEqual({ code: 0, signal: null });
  });
});

describe('a start that cannot be', () => {
  it.each<[string, string[], Record<string, string>, number, RegExp]>([
    ['an option that nobody knows', ['--prot', '1'], {}, 2, /Unknown option '--prot'/],
    ['a port that is none', ['--port', '70000'], {}, 2, /--port: expected a number from 0 to 65535/],
    ['a setting that is none', [], { WRITER_BATCH_MAX_EVENTS: 'many', QUERY_FRESHNESS_MAX_WAIT_MS: '-1' }, 1, /WRITER_BATCH_MAX_EVENTS: must be an integer from 1 to 50000\n.*QUERY_FRESHNESS_MAX_WAIT_MS/],
    ['a data directory that cannot be made', ['--data-dir', '/dev/null/weft'], {}, 1, /\/dev\/null\/weft/],
    ['a ClickHouse that is not there', [], { WF_CLICKHOUSE_HOST: '127.0.0.1', WF_CLICKHOUSE_PORT: '9', WF_CLICKHOUSE_PASS: 'hunter2', WEFT_START_TIMEOUT_MS: '500' }, 1, /ClickHouse \(WF_CLICKHOUSE_HOST\) could not be used within 500 ms .*: the store is not available/s],
  ])('says what is wrong: %s', async (_, args, env, code, message) => {
    const dataDir = join(await newDirectory(), 'data');
    const ended = await runBundle('all-in-one', ['--port', '0', '--data-dir', dataDir, ...args], env);
    expect(ended.output).toMatch(message);
    expect(ended.output).not.toContain('hunter2');
    expect(ended.code).toBe(code);
  }); // prettier-ignore

  it('is not one when only help is wanted', async () => {
    expect(await runBundle('all-in-one', ['--help'])).toMatchObject({ code: 0, stdout: expect.stringContaining('--data-dir') }); // prettier-ignore
  });
});

interface Load {
  answered(): number;
  /** Errors from now on are counted apart. */
  signalled(): void;
  /** Resolves when every client has met a server that is gone. */
  end(): Promise<void>;
  readonly sent: ReadonlySet<string>;
  result(): { answered: number; unexpected: string[]; afterSignal: ReadonlyMap<string, number> };
}

/** Clients with one kept connection each, that send until there is nobody to connect to. */
function startLoad(server: ServerProcess, clients: number): Load {
  const sent = new Set<string>();
  const unexpected: string[] = [];
  const afterSignal = new Map<string, number>();
  let [answered, isSignalled] = [0, false];

  async function client(): Promise<void> {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    for (let refused = 0; refused < 3;) {
      const ids = newIds(3);
      for (const id of ids) sent.add(id);
      const outcome = await send(agent, `${server.url}/v2/${PROJECT}/calls/complete`, batch(...ids.map((id) => completed(PROJECT, id)))); // prettier-ignore
      if (outcome.status === 200) {
        answered++;
        for (const id of ids) acknowledged.add(id);
        continue;
      }
      refused++;
      const { what, reused } = outcome;
      afterSignal.set(what, (afterSignal.get(what) ?? 0) + 1);
      // A kept connection that breaks costs an accepted request; a new one that nobody takes costs nothing.
      if (!isSignalled || reused || outcome.status !== undefined) unexpected.push(`${what}${reused ? ' on a kept connection' : ''}`); // prettier-ignore
    }
    agent.destroy();
  }
  const all = Promise.all(Array.from({ length: clients }, client));
  return {
    answered: () => answered,
    signalled: () => void (isSignalled = true),
    end: async () => void (await all),
    sent,
    result: () => ({ answered, unexpected, afterSignal }),
  };
}

interface Outcome {
  readonly status?: number;
  readonly what: string;
  readonly reused: boolean;
}

function send(agent: Agent, url: string, body: string): Promise<Outcome> {
  return new Promise((resolve) => {
    const req = request(url, {
      method: 'POST',
      agent,
      headers: { 'content-length': Buffer.byteLength(body) },
    });
    const failed = (error: NodeJS.ErrnoException) =>
      resolve({ what: error.code ?? error.message, reused: req.reusedSocket });
    req.on('error', failed);
    req.on('response', (res) => {
      res.on('error', failed).resume();
      res.on('end', () =>
        resolve({ status: res.statusCode!, what: String(res.statusCode), reused: req.reusedSocket }),
      );
    });
    req.end(body);
  });
}
