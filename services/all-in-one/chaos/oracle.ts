import { isDeepStrictEqual } from 'node:util';

/**
 * Judges a run from what clients were told. A journal says what was sent and how it was answered; a snapshot is what the
 * public API shows afterwards. Knows nothing of how the server works.
 */

/** `ok` = 2xx; `refused` = a definite 4xx; `unknown` = timeout, reset, 5xx: it may or may not have happened. */
export type Outcome = 'ok' | 'refused' | 'unknown';

export type Part = 'start' | 'end' | 'complete' | 'span' | 'log' | 'rename' | 'delete';

/** What a log record says of its span's call: messages, in the order of the records' times. */
export interface Said {
  readonly at: bigint;
  readonly inputs: readonly object[];
  readonly output: readonly object[];
}

/** One attempt at telling the server one part of one call. Repeats are entries of their own. */
export interface JournalEntry {
  /** Of spans trace id, `/`, span id. */
  readonly callId: string;
  readonly part: Part;
  readonly outcome: Outcome;
  /** JSON text of the payload as sent; absent where the part has none. */
  readonly inputs?: string;
  readonly output?: string;
  readonly displayName?: string;
  /** Of spans; null = a root. */
  readonly parentId?: string | null;
  /** Of spans: what the model used, 0 where it is told again only. */
  readonly tokens?: number;
  /** Of log records. */
  readonly said?: Said;
}

/** One call as a reader saw it: the raw JSON line. */
export interface SeenCall {
  /** As in the journal. */
  readonly id: string;
  readonly line: string;
}

export interface Verdict {
  /** Acknowledged and not readable. */
  readonly lost: string[];
  /** More than one row for an id. */
  readonly doubled: string[];
  /** Readable, but not what was acknowledged. */
  readonly wrong: string[];
  /** Readable and never sent, or refused, or acknowledged as deleted. */
  readonly phantom: string[];
  /** Calls of which at least one part was acknowledged. */
  readonly acknowledged: number;
  /** Of them, spans; and log records of spans. */
  readonly acknowledgedSpans: number;
  readonly acknowledgedLogs: number;
}

export function judge(journal: readonly JournalEntry[], seen: readonly SeenCall[]): Verdict {
  const calls = new Map<string, JournalEntry[]>();
  for (const entry of journal) {
    const entries = calls.get(entry.callId);
    if (entries === undefined) calls.set(entry.callId, [entry]);
    else entries.push(entry);
  }
  const rows = new Map<string, string[]>();
  for (const { id, line } of seen) {
    const lines = rows.get(id);
    if (lines === undefined) rows.set(id, [line]);
    else lines.push(line);
  }
  const verdict: Verdict = {
    ...{ lost: [], doubled: [], wrong: [], phantom: [] },
    ...{ acknowledged: 0, acknowledgedSpans: 0, acknowledgedLogs: 0 },
  };
  let [acknowledged, acknowledgedSpans, acknowledgedLogs] = [0, 0, 0];
  for (const [id, entries] of calls) {
    const ok = entries.filter((e) => e.outcome === 'ok');
    if (ok.length > 0) acknowledged++;
    if (ok.some((e) => e.part === 'span')) acknowledgedSpans++;
    acknowledgedLogs += new Set(ok.flatMap(({ said }) => said ?? [])).size;
    judgeCall(id, entries, rows.get(id) ?? [], verdict);
  }
  for (const id of rows.keys()) if (!calls.has(id)) verdict.phantom.push(id);
  return { ...verdict, acknowledged, acknowledgedSpans, acknowledgedLogs };
}

