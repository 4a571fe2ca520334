import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { newId, NO_SCORED_SPAN, NO_SCORER_RESULT, type CallPart } from '@weft/model';
import {
  compareValues,
  evaluate,
  parseQuery,
  sortValue,
  type ColumnField,
  type Field,
  type JsonField,
  type Row,
} from '@weft/query-language';
import { mulberry32 } from '@weft/testkit';
import { openTraceReader } from '../reader.ts';
import {
  batch,
  completeOf,
  endOf,
  json,
  openTestStore,
  renameOf,
  startOf,
  T0,
  type TestStore,
} from '../testing/store.ts';
import type { FeedbackWrite } from '../feedback/types.ts';
import type { CallsQuery, StoredCall, TraceReader } from '../trace-store.ts';
import { openTraceWriter } from '../writer.ts';
import { callFields, type FeedbackField } from './fields.ts';

/**
 * Whatever is asked, the store answers what the in-memory evaluator says of the calls as they are: with every superseded row
 * still on disk, and with payloads that are spelled in every way JSON allows.
 */

const P = 'e/conditions';
const CALLS = 120;
const QUERIES = 150;
const random = mulberry32(20260101);
const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)]!;

let store: TestStore;
let reader: TraceReader;
let calls: readonly StoredCall[];
const feedback = new Map<string, FeedbackWrite[]>();
const refs = new Map<string, { readonly input: readonly string[]; readonly output: readonly string[] }>();

beforeAll(async () => {
  store = await openTestStore();
  await store.command('SYSTEM STOP MERGES calls');
  const writer = openTraceWriter(store.writer);
  // In several batches, so that each part of a call is a row of its own.
  for (const round of roundsOf(Array.from({ length: CALLS }, makeCall)))
    expect(await writer.write(round)).toEqual([]);
  await writer.close();
  reader = openTraceReader(store.reader);
  calls = await read({});
}, 60_000);

afterAll(async () => {
  await reader?.close();
  await store?.close();
}, 60_000);

const TEXTS = [
  'alpha',
  'Alpha beta',
  'gamma-delta',
  'ünïcode',
  '😀 face',
  'quote " and \\ back',
  'nul \u0000 here',
  'tab\tnew\nline',
  '',
  '12',
  '1e2',
  'true',
  'null',
  '50%_done',
  "it's",
  '</b>',
  'alphabet soup',
  '{"a": 1}',
];
const NUMBERS = ['0', '-1', '12', '12.0', '1e2', '9007199254740993', '1e400', '-0', '0.1'];

