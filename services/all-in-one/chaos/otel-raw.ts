import { randomFillSync } from 'node:crypto';
import type { Outcome } from './oracle.ts';
import {
  agentAttributes,
  makeTalk,
  sentRecord,
  sentSpan,
  spanKey,
  type Record,
  type Sent,
} from './otel-talk.ts';

/** An OTLP/JSON request and what it says. */
export interface OtlpRequest {
  readonly path: string;
  readonly items: readonly Item[];
}

interface Item {
  readonly json: { readonly [key: string]: unknown };
  readonly sent: Sent;
}

export interface RawOptions {
  readonly project: string;
  readonly random: () => number;
  /** Sends a body once. */
  readonly post: (path: string, body: string) => Promise<Outcome>;
  readonly told: (sent: readonly Sent[], outcome: Outcome) => void;
}

const MAX_KEPT = 40;
const MAX_SKEW_MS = 8_000;
/** Of one request, after the load is over: longer than the longest outage. */
const PATIENCE_MS = 120_000;

/**
 * A sender of traces and of the log records of their spans that repeats each request until it is acknowledged, in any order,
 * whole or split in two, and repeats some that were: at once, or when others have come between.
 */
export async function runRawSender(options: RawOptions, signal: AbortSignal): Promise<void> {
  const { random, told } = options;
  /** Acknowledged, and to be sent again. */
  const again: OtlpRequest[] = [];
  /** To be sent when others have come between. */
  const late: OtlpRequest[] = [];
  const deliver = async (request: OtlpRequest): Promise<void> => {
    const until = Date.now() + PATIENCE_MS;
    for (;;) {
      const outcome = await options.post(request.path, bodyOf(request, options.project, random));
      told(request.items.map(({ sent }) => sent), outcome); // prettier-ignore
      if (outcome === 'refused') return;
      if (outcome === 'ok' && random() > 0.1) break;
      if (outcome !== 'ok' && signal.aborted && Date.now() > until) return;
      if (outcome !== 'ok') await pause(50 + random() * 150);
    }
    if (random() < 0.1 && again.length < MAX_KEPT) again.push(request);
  };
  while (!signal.aborted) {
    for (const request of requestsOf(options)) {
      if (random() < 0.1 && late.length < MAX_KEPT) late.push(request);
      else await deliver(request);
    }
    const more = random() < 0.3 ? takeOne(random() < 0.5 ? again : late, random) : undefined;
    if (more !== undefined) await deliver(more);
  }
  for (const request of late) await deliver(request);
}

function takeOne<T>(list: T[], random: () => number): T | undefined {
  return list.splice(Math.floor(random() * list.length), 1)[0];
}

/** One trace: an agent and what it asked a model. Span ids come again in other traces. */
function requestsOf({ random }: RawOptions): OtlpRequest[] {
  const traceId = hex(16);
  const rootId = hex(8);
  // Other clocks than the server's: a span may begin after its records were stored.
  const skewMs = random() < 0.4 ? Math.round((random() - 0.3) * MAX_SKEW_MS) : 0;
  const atNs = BigInt(Date.now() + skewMs) * 1_000_000n;
  const talks = Array.from({ length: 1 + Math.floor(random() * 8) }, (_, i) =>
    makeTalk(random, atNs + BigInt(i) * 1_000_000n),
  );
  const span = (spanId: string, parentId: string | null, name: string, attributes: object, i: number) => ({
    traceId,
    spanId,
    ...(parentId !== null && { parentSpanId: parentId }),
    name,
    kind: 3,
    startTimeUnixNano: String(atNs + BigInt(i) * 1_000_000n),
    endTimeUnixNano: String(atNs + BigInt(i + 9) * 1_000_000n),
    attributes: keyValues(attributes),
  });
  const spans: Item[] = [
    {
      json: span(rootId, null, 'invoke_agent', agentAttributes(talks), 0),
      sent: sentSpan(spanKey(traceId, rootId), null, {}),
    },
  ];
  const logs: Item[] = [];
  talks.forEach((talk, i) => {
    const spanId = random() < 0.2 ? `00000000000000a${i}` : hex(8);
    const key = spanKey(traceId, spanId);
    spans.push({
      json: span(spanId, rootId, 'chat', talk.attributes, i),
      sent: sentSpan(key, rootId, talk),
    });
    for (const record of talk.records)
      logs.push({ json: logRecord(traceId, spanId, record), sent: sentRecord(key, record) });
  });
  const requests = [...split('/otel/v1/traces', spans, random), ...split('/otel/v1/logs', logs, random)];
  return shuffled(requests, random);
}

function logRecord(
  traceId: string,
  spanId: string,
  { name, body, attributes, timeNs }: Record,
): Item['json'] {
  return {
    traceId,
    spanId,
    eventName: name,
    timeUnixNano: String(timeNs),
    severityNumber: 9,
    ...(body !== undefined && { body: anyValue(body) }),
    attributes: keyValues(attributes),
  };
}

/** Whole; or in two parts, the last of which may come first; or in two parts that have something in common. */
function split(path: string, all: readonly Item[], random: () => number): OtlpRequest[] {
  if (all.length === 0) return [];
  const items = shuffled(all, random);
  if (items.length === 1 || random() < 0.4) return [{ path, items }];
  const at = 1 + Math.floor(random() * (items.length - 1));
  const overlap = random() < 0.3 ? 1 : 0;
  return [
    { path, items: items.slice(0, at) },
    { path, items: items.slice(at - overlap) },
  ];
}

function shuffled<T>(list: readonly T[], random: () => number): T[] {
  const out = [...list];
  for (let i = out.length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    [out[i], out[j]] = [out[j]!, out[i]!];
  }
  return out;
}

/** Each time it is sent, another collector has seen the records at another time. */
function bodyOf({ path, items }: OtlpRequest, project: string, random: () => number): string {
  const [entity, name] = project.split('/');
  const resource = { attributes: keyValues({ 'wandb.entity': entity!, 'wandb.project': name! }) };
  const scope = { name: 'chaos' };
  if (path.endsWith('/traces')) {
    const spans = items.map(({ json }) => json);
    return JSON.stringify({ resourceSpans: [{ resource, scopeSpans: [{ scope, spans }] }] });
  }
  const observedTimeUnixNano = `${Date.now()}${String(Math.floor(random() * 1e6)).padStart(6, '0')}`;
  const logRecords = items.map(({ json }) => ({ ...json, observedTimeUnixNano }));
  return JSON.stringify({ resourceLogs: [{ resource, scopeLogs: [{ scope, logRecords }] }] });
}

function keyValues(from: object): { key: string; value: object }[] {
  return Object.entries(from).map(([key, value]) => ({ key, value: anyValue(value) }));
}

function anyValue(value: unknown): object {
  if (typeof value === 'number') return { intValue: String(value) };
  if (typeof value === 'string') return { stringValue: value };
  return { kvlistValue: { values: keyValues(value as object) } };
}

function hex(bytes: number): string {
  return randomFillSync(Buffer.alloc(bytes)).toString('hex');
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
