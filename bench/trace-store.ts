import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { newId, type CallPart } from '@weft/model';
import {
  migrate,
  openTraceReader,
  openTraceWriter,
  partVersion,
  type CallsQuery,
  type TraceReader,
  emptyBatch,
} from '@weft/trace-store';

/**
 * What a span costs in the store, and what reading it back costs, in CPU of both processes:
 *
 *     tsx bench/trace-store.ts --url http://127.0.0.1:8123 --pid <server pid> --rows 100000
 *
 * The server must be a scratch one: the database `bench` in it is dropped. `--parts` writes starts and ends in separate
 * batches instead of complete calls. Wall times on a busy machine say little; CPU times say more.
 */
const { values: args } = parseArgs({
  options: {
    url: { type: 'string', default: 'http://127.0.0.1:8123' },
    pid: { type: 'string' },
    rows: { type: 'string', default: '100000' },
    batch: { type: 'string', default: '2000' },
    reps: { type: 'string', default: '20' },
    keep: { type: 'boolean', default: false },
    parts: { type: 'boolean', default: false },
  },
});
if (args.pid === undefined) throw new Error('--pid is required');

const rows = Number(args.rows);
const batchRows = Number(args.batch);
const reps = Number(args.reps);
const PROJECT = 'bench/calls';
const TRACE_CALLS = 8;
const store = { url: args.url, username: 'default', password: '', database: 'bench' };

let seed = 42;
function random(): number {
  seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
  return seed / 2 ** 32;
}
const LETTERS = 'etaoinshrdlucmfwypvbgk';
const WORDS = Array.from({ length: 8000 }, () =>
  Array.from(
    { length: 2 + Math.floor(random() * 9) },
    () => LETTERS[Math.floor(random() ** 1.7 * LETTERS.length)],
  ).join(''),
);

/** Words with the skew of a natural language: it compresses about as LLM text does. */
function prose(sizeBytes: number): string {
  let text = '';
  while (text.length < sizeBytes) {
    text += `${WORDS[Math.floor(random() ** 3 * WORDS.length)]}${random() < 0.08 ? '. ' : ' '}`;
  }
  return text;
}

const MODELS = ['gpt-4o-2024-11-20', 'claude-sonnet-4-5', 'gemini-2.5-pro', 'gpt-4o-mini'];
let clockUs = Date.UTC(2026, 5, 1) * 1000;
let trace = { id: '', root: '', calls: 0 };

function span(): CallPart {
  clockUs += 1000 + Math.floor(random() * 20_000);
  const id = newId(Math.floor(clockUs / 1000));
  if (trace.calls === 0) trace = { id: newId(Math.floor(clockUs / 1000)), root: id, calls: TRACE_CALLS };
  trace.calls--;
  const model = MODELS[Math.floor(random() * MODELS.length)]!;
  const prompt = 200 + Math.floor(random() * 900);
  const json = (value: unknown) => Buffer.from(JSON.stringify(value));
  const inputs = json({ model, temperature: 0.7, messages: [{ role: 'user', content: prose(prompt) }] });
  const output = json({
    id: `chatcmpl-${id}`,
    model,
    choices: [{ message: { role: 'assistant', content: prose(150 + random() * 700) } }],
  });
  const summary = json({
    usage: { [model]: { requests: 1, prompt_tokens: prompt >> 2, completion_tokens: 99 } },
    status_counts: { success: 1, error: 0 },
  });
  const endedAtUs = clockUs + 500_000 + Math.floor(random() * 3_000_000);
  return {
    projectId: PROJECT,
    id,
    start: {
      version: partVersion(clockUs, true, id, inputs),
      startedAtUs: clockUs,
      traceId: trace.id,
      parentId: trace.root === id ? null : trace.root,
      threadId: null,
      turnId: null,
      opName: `weave:///bench/calls/op/step-${Math.floor(random() ** 3 * 40)}:Kx0aVt7nQh2ZpLw9cJd3RfYb6GmUe1sIoA8NkTq5XrB`,
      displayName: null,
      attributes: json({
        weave: { client_version: '0.52.1', source: 'python-sdk', os_name: 'Linux', sys_version: '3.12.3' },
      }),
      inputs,
      otelDump: null,
      userId: 'user-1',
      runId: null,
      runStep: null,
      inputRefs: [],
    },
    end: {
      version: partVersion(endedAtUs, true, id, output),
      endedAtUs,
      exception: random() < 0.02 ? 'RateLimitError: 429' : null,
      output,
      summary,
      runStepEnd: null,
      outputRefs: [],
    },
  };
}

function payloadBytes(part: CallPart): number {
  return (
    part.start!.attributes.length +
    part.start!.inputs.length +
    part.end!.output.length +
    part.end!.summary.length
  );
}