/** A JSON string, spelled plainly or with escapes that nobody needs. */
function spelled(text: string): string {
  const kind = random();
  if (kind < 0.6) return JSON.stringify(text);
  if (kind < 0.8)
    return JSON.stringify(text).replace(
      /[^\x20-\x7e]/g,
      (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`,
    );
  return `"${[...text].map((c) => (random() < 0.5 || c < ' ' || c === '"' || c === '\\' ? [...Array(c.length).keys()].map((i) => `\\u${c.charCodeAt(i).toString(16).padStart(4, '0')}`).join('') : c)).join('')}"`;
}

function scalar(): string {
  return pick([() => spelled(pick(TEXTS)), () => pick(NUMBERS), () => pick(['true', 'false', 'null'])])();
}

function value(): string {
  const members: string[] = [];
  if (random() < 0.8) members.push(`"text": ${spelled(pick(TEXTS))}`);
  if (random() < 0.7) members.push(`"n":${pick(NUMBERS)}`);
  if (random() < 0.5) members.push(`"any" :${scalar()}`);
  if (random() < 0.4) members.push(`"list":[${[scalar(), `{"deep":${scalar()}}`].join(', ')}]`);
  if (random() < 0.3) members.push(`"a.b":${scalar()}`);
  return `{${members.join(random() < 0.5 ? ',' : ' , ')}}`;
}

interface Made {
  readonly parts: readonly CallPart[];
  readonly isDeleted: boolean;
  readonly id: string;
  readonly feedback: readonly FeedbackWrite[];
}

function makeCall(_: unknown, i: number): Made {
  const startedAtUs = T0 + Math.floor(random() * 50) * 1_000_000;
  const id = newId(Math.floor(startedAtUs / 1000));
  const inputRefs = random() < 0.3 ? [`weave:///${P}/object/o:${pick(['a', 'b'])}`] : [];
  const outputRefs = random() < 0.2 ? [`weave:///${P}/object/o:c`] : [];
  refs.set(id, { input: inputRefs, output: outputRefs });
  const start = {
    startedAtUs,
    salt: String(i),
    traceId: pick(['t1', 't2']),
    parentId: random() < 0.5 ? pick(['p1', 'p2']) : null,
    threadId: random() < 0.3 ? 'th' : null,
    opName: pick(['op', `weave:///${P}/op/named:v1`, `weave:///${P}/op/named:v2`]),
    displayName: random() < 0.3 ? pick(['Shown', 'alpha']) : null,
    userId: random() < 0.5 ? 'ada' : null,
    runId: random() < 0.3 ? 'e/p/run' : null,
    runStep: random() < 0.3 ? 7 : null,
    inputs: json(value()),
    attributes: json(value()),
    inputRefs,
  };
  const end = {
    endedAtUs: startedAtUs + Math.floor(random() * 5) * 500_000,
    salt: String(i),
    exception: random() < 0.3 ? pick(['boom', '']) : null,
    output: json(random() < 0.7 ? value() : scalar()),
    summary: json(random() < 0.5 ? '{"status_counts":{"error":2}}' : value()),
    outputRefs,
  };
  const parts: CallPart[] = [];
  if (random() < 0.4) parts.push(completeOf(P, id, start, end));
  else {
    parts.push(startOf(P, id, start));
    if (random() < 0.8) parts.push(endOf(P, id, end));
  }
  if (random() < 0.3) parts.push(renameOf(P, id, pick(['Renamed', 'alpha', ''])));
  // A start that contradicts: the row moves to another instant.
  if (random() < 0.15)
    parts.push(
      startOf(P, id, {
        ...start,
        salt: 'again',
        startedAtUs: startedAtUs + 3_000_000,
        inputs: json(value()),
      }),
    );
  return { id, parts, isDeleted: random() < 0.08, feedback: random() < 0.3 ? feedbackFor(id) : [] };
}

function feedbackFor(callId: string): FeedbackWrite[] {
  const given = Array.from({ length: 1 + Math.floor(random() * 2) }, (_, i): FeedbackWrite => ({
    projectId: P,
    id: newId(),
    weaveRef: `weave:///${P}/call/${callId}`,
    feedbackType: pick(['wandb.note.1', 'wandb.runnable.judge']),
    userId: 'u',
    creator: null,
    createdAtUs: T0 + i,
    payload: json(`{"note":${spelled(pick(TEXTS))},"output":{"score":${pick(NUMBERS)}}}`),
    annotationRef: null,
    runnableRef: random() < 0.5 ? `weave:///${P}/op/judge:v1` : null,
    callRef: null,
    triggerRef: null,
    queueId: null,
    scorer: NO_SCORER_RESULT,
    span: NO_SCORED_SPAN,
  }));
  feedback.set(callId, given);
  return given;
}

/** Parts of a call come one after the other, or some of them together. */
function roundsOf(made: readonly Made[]) {
  const rounds: CallPart[][] = [[], [], [], []];
  for (const { parts } of made) {
    let round = 0;
    for (const part of parts) {
      rounds[round]!.push(part);
      if (random() < 0.8) round++;
    }
  }
  const deletedCalls = made
    .filter(({ isDeleted }) => isDeleted)
    .map(({ id }) => ({ projectId: P, id, deletedAtUs: T0 }));
  const last = batch({ deletedCalls, feedback: made.flatMap((each) => each.feedback) });
  return [...rounds.map((calls) => batch({ calls })), last];
}

async function read(query: Partial<CallsQuery>): Promise<StoredCall[]> {
  const rows: StoredCall[] = [];
  const all: CallsQuery = {
    projectId: P,
    filter: {},
    sort: [],
    payloads: ['attributes', 'inputs', 'output', 'summary'],
    ...query,
  };
  for await (const page of reader.streamCalls(all)) rows.push(...page);
  return rows;
}

/** The call as the evaluator reads it. */
function rowOf(call: StoredCall): Row {
  return {
    column: (field) => columnOf(call, field),
    json(field) {
      if ('feedback' in field) return feedbackTexts(call, field as FeedbackField);
      const bytes = call[field.column as 'inputs'];
      return bytes.length === 0 ? null : bytes;
    },
  };
}

function feedbackTexts({ id }: StoredCall, { feedback: { type, member } }: FeedbackField): Uint8Array[] {
  return (feedback.get(id) ?? [])
    .filter((each) => type === undefined || each.feedbackType === type)
    .sort((a, b) => b.createdAtUs - a.createdAtUs || (a.id < b.id ? -1 : 1))
    .flatMap((each) =>
      member === 'payload'
        ? each.payload
        : each.runnableRef === null
          ? []
          : json(JSON.stringify(each.runnableRef)),
    );
}

function columnOf(call: StoredCall, { name }: ColumnField) {
  const shown = call.displayName ?? /\/op\/([^:/]+)/.exec(call.opName)?.[1] ?? call.opName;
  const failed =
    Number(
      (JSON.parse(Buffer.from(call.summary).toString() || '{}') as { status_counts?: { error: number } })
        .status_counts?.error ?? 0,
    ) > 0;
  const status =
    call.exception !== null
      ? 'error'
      : failed
        ? 'descendant_error'
        : call.endedAtUs === null
          ? 'running'
          : 'success';
  const columns = new Map<string, ReturnType<Row['column']>>([
    ['id', call.id], ['project_id', call.projectId], ['trace_id', call.traceId], ['parent_id', call.parentId], ['thread_id', call.threadId],
    ['turn_id', call.turnId], ['op_name', call.opName], ['display_name', call.displayName], ['started_at', call.startedAtUs],
    ['ended_at', call.endedAtUs], ['exception', call.exception], ['wb_user_id', call.userId], ['wb_run_id', call.runId],
    ['wb_run_step', call.runStep], ['wb_run_step_end', call.runStepEnd], ['deleted_at', null], ['expire_at', null], ['wb_username', null],
    ['input_refs', refs.get(call.id)!.input], ['output_refs', call.endedAtUs === null ? [] : refs.get(call.id)!.output],
    ['summary.weave.status', status], ['summary.weave.trace_name', shown],
    ['summary.weave.latency_ms', call.endedAtUs === null ? null : Math.trunc((call.endedAtUs - call.startedAtUs) / 1000)],
  ]); // prettier-ignore
  if (!columns.has(name)) throw new Error(name);
  return columns.get(name)!;
}

const PATHS = [
  'inputs.text', 'inputs.n', 'inputs.any', 'inputs.list.0', 'inputs.list.1.deep', 'inputs.a\\.b', 'inputs', 'output', 'output.text',
  'output.n', 'attributes.text', 'attributes.any', 'summary.text', 'summary.status_counts.error', 'summary.weave.status', 'summary.weave.latency_ms',
  'summary.weave.trace_name', 'id', 'trace_id', 'parent_id', 'thread_id', 'op_name', 'display_name', 'exception', 'wb_user_id', 'wb_run_id',
  'wb_run_step', 'ended_at', 'started_at', 'deleted_at', 'feedback.[wandb.note.1].payload.note', 'feedback.[*].payload.output.score',
  'feedback.[wandb.runnable.judge].payload.output.score', 'feedback.[wandb.runnable.judge].runnable_ref',
]; // prettier-ignore
const LITERALS = [
  ...TEXTS,
  'phab',
  'ALPHA',
  'lta',
  'running',
  'error',
  'Renamed',
  'p1',
  0,
  12,
  -1,
  7,
  100,
  0.1,
  true,
  false,
  null,
  'named',
  `weave:///${P}/op/judge:v1`,
];

function operand(): object {
  const field = { $getField: pick(PATHS) };
  return random() < 0.25
    ? { $convert: { input: field, to: pick(['double', 'int', 'string', 'bool', 'exists']) } }
    : field;
}

function literal(): object {
  return { $literal: pick(LITERALS) };
}

function expression(depth: number): object {
  const kind = random();
  if (depth > 0 && kind < 0.35) {
    const inputs = Array.from({ length: 1 + Math.floor(random() * 3) }, () => expression(depth - 1));
    return kind < 0.12 ? { $not: [inputs[0]] } : { [kind < 0.25 ? '$and' : '$or']: inputs };
  }
  if (kind < 0.6) return { [pick(['$eq', '$gt', '$gte', '$lt', '$lte'])]: [operand(), literal()] };
  if (kind < 0.75) return { $in: [operand(), [literal(), literal(), literal()]] };
  return { $contains: { input: operand(), substr: literal(), case_insensitive: random() < 0.5 } };
}

const fieldOf = callFields();

/** Undefined where the query is refused (a text beside an instant). */
function condition() {
  const wire = { $expr: expression(2) };
  try {
    return { wire, expr: parseQuery(wire, fieldOf) };
  } catch {
    return undefined;
  }
}

const ids = (rows: readonly StoredCall[]) => rows.map((call) => call.id);

describe('conditions', () => {
  it('meets rows that are superseded', async () => {
    const rows = await store.query(`SELECT toString(count()) FROM calls WHERE project_id = '${P}'`);
    expect(Number(rows[0])).toBeGreaterThan(calls.length * 1.5);
    expect(calls.some((call) => call.endedAtUs === null)).toBe(true);
    expect(new Set(ids(calls)).size).toBe(calls.length);
  });

  it('finds what the evaluator finds, in any order and number, and counts it', async () => {
    let asked = 0;
    let found = 0;
    while (asked < QUERIES) {
      const made = condition();
      if (made === undefined) continue;
      asked++;
      const expected = calls.filter((call) => evaluate(made.expr, rowOf(call)));
      found += expected.length;
      const what = JSON.stringify(made.wire);
      const query = { condition: made.expr };
      expect([what, ids(await read(query))]).toEqual([what, ids(expected)]);
      const counted = await reader.countCalls({ projectId: P, filter: {}, ...query });
      expect([what, counted.count]).toEqual([what, expected.length]);
      if (asked % 5 > 0) continue;
      const newest = [...expected].sort((a, b) => b.startedAtUs - a.startedAtUs || (a.id < b.id ? 1 : -1));
      const paged = await read({
        ...query,
        sort: [{ field: 'started_at', direction: 'desc' }],
        limit: 7,
        offset: asked % 3,
      });
      expect([what, ids(paged)]).toEqual([what, ids(newest.slice(asked % 3, (asked % 3) + 7))]);
      const limited = await reader.countCalls({ projectId: P, filter: {}, ...query, limit: 5 });
      expect([what, limited.count]).toEqual([what, Math.min(5, expected.length)]);
    }
    expect(found).toBeGreaterThan(QUERIES * 5);
  }, 240_000);

  it.each(PATHS.map((path) => [path]))('sorts by %s', async (path) => {
    const field: Field = fieldOf(path)!;
    for (const direction of ['asc', 'desc'] as const) {
      const keyed = calls.map((call) => ({ call, key: sortValue(field as JsonField, rowOf(call)) }));
      const way = path === 'started_at' && direction === 'asc' ? 1 : -1;
      keyed.sort((a, b) => compareValues(a.key, b.key, direction) || way * (a.call.id < b.call.id ? -1 : 1));
      const expected = keyed.map(({ call }) => call.id);
      expect(ids(await read({ sort: [{ field, direction }] }))).toEqual(expected);
      expect(ids(await read({ sort: [{ field, direction }], limit: 9, offset: 4 }))).toEqual(
        expected.slice(4, 13),
      );
    }
  });
});
