import { eventually } from '@weft/testkit';
import type { JournalEntry } from './oracle.ts';

interface Usage {
  readonly call_usage: Readonly<Record<string, Readonly<Record<string, { readonly total_tokens: number }>>>>;
}

const PER_REQUEST = 200;
/** Of a row that two writers stored: until its copy is merged or repaired. */
const SETTLE_MS = 90_000;

export interface Totals {
  /** Traces, all of whose spans were acknowledged. */
  readonly checkedTotals: number;
  /** Roots of those of which the server counts other tokens than their model calls used. */
  readonly wrongTotals: string[];
}

export async function judgeTotals(url: string, project: string, journal: readonly JournalEntry[]): Promise<Totals> {
  const expected = expectedTotals(journal);
  const roots = [...expected.keys()];
  const wrong: string[] = [];
  for (let at = 0; at < roots.length; at += PER_REQUEST) {
    const ids = roots.slice(at, at + PER_REQUEST);
    let differing = ids;
    await eventually(async () => {
      const usage = await usageOf(url, project, differing);
      differing = differing.filter((id) => totalOf(usage, id) !== expected.get(id));
      return differing.length === 0;
    }, SETTLE_MS).catch(() => undefined);
    wrong.push(...differing);
  }
  return { checkedTotals: roots.length, wrongTotals: wrong };
} // prettier-ignore

/** By the id of the root. */
function expectedTotals(journal: readonly JournalEntry[]): Map<string, number> {
  const spans = new Map<string, { readonly entry: JournalEntry; isAcknowledged: boolean }>();
  for (const entry of journal) {
    if (entry.part !== 'span') continue;
    const span = spans.get(entry.callId) ?? { entry, isAcknowledged: false };
    span.isAcknowledged ||= entry.outcome === 'ok';
    spans.set(entry.callId, span);
  }
  const traces = new Map<string, { root: string | undefined; tokens: number; isWhole: boolean }>();
  for (const { entry, isAcknowledged } of spans.values()) {
    const [traceId, spanId] = entry.callId.split('/') as [string, string];
    const trace = traces.get(traceId) ?? { root: undefined, tokens: 0, isWhole: true };
    if (entry.parentId === null) trace.root = spanId;
    trace.tokens += entry.tokens ?? 0;
    trace.isWhole &&= isAcknowledged;
    traces.set(traceId, trace);
  }
  const whole = [...traces.values()].filter(({ isWhole }) => isWhole);
  return new Map(whole.flatMap(({ root, tokens }) => (root === undefined ? [] : [[root, tokens] as const])));
}

async function usageOf(url: string, project: string, ids: readonly string[]): Promise<Usage> {
  const res = await fetch(`${url}/calls/usage`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ project_id: project, call_ids: ids }),
  });
  if (!res.ok) throw new Error(`/calls/usage: ${res.status} ${await res.text()}`);
  return (await res.json()) as Usage;
}

function totalOf({ call_usage: usage }: Usage, id: string): number {
  return Object.values(usage[id] ?? {}).reduce((sum, { total_tokens: tokens }) => sum + tokens, 0);
}
