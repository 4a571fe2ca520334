import { randomFillSync } from 'node:crypto';
import { Agent, request } from 'node:http';
import type { JournalEntry, Outcome, Part } from './oracle.ts';

/**
 * Clients under load: complete calls, starts and ends apart (ends sometimes first), OTLP spans, renames, deletes, sent as
 * the SDKs send them: what fails is sent again. Everything sent is in the journal with what the client was told.
 */
export interface Load {
  /** Sends until `signal` aborts; then finishes what it owes and resolves. */
  run(signal: AbortSignal): Promise<void>;
  readonly journal: JournalEntry[];
  readonly project: string;
}

interface Sent {
  readonly callId: string;
  readonly part: Part;
  readonly inputs?: string;
  readonly output?: string;
  readonly displayName?: string;
}

interface Batch {
  readonly path: string;
  readonly body: string;
  readonly sent: readonly Sent[];
}

export function createLoad(options: {
  readonly url: () => string;
  readonly project: string;
  readonly clients: number;
  readonly seed: number;
}): Load {
  const journal: JournalEntry[] = [];
  const agent = new Agent({ keepAlive: true, maxSockets: options.clients });
  const random = mulberry32(options.seed);
  const make = createBatchMaker(options.project, random);

  const client = async (signal: AbortSignal): Promise<void> => {
    while (!signal.aborted) {
      for (const batch of make()) {
        // As the SDK does: three tries, then it gives up for now. Sometimes a client repeats what was acknowledged.
        for (let attempt = 0; attempt < 3; attempt++) {
          const outcome = await post(agent, options.url() + batch.path, batch.body);
          for (const sent of batch.sent) journal.push({ ...sent, outcome });
          if (outcome === 'refused' || (outcome === 'ok' && random() > 0.05)) break;
          if (outcome === 'unknown') await new Promise((resolve) => setTimeout(resolve, 50 + random() * 100));
        }
      }
    }
  };

  return {
    journal,
    project: options.project,
    async run(signal) {
      await Promise.all(Array.from({ length: options.clients }, () => client(signal)));
      agent.destroy();
    },
  };
}

