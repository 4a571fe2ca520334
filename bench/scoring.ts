/**
 * What monitors cost per stored call before anything is scored: reading the event, matching by op, sampling, and holding queries
 * against the call. `tsx bench/scoring.ts [rounds]`; `node --expose-gc --import tsx bench/scoring.ts` for exact memory.
 *
 * Two mixes: `typical` (monitors of one to three of 50 ops, every tenth of every op, half of them with a query, sampling from 1 %
 * to 100 %) and `all` (each monitor looks at every call with a query). Beside it what comes to mind first: a loop over the
 * monitors that compares op names, and reads the payloads with JSON.parse for each query. CPU time, best of the rounds.
 */
import { encodeStoredCall, newId, readStoredCallEvent, type TraceEvent } from '@weft/model';
import { createMatcher, isSampled, matchesQuery, parseMonitor, type Monitor } from '@weft/scoring';
import { mulberry32 } from '@weft/testkit';
import { callFields, rowOfCall, type StoredCall } from '@weft/trace-store';

const rounds = Number(process.argv[2] ?? 5);
const PROJECT = 'team/app';
const OPS = 50;
const EVENTS = 2_000;
const random = mulberry32(42);
const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)]!;
const json = (value: unknown): Buffer => Buffer.from(JSON.stringify(value));
const field = (path: string) => ({ $getField: path });
const opRef = (i: number, version: string) => `weave:///${PROJECT}/op/op_${i}:${version}`;

const QUERIES: readonly object[] = [
  { $gt: [field('inputs.temperature'), { $literal: 0.1 }] },
  { $eq: [field('summary.weave.status'), { $literal: 'success' }] },
  { $contains: { input: field('output.choices.0.message.content'), substr: { $literal: 'sorry' }, case_insensitive: true } },
  { $and: [{ $eq: [field('inputs.model'), { $literal: 'gpt-4o-mini' }] }, { $gt: [field('summary.usage.gpt-4o-mini.total_tokens'), { $literal: 100 }] }, { $not: [{ $eq: [field('attributes.env'), { $literal: 'dev' }] }] }] },
  { $gt: [field('summary.weave.latency_ms'), { $literal: 500 }] },
]; // prettier-ignore

interface Stored {
  readonly event: TraceEvent;
  readonly call: StoredCall;
}

function makeCall(i: number): Stored {
  const startedAtUs = Date.UTC(2026, 0, 1) * 1000 + i * 1000;
  const call: StoredCall = {
    projectId: PROJECT, id: newId(Math.floor(startedAtUs / 1000)), isSpan: false, traceId: newId(), parentId: null, threadId: null, turnId: null,
    opName: opRef(Math.floor(random() * OPS), pick(['v1', 'v2', 'v3'])), displayName: null, startedAtUs, endedAtUs: startedAtUs + Math.floor(random() * 1e6),
    exception: null, userId: 'ada', runId: null, runStep: null, runStepEnd: null,
    attributes: json({ env: pick(['prod', 'dev']), weave: { client_version: '0.54.0' } }),
    inputs: json({ model: 'gpt-4o-mini', temperature: random(), messages: [{ role: 'system', content: 'You answer briefly. '.repeat(30) }, { role: 'user', content: 'What does the quick brown fox do? '.repeat(20) }] }),
    output: json({ id: 'x', choices: [{ index: 0, message: { role: 'assistant', content: 'It jumps over the lazy dog. '.repeat(20) } }] }),
    summary: json({ usage: { 'gpt-4o-mini': { prompt_tokens: 150, completion_tokens: 90, total_tokens: 240, requests: 1 } }, status_counts: { success: 1, error: 0 } }),
    otelDump: new Uint8Array(0), otelLogs: [], claims: [], storageSizeBytes: null, totalStorageSizeBytes: null,
  }; // prettier-ignore
  const { traceId, parentId, threadId, opName, isSpan, endedAtUs } = call;
  const payload = encodeStoredCall({ traceId, parentId, threadId, opName, isSpan, isScore: false, endedAtUs: endedAtUs! }); // prettier-ignore
  return { call, event: { kind: 'call.stored', projectId: PROJECT, id: call.id, userId: '', receivedAtUs: 0, note: '', payload } }; // prettier-ignore
}

