/**
 * `pnpm --filter @weft/bench tables [--rows 1000000] [--row-bytes 200]`: a table of many rows over HTTP, as the Python SDK
 * makes and reads it: rows in requests of 10 MB, then the order in one, pages of 100 rows anywhere, all rows as one stream,
 * a sorted page, an edit. Server and client are processes of their own; the server's memory is what the system says of it.
 */
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { startAllInOne } from '../services/all-in-one/src/start.ts';

const { values } = parseArgs({
  options: {
    rows: { type: 'string', default: '1000000' },
    'row-bytes': { type: 'string', default: '200' },
    serve: { type: 'string' },
  },
});

if (values.serve !== undefined) {
  const server = await startAllInOne({
    dataDir: values.serve,
    env: { QUERY_FRESHNESS_MAX_WAIT_MS: '60000' },
  });
  console.log(server.url);
} else await bench(Number(values.rows), Number(values['row-bytes']));

async function bench(rowCount: number, rowBytes: number): Promise<void> {
  const dataDir = await mkdtemp(join(tmpdir(), 'weft-tables-'));
  const child = spawn(process.execPath, [...process.execArgv, process.argv[1]!, '--serve', dataDir], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  try {
    const url = await new Promise<string>((resolve) =>
      child.stdout.on(
        'data',
        (text: Buffer) => /^http\S+/m.test(String(text)) && resolve(/^http\S+/m.exec(String(text))![0]),
      ),
    );
    await measure(url, child.pid!, rowCount, rowBytes);
  } finally {
    child.kill('SIGTERM');
    await new Promise((resolve) => child.on('exit', resolve));
    await rm(dataDir, { recursive: true, force: true });
  }
}

/** Of the server and of the ClickHouse that it has started: MiB now (most so far). Linux only. */
function memory(pid: number): string {
  const [engine] = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ');
  const of = (id: number | string) => {
    const status = readFileSync(`/proc/${id}/status`, 'utf8');
    const mib = (name: string) =>
      Math.round(Number(new RegExp(`${name}:\\s+(\\d+)`).exec(status)?.[1]) / 1024);
    return `${mib('VmRSS')} (${mib('VmHWM')})`;
  };
  return `server ${of(pid)}${engine ? `, engine ${of(engine)}` : ''} MiB`;
}

async function measure(url: string, pid: number, rowCount: number, rowBytes: number): Promise<void> {
  const project = 'bench/tables';
  const headers = {
    authorization: `Basic ${Buffer.from(`api:${'local-'.padEnd(46, '0')}`).toString('base64')}`,
  };
  const post = async (path: string, body: string): Promise<Response> => {
    const res = await fetch(url + path, { method: 'POST', headers, body });
    if (res.status !== 200) throw new Error(`${path}: ${res.status} ${(await res.text()).slice(0, 300)}`);
    return res;
  };
  const cpu = () => {
    const [engine] = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ');
    return [pid, engine].map((id) => {
      if (!id) return 0;
      const stat = readFileSync(`/proc/${id}/stat`, 'utf8').split(') ')[1]!.split(' ');
      return (Number(stat[11]) + Number(stat[12])) * 10;
    });
  };
  const timed = async <T>(what: string, work: () => Promise<T>): Promise<T> => {
    const started = performance.now();
    const before = cpu();
    const result = await work();
    const used = cpu().map((ms, i) => ms - before[i]!);
    console.log(
      `${what}: CPU server ${used[0]} ms, engine ${used[1]} ms; ${Math.round(performance.now() - started)} ms; ${memory(pid)}`,
    );
    return result;
  };
  const row = (i: number) =>
    `{"n":${i},"text":"${Buffer.from(`${i}`.repeat(9))
      .toString('base64')
      .repeat(Math.ceil(rowBytes / 60))
      .slice(0, rowBytes)}"}`;

  const digests: string[] = [];
  await timed(`create ${rowCount} rows`, async () => {
    const perRequest = Math.floor((10 * 1024 * 1024) / (rowBytes + 25));
    for (let from = 0; from < rowCount; from += perRequest) {
      const rows = Array.from({ length: Math.min(perRequest, rowCount - from) }, (_, i) => row(from + i));
      const res = await post(
        '/table/create',
        `{"table":{"project_id":"${project}","rows":[${rows.join(',')}]}}`,
      );
      for (const digest of ((await res.json()) as { row_digests: string[] }).row_digests)
        digests.push(digest);
    }
  });
  const body = JSON.stringify({ project_id: project, row_digests: digests });
  const { digest } = await timed(
    `order of them, ${Math.round(body.length / 1e6)} MB`,
    async () => (await (await post('/table/create_from_digests', body)).json()) as { digest: string },
  );
  const query = (more: object) => JSON.stringify({ project_id: project, digest, ...more });
  await timed('first read, once all is stored', () =>
    post('/table/query_stats', query({})).then((res) => res.text()),
  );
  const pageTimes: number[] = [];
  await timed('30 pages of 100 rows anywhere', async () => {
    for (let i = 0; i < 30; i++) {
      const started = performance.now();
      await (
        await post('/table/query', query({ limit: 100, offset: Math.floor((rowCount / 30) * i) }))
      ).text();
      pageTimes.push(performance.now() - started);
    }
  });
  pageTimes.sort((x, y) => x - y);
  console.log(`  median ${Math.round(pageTimes[15]!)} ms, worst ${Math.round(pageTimes[29]!)} ms`);
  for (const path of ['/table/query', '/table/query_stream'])
    await timed(`${path}, all rows`, async () => {
      let bytes = 0;
      for await (const chunk of (await post(path, query({}))).body!) bytes += chunk.length;
      console.log(`  ${Math.round(bytes / 1e6)} MB`);
    });
  await timed('sorted, first 100', () =>
    post('/table/query', query({ limit: 100, sort_by: [{ field: 'n', direction: 'desc' }] })).then((res) =>
      res.text(),
    ),
  );
  await timed('filtered by digest', () =>
    post('/table/query', query({ filter: { row_digests: [digests[5]!] } })).then((res) => res.text()),
  );
  await timed('storage size', () =>
    post(
      '/table/query_stats_batch',
      JSON.stringify({ project_id: project, digests: [digest], include_storage_size: true }),
    ).then((res) => res.text()),
  );
  const edit = JSON.stringify({
    project_id: project,
    base_digest: digest,
    updates: [
      { append: { row: { n: -1 } } },
      { pop: { index: 3 } },
      { insert: { index: rowCount >> 1, row: { n: -2 } } },
    ],
  });
  await timed('edit', () => post('/table/update', edit).then((res) => res.text()));
}