function judgeCall(
  id: string,
  entries: readonly JournalEntry[],
  lines: readonly string[],
  verdict: Verdict,
): void {
  const told = (parts: readonly Part[], outcome: Outcome) =>
    entries.filter((e) => parts.includes(e.part) && e.outcome === outcome);
  const openings: readonly Part[] = ['start', 'complete', 'span'];
  const closings: readonly Part[] = ['end', 'complete', 'span'];
  if (lines.length > 1) verdict.doubled.push(id);
  const [line] = lines;
  const deleted = told(['delete'], 'ok').length > 0;
  const maybeDeleted = told(['delete'], 'unknown').length > 0;
  if (line === undefined) {
    if (told(openings, 'ok').length > 0 && !deleted && !maybeDeleted) verdict.lost.push(id);
    return;
  }
  if (deleted) {
    verdict.phantom.push(id);
    return;
  }
  if (told(openings, 'ok').length + told(openings, 'unknown').length === 0) {
    verdict.phantom.push(id);
    return;
  }
  const span = [...told(['span'], 'ok'), ...told(['span'], 'unknown')][0];
  const right =
    span === undefined ? isRight(line, told, openings, closings) : isRightSpan(line, span, entries);
  if (!right) verdict.wrong.push(id);
}

interface SpanRow {
  readonly parent_id: string | null;
  readonly ended_at: string | null;
  readonly inputs: object;
  readonly output: object;
}

const TOKEN = /tok-[0-9a-f]{16}/g;

/** Exactly what the span says; where it says nothing, what its records say: all that were acknowledged, others if they are there. */
function isRightSpan(line: string, span: JournalEntry, entries: readonly JournalEntry[]): boolean {
  const row = JSON.parse(line) as SpanRow;
  if (row.ended_at === null || row.parent_id !== (span.parentId ?? null)) return false;
  const told = new Set(
    entries.flatMap((e) => tokensOf([e.inputs, e.output, e.said?.inputs, e.said?.output])),
  );
  const shown = new Set(tokensOf(line));
  // Another call's.
  if ([...shown].some((token) => !told.has(token))) return false;
  const records = new Map<bigint, Said>();
  for (const { said, outcome } of entries) {
    if (said === undefined) continue;
    const isThere =
      outcome === 'ok' || tokensOf([said.inputs, said.output]).every((token) => shown.has(token));
    if (isThere) records.set(said.at, said);
  }
  const inOrder = [...records.values()].sort((a, b) => (a.at < b.at ? -1 : 1));
  const content = (own: string | undefined, side: 'inputs' | 'output'): unknown => {
    const messages = inOrder.flatMap((said) => said[side]);
    if ((own ?? '{}') !== '{}' || messages.length === 0) return JSON.parse(own ?? '{}');
    return { [side === 'inputs' ? 'gen_ai.input.messages' : 'gen_ai.output.messages']: messages };
  };
  return (
    isDeepStrictEqual(row.inputs, content(span.inputs, 'inputs')) &&
    isDeepStrictEqual(row.output, content(span.output, 'output'))
  );
}

function tokensOf(value: unknown): string[] {
  return (typeof value === 'string' ? value : JSON.stringify(value)).match(TOKEN) ?? [];
}

function isRight(
  line: string,
  told: (parts: readonly Part[], outcome: Outcome) => JournalEntry[],
  openings: readonly Part[],
  closings: readonly Part[],
): boolean {
  const row = JSON.parse(line) as { ended_at: string | null; display_name?: string | null };
  const opening = [...told(openings, 'ok'), ...told(openings, 'unknown')][0]!;
  // The very bytes: a payload that was parsed and written again would show here.
  if (opening.inputs !== undefined && !line.includes(opening.inputs)) return false;
  const ended = told(closings, 'ok');
  const maybeEnded = told(closings, 'unknown');
  if (row.ended_at === null) {
    if (ended.length > 0) return false;
  } else {
    const closing = [...ended, ...maybeEnded][0];
    if (closing === undefined) return false;
    if (closing.output !== undefined && !line.includes(closing.output)) return false;
  }
  const renamed = told(['rename'], 'ok');
  const maybeRenamed = told(['rename'], 'unknown');
  if (renamed.length > 0 && maybeRenamed.length === 0 && row.display_name !== renamed.at(-1)!.displayName)
    return false;
  if (renamed.length + maybeRenamed.length === 0 && (row.display_name ?? null) !== null) return false;
  return true;
}
