import { randomFillSync } from 'node:crypto';
import { Agent, request } from 'node:http';
import { mulberry32 } from '@weft/testkit';
import type { JournalEntry, Outcome, Part } from './oracle.ts';
import { runExporter, type Protocol } from './otel-exporters.ts';
import { runRawSender } from './otel-raw.ts';

/**
 * Clients under load: complete calls, starts and ends apart (ends sometimes first), renames, deletes, OTLP spans and the log
 * records of them, sent as the SDKs send them: what fails is sent again. Everything sent is in the journal with what the
 * client was told.
 */
export interface Load {
  /** Sends until `signal` aborts; then finishes what it owes and resolves. */
  run(signal: AbortSignal): Promise<void>;
  readonly journal: JournalEntry[];
  /** Requests by what the client was told. */
  readonly requests: Readonly<Record<Outcome, number>>;
  /** Batches of stock exporters by protocol: acknowledged; given up after all the exporter's own retries, and then given to it again. */
  readonly exports: Readonly<Record<Protocol, { readonly ok: number; readonly gaveUp: number }>>;
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

/** Protocols over which no stock exporter had a batch acknowledged. */
export function unused(exports: Load['exports']): string[] {
  return Object.entries(exports).flatMap(([protocol, { ok }]) => (ok === 0 ? [protocol] : []));
}

export function createLoad(options: {
  readonly url: () => string;
  readonly project: string;
  /** Of Weave's SDKs; half as many send OTLP, and each of the stock exporters one more. */
  readonly clients: number;
  /** `http://host:port` of OTLP/gRPC. */
  readonly grpcUrl?: string;
  readonly seed: number;
}): Load {
  const journal: JournalEntry[] = [];
  const requests: Record<Outcome, number> = { ok: 0, refused: 0, unknown: 0 };
  const agent = new Agent({ keepAlive: true, maxSockets: options.clients });
  const random = mulberry32(options.seed);
  const make = createBatchMaker(options.project, random);

  const otel = {
    project: options.project,
    random,
    told(sent: readonly Omit<JournalEntry, 'outcome'>[], outcome: Outcome): void {
      requests[outcome]++;
      for (const each of sent) journal.push({ ...each, outcome });
    },
  };
  const none = () => ({ ok: 0, gaveUp: 0 });
  const exports = { 'http/protobuf': none(), 'http/json': none(), grpc: none() };
  const toldBy = (protocol: Protocol) => (sent: Parameters<typeof otel.told>[0], outcome: Outcome) => {
    exports[protocol][outcome === 'ok' ? 'ok' : 'gaveUp']++;
    otel.told(sent, outcome);
  };
  const exporters: [Protocol, string][] = [
    ['http/protobuf', options.url()],
    ['http/json', options.url()],
    ...(options.grpcUrl === undefined ? [] : [['grpc', options.grpcUrl] satisfies [Protocol, string]]),
  ];

  const client = async (signal: AbortSignal): Promise<void> => {
    while (!signal.aborted) {
      for (const batch of make()) {
        // As the SDK does: three tries, then it gives up for now. Sometimes a client repeats what was acknowledged.
        for (let attempt = 0; attempt < 3; attempt++) {
          const outcome = await post(agent, options.url() + batch.path, batch.body);
          requests[outcome]++;
          for (const sent of batch.sent) journal.push({ ...sent, outcome });
          if (outcome === 'refused' || (outcome === 'ok' && random() > 0.05)) break;
          if (outcome === 'unknown') await new Promise((resolve) => setTimeout(resolve, 50 + random() * 100));
        }
      }
    }
  };

  return {
    journal,
    requests,
    exports,
    project: options.project,
    async run(signal) {
      await Promise.all([
        ...Array.from({ length: options.clients }, () => client(signal)),
        ...Array.from({ length: Math.ceil(options.clients / 2) }, () => runRawSender({ ...otel, post: (path, body) => post(agent, options.url() + path, body) }, signal)), // prettier-ignore
        ...exporters.map(([protocol, endpoint]) =>
          runExporter({ ...otel, protocol, endpoint, told: toldBy(protocol) }, signal),
        ),
      ]);
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
    if (dice < 0.4) return complete();
    if (dice < 0.85) return apart();
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