/** CPU seconds of the server so far, all its threads. */
function serverCpu(): number {
  const stat = readFileSync(`/proc/${args.pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

function ownCpu(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}

async function sql(text: string): Promise<string> {
  const response = await fetch(`${args.url}/?database=bench`, { method: 'POST', body: text });
  const answer = await response.text();
  if (!response.ok) throw new Error(answer);
  return answer.trim();
}

async function load(): Promise<void> {
  const writer = openTraceWriter(store);
  const server0 = serverCpu();
  const wall0 = Date.now();
  let own = 0;
  let bytes = 0;
  const write = async (calls: CallPart[]): Promise<void> => {
    const before = ownCpu();
    const rejected = await writer.write({ ...emptyBatch(), calls });
    own += ownCpu() - before;
    if (rejected.length > 0) throw new Error(JSON.stringify(rejected[0]));
  };
  let open: CallPart[] = [];
  for (let done = 0; done < rows; done += batchRows) {
    const calls = Array.from({ length: Math.min(batchRows, rows - done) }, span);
    for (const call of calls) bytes += payloadBytes(call);
    if (args.parts) {
      const starts = calls.map(({ projectId, id, start }) => ({ projectId, id, start }));
      await write([...open, ...starts]);
      open = calls.map(({ projectId, id, end }) => ({ projectId, id, end }));
    } else await write(calls);
  }
  if (open.length > 0) await write(open);
  const inserted = serverCpu() - server0;
  while ((await sql("SELECT count() FROM system.merges WHERE database = 'bench'")) !== '0') {
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  const merged = serverCpu() - server0;
  await writer.close();
  const us = (seconds: number) => ((seconds * 1e6) / rows).toFixed(1);
  console.log(
    `${rows} rows in batches of ${batchRows}, ${(bytes / rows).toFixed(0)} payload bytes per row, ${((Date.now() - wall0) / 1000).toFixed(1)} s`,
  );
  console.log(`CPU us/row: node ${us(own)}, server ${us(inserted)} (with all merges ${us(merged)})`);
}

async function sizes(): Promise<void> {
  console.log(
    await sql(`SELECT concat(table, ': rows ', toString(sum(rows)), ', parts ', toString(count()), ', bytes/row ', toString(round(sum(bytes_on_disk) / sum(rows))),
      ', skip indexes ', toString(round(sum(secondary_indices_compressed_bytes) / sum(rows))))
      FROM system.parts WHERE database = 'bench' AND active AND table IN ('calls', 'calls_superseded') GROUP BY table ORDER BY table`),
  );
}

async function measure(name: string, work: () => Promise<unknown>): Promise<void> {
  await work();
  await work();
  const [server0, own0, wall0] = [serverCpu(), ownCpu(), performance.now()];
  for (let i = 0; i < reps; i++) await work();
  const ms = (seconds: number) => ((seconds * 1000) / reps).toFixed(1);
  console.log(
    `${name}: CPU ms ${ms(serverCpu() - server0 + ownCpu() - own0)} (server ${ms(serverCpu() - server0)}), wall ${((performance.now() - wall0) / reps).toFixed(1)}`,
  );
}

async function drain(reader: TraceReader, query: Partial<CallsQuery>): Promise<number> {
  let count = 0;
  const all: CallsQuery = {
    projectId: PROJECT,
    filter: {},
    sort: [],
    payloads: ['attributes', 'inputs', 'output', 'summary'],
    ...query,
  };
  for await (const page of reader.streamCalls(all)) count += page.length;
  return count;
}

async function reads(): Promise<void> {
  const reader = openTraceReader(store);
  const newest = [{ field: 'started_at', direction: 'desc' }] as const;
  const [id, traceId] = (await sql('SELECT id, trace_id FROM calls ORDER BY cityHash64(id) LIMIT 1')).split(
    '\t',
  );
  await measure('newest 100', () => drain(reader, { sort: newest, limit: 100 }));
  await measure('newest 100 roots', () =>
    drain(reader, { sort: newest, limit: 100, filter: { traceRootsOnly: true } }),
  );
  await measure('one trace', () => drain(reader, { filter: { traceIds: [traceId!] } }));
  await measure('one call', () => drain(reader, { filter: { callIds: [id!] }, limit: 1 }));
  await measure('count', () => reader.countCalls({ projectId: PROJECT, filter: {} }));
  await reader.close();
}

if (!args.keep) {
  await sql('SELECT 1').catch(() => undefined);
  await fetch(args.url, { method: 'POST', body: 'DROP DATABASE IF EXISTS bench SYNC' });
  await migrate(store);
  await load();
}
await sizes();
await reads();