function createBatchMaker(project: string, random: () => number): () => Batch[] {
  const [entity, name] = project.split('/');
  const text = () =>
    'lorem ipsum dolor sit amet '.repeat(1 + Math.floor(random() * 60)).slice(Math.floor(random() * 20));
  const call = () => {
    const id = uuid();
    const at = Date.now();
    return {
      id,
      trace_id: uuid(),
      startedAt: new Date(at).toISOString(),
      endedAt: new Date(at + Math.floor(random() * 500)).toISOString(),
      // Numbers that do not survive JSON.parse: the bytes have to.
      inputs: `{"id":"${id}","big":9007199254740993,"one":1.0,"text":${JSON.stringify(text())}}`,
      output: `{"of":"${id}","minus":-0,"text":${JSON.stringify(text())}}`,
    };
  };
  type Call = ReturnType<typeof call>;
  const start = (c: Call) =>
    `{"project_id":"${project}","id":"${c.id}","op_name":"op","trace_id":"${c.trace_id}","started_at":"${c.startedAt}","attributes":{},"inputs":${c.inputs}}`;
  const end = (c: Call) =>
    `{"project_id":"${project}","id":"${c.id}","ended_at":"${c.endedAt}","output":${c.output},"summary":{}}`;

  const complete = (): Batch[] => {
    const calls = Array.from({ length: 1 + Math.floor(random() * 20) }, call);
    const items = calls.map(
      (c) => `${start(c).slice(0, -1)},"ended_at":"${c.endedAt}","output":${c.output},"summary":{}}`,
    );
    return [
      {
        path: `/v2/${entity}/${name}/calls/complete`,
        body: `{"batch":[${items.join(',')}]}`,
        sent: calls.map((c) => ({ callId: c.id, part: 'complete', inputs: c.inputs, output: c.output })),
      },
    ];
  };
  const apart = (): Batch[] => {
    const calls = Array.from({ length: 1 + Math.floor(random() * 10) }, call);
    const starts: Batch = {
      path: '/call/upsert_batch',
      body: `{"batch":[${calls.map((c) => `{"mode":"start","req":{"start":${start(c)}}}`).join(',')}]}`,
      sent: calls.map((c) => ({ callId: c.id, part: 'start', inputs: c.inputs })),
    };
    const ending = calls.filter(() => random() < 0.9);
    const ends: Batch = {
      path: '/call/upsert_batch',
      body: `{"batch":[${ending.map((c) => `{"mode":"end","req":{"end":${end(c)}}}`).join(',')}]}`,
      sent: ending.map((c) => ({ callId: c.id, part: 'end', output: c.output })),
    };
    return random() < 0.15 ? [ends, starts] : [starts, ends];
  };
  const spans = (): Batch[] => {
    const traceId = hex(16);
    const list = Array.from({ length: 1 + Math.floor(random() * 20) }, () => ({
      id: hex(8),
      input: text(),
      output: text(),
    }));
    const nanos = `${Date.now()}000000`;
    const json = list.map((s) => ({
      traceId,
      spanId: s.id,
      name: 'chat',
      kind: 3,
      startTimeUnixNano: nanos,
      endTimeUnixNano: nanos,
      attributes: [
        { key: 'input.value', value: { stringValue: s.input } },
        { key: 'output.value', value: { stringValue: s.output } },
      ],
    }));
    const resource = {
      attributes: [
        { key: 'wandb.entity', value: { stringValue: entity } },
        { key: 'wandb.project', value: { stringValue: name } },
      ],
    };
    return [
      {
        path: '/otel/v1/traces',
        body: JSON.stringify({
          resourceSpans: [{ resource, scopeSpans: [{ scope: { name: 'chaos' }, spans: json }] }],
        }),
        sent: list.map((s) => ({
          callId: s.id,
          part: 'span',
          inputs: JSON.stringify(s.input),
          output: JSON.stringify(s.output),
        })),
      },
    ];
  };
  const edited = (): Batch[] => {
    const [batch] = complete();
    const victim = batch!.sent[0]!.callId;
    if (random() < 0.5) {
      const displayName = `name ${victim.slice(-6)}`;
      const body = JSON.stringify({ project_id: project, call_id: victim, display_name: displayName });
      return [
        batch!,
        { path: '/call/update', body, sent: [{ callId: victim, part: 'rename', displayName }] },
      ];
    }
    const body = JSON.stringify({ project_id: project, call_ids: [victim] });
    return [batch!, { path: '/calls/delete', body, sent: [{ callId: victim, part: 'delete' }] }];
  };
  return () => {
    const dice = random();
    if (dice < 0.35) return complete();
    if (dice < 0.7) return apart();
    if (dice < 0.9) return spans();
    return edited();
  };
}

function post(agent: Agent, url: string, body: string): Promise<Outcome> {
  return new Promise((resolve) => {
    const req = request(
      url,
      {
        method: 'POST',
        agent,
        headers: { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) },
        timeout: 20_000,
      },
      (res) => {
        res.resume();
        res.on('end', () => resolve(outcomeOf(res.statusCode ?? 0)));
        res.on('error', () => resolve('unknown'));
      },
    );
    req.on('timeout', () => req.destroy());
    req.on('error', () => resolve('unknown'));
    req.end(body);
  });
}

function outcomeOf(status: number): Outcome {
  if (status >= 200 && status < 300) return 'ok';
  return status >= 400 && status < 500 && status !== 429 ? 'refused' : 'unknown';
}

function uuid(): string {
  const h = hex(10);
  const time = Date.now().toString(16).padStart(12, '0');
  return `${time.slice(0, 8)}-${time.slice(8)}-7${h.slice(0, 3)}-8${h.slice(3, 6)}-${h.slice(6, 18)}`;
}

function hex(bytes: number): string {
  return randomFillSync(Buffer.alloc(bytes)).toString('hex');
}

/** Seeded: the same run of kinds, sizes and repeats for the same seed. */
export function mulberry32(seed: number): () => number {
  let a = seed >>> 0;
  return () => {
    a = (a + 0x6d2b79f5) | 0;
    let t = Math.imul(a ^ (a >>> 15), 1 | a);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}
