import type { EventLog } from '@weft/event-log';
import { route, type Route } from '@weft/http';
import {
  AppError,
  encodeTable,
  JsonMembers,
  JsonScanner,
  MAX_TABLE_ROWS,
  nowUs,
  parseProjectId,
  valueError,
  type TableRow,
} from '@weft/model';
import { createTurns } from '@weft/runtime';
import type { TraceReader } from '@weft/trace-store';
import { tableUpdate } from '@weft/weave-api';
import { digests } from '../digests.ts';
import { sendJson } from '../send.ts';
import { TableEdit } from '../table-edit.ts';

/** As the SDKs split their requests. */
const MAX_BODY_BYTES = 32 * 1024 * 1024;
/** Edits of long tables at a time: each holds the order of its table, up to 60 MB. */
const MAX_AT_ONCE = 2;

interface Request {
  readonly project_id: string;
  readonly base_digest: string;
  /** A list of edits, looked at one by one. */
  readonly updates: Uint8Array;
}

/** `/table/update` (weave-api §4.6): reads the order of the base, edits it and publishes what comes out. */
export function tableUpdateRoute(reader: TraceReader, eventLog: Pick<EventLog, 'append'>): Route {
  const gate = createGate(MAX_AT_ONCE);
  return route(
    tableUpdate,
    async (request, { req, res, userId }) => {
      const { project_id: projectId, base_digest: base, updates } = request as unknown as Request;
      const answer = await gate(async () => {
        const chunks = await reader.tableOrder(projectId, base);
        if (chunks === null) throw new AppError('not_found', `Table ${projectId}:${base} not found`);
        const edit = new TableEdit(chunks);
        const { rows, updated } = await applyUpdates(edit, updates);
        const digest = digests.table(edit.texts());
        const payloads = encodeTable({ rows, ...edit.finish(digests.chunk) });
        const event = {
          kind: 'table.created',
          projectId,
          id: digest,
          userId,
          receivedAtUs: nowUs(),
          note: '',
        } as const;
        await eventLog.append(
          'trace-events',
          payloads.map((payload) => ({ ...event, payload })),
        );
        return { digest, updated_row_digests: updated };
      });
      await sendJson(req, res, JSON.stringify(answer));
    },
    { maxBodyBytes: MAX_BODY_BYTES, parse: parseUpdate },
  );
}

function parseUpdate(body: Buffer): Request {
  const members = JsonMembers.parse(body);
  const updates = members.required('updates');
  if (updates[0] !== 0x5b) throw members.invalid('updates', 'must be a list');
  return {
    project_id: parseProjectId(members.text('project_id')),
    base_digest: members.requiredText('base_digest'),
    updates,
  };
}

/** In their order. @returns the rows that were added, and per update the row that came or went. */
async function applyUpdates(
  edit: TableEdit,
  updates: Uint8Array,
): Promise<{ rows: TableRow[]; updated: string[] }> {
  const scanner = new JsonScanner(updates);
  const rows: TableRow[] = [];
  const updated: string[] = [];
  const rest = createTurns();
  let at = scanner.ws(1);
  while (updates[at] !== 0x5d) {
    const end = scanner.skip(at);
    updated.push(applyUpdate(edit, updates.subarray(at, end), `updates[${updated.length}]`, rows));
    const pause = rest();
    if (pause !== undefined) await pause;
    at = scanner.ws(end);
    if (updates[at] === 0x2c) at = scanner.ws(at + 1);
  }
  return { rows, updated };
}

/** Of several members the first of `append`, `pop` and `insert` that fits counts, as in W&B's union. */
function applyUpdate(edit: TableEdit, update: Uint8Array, path: string, rows: TableRow[]): string {
  const { append, pop, insert } = partsOf(update, path);
  if (append?.row !== undefined) return add(edit.length, append.row);
  if (pop?.index !== undefined) {
    if (pop.index < 0 || pop.index >= edit.length) throw outOfRange();
    return edit.pop(pop.index);
  }
  if (insert?.row !== undefined && insert.index !== undefined) {
    if (insert.index < 0 || insert.index > edit.length) throw outOfRange();
    return add(insert.index, insert.row);
  }
  throw new AppError(
    'unsupported_member',
    `${path}: must be {"append": {"row"}}, {"pop": {"index"}} or {"insert": {"index", "row"}}, a row being an object`,
  );

  function add(index: number, val: Uint8Array): string {
    if (edit.length >= MAX_TABLE_ROWS)
      throw new AppError('request_too_large', `${path}: a table has at most ${MAX_TABLE_ROWS} rows`);
    const digest = digests.json(val);
    rows.push({ digest, val });
    edit.insert(index, digest);
    return digest;
  }
}

interface Part {
  readonly row?: Uint8Array;
  readonly index?: number;
}

/** What the update has of each edit; a member of another type than it must have is not there. */
function partsOf(update: Uint8Array, path: string): Partial<Record<'append' | 'pop' | 'insert', Part>> {
  if (update[0] !== 0x7b) return {};
  const members = JsonMembers.parse(update, { path: `${path}.` });
  const part = (name: string): Part | undefined => {
    const bytes = members.optional(name);
    if (bytes?.[0] !== 0x7b) return undefined;
    const inner = JsonMembers.parse(bytes);
    const row = inner.optional('row');
    return { row: row?.[0] === 0x7b ? row : undefined, index: integerOf(inner.optional('index')) };
  };
  return { append: part('append'), pop: part('pop'), insert: part('insert') };
}

function integerOf(bytes: Uint8Array | null): number | undefined {
  if (bytes === null || bytes.length > 20) return undefined;
  const text = Buffer.from(bytes).toString('latin1');
  return /^-?\d{1,15}$/.test(text) ? Number(text) : undefined;
}

function outOfRange(): AppError {
  return valueError('Index out of range');
}

/** Runs at most `max` of the works at a time, the others in order of arrival. */
function createGate(max: number): <T>(work: () => Promise<T>) => Promise<T> {
  const waiting: (() => void)[] = [];
  let running = 0;
  return async (work) => {
    if (running === max) await new Promise<void>((resolve) => waiting.push(resolve));
    else running++;
    try {
      return await work();
    } finally {
      const next = waiting.shift();
      if (next === undefined) running--;
      else next();
    }
  };
}