function makeMonitor(mix: string, i: number): Monitor {
  const isEvery = mix === 'all' || i % 10 === 0;
  const ops = Array.from({ length: 1 + Math.floor(random() * 3) }, () => opRef(Math.floor(random() * OPS), pick(['*', '*', 'v1']))); // prettier-ignore
  const val = {
    _class_name: 'Monitor', active: true, scorers: [`weave:///${PROJECT}/object/judge:v1`], op_names: isEvery ? [] : ops,
    sampling_rate: mix === 'all' ? 1 : pick([0.01, 0.1, 0.5, 1]),
    query: mix === 'all' || i % 2 === 1 ? { $expr: QUERIES[i % QUERIES.length] } : null,
  }; // prettier-ignore
  return parseMonitor(json(val), { projectId: PROJECT, name: `monitor-${i}`, digest: `d${i}`, userId: 'ada' }, callFields()); // prettier-ignore
}

/** Monitors that score a call, all calls together. */
function run(calls: readonly Stored[], monitors: readonly Monitor[]): number {
  const matcher = createMatcher(monitors);
  let chosen = 0;
  for (const { event, call } of calls) {
    const facts = readStoredCallEvent(event);
    const sampled = matcher.match(facts).filter(({ monitor }) => isSampled(monitor.samplingRate, event.id, monitor.name)); // prettier-ignore
    if (sampled.length === 0) continue;
    const row = rowOfCall(call);
    for (const { monitor } of sampled) if (matchesQuery(monitor, row)) chosen++;
  }
  return chosen;
}

function runNaively(calls: readonly Stored[], monitors: readonly Monitor[]): number {
  let chosen = 0;
  for (const { event, call } of calls) {
    const facts = JSON.parse(Buffer.from(event.payload).toString()) as { op_name: string };
    for (const monitor of monitors) {
      const isMatch =
        monitor.opNames.length === 0 ||
        monitor.opNames.some((name) => new RegExp(`^${name.replace(/[.]/g, '\\.').replace('*', '.*')}$`).test(facts.op_name)); // prettier-ignore
      if (!isMatch || !isSampled(monitor.samplingRate, event.id, monitor.name)) continue;
      if (monitor.query !== undefined)
        for (const payload of [call.attributes, call.inputs, call.output, call.summary])
          JSON.parse(Buffer.from(payload).toString());
      if (matchesQuery(monitor, rowOfCall(call))) chosen++;
    }
  }
  return chosen;
}

function perEvent(work: () => number): { readonly us: number; readonly chosen: number } {
  let us = Infinity;
  let chosen = 0;
  for (let round = 0; round < rounds; round++) {
    const before = process.cpuUsage();
    chosen = work();
    const { user, system } = process.cpuUsage(before);
    us = Math.min(us, (user + system) / EVENTS);
  }
  return { us, chosen };
}

function heapBytes(): number {
  (globalThis as { gc?: () => void }).gc?.();
  return process.memoryUsage().heapUsed;
}

const calls = Array.from({ length: EVENTS }, (_, i) => makeCall(i));
const bytes = calls.reduce((sum, { call }) => sum + call.inputs.length + call.output.length + call.attributes.length + call.summary.length, 0); // prettier-ignore
console.log(`${EVENTS} calls of ${OPS} ops, ${Math.round(bytes / EVENTS)} bytes each`);
console.log('mix      monitors  µs/event  events/s per core  scored/event  naive µs/event');
for (const mix of ['typical', 'all'])
  for (const count of [1, 20, 100]) {
    const monitors = Array.from({ length: count }, (_, i) => makeMonitor(mix, i));
    const ours = perEvent(() => run(calls, monitors));
    const naive = perEvent(() => runNaively(calls, monitors));
    if (naive.chosen !== ours.chosen) throw new Error(`${ours.chosen} are chosen, naively ${naive.chosen}`);
    const cells = [ours.us.toFixed(1), Math.round(1e6 / ours.us), (ours.chosen / EVENTS).toFixed(2), naive.us.toFixed(1)]; // prettier-ignore
    const widths = [8, 17, 12, 14];
    console.log(`${mix.padEnd(8)} ${String(count).padStart(8)}  ${cells.map((cell, i) => String(cell).padStart(widths[i]!)).join('  ')}`); // prettier-ignore
  }

const MANY = 5_000;
const before = heapBytes();
const many = Array.from({ length: MANY }, (_, i) => makeMonitor('typical', i));
const matcher = createMatcher(many);
for (const { event } of calls) matcher.match(readStoredCallEvent(event));
console.log(
  `memory: ${((heapBytes() - before) / 1024 / MANY).toFixed(2)} KB a monitor, with its place in the matcher`,
);
