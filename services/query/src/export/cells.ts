import { JsonValue, parseFieldPath, type PathPart } from '@weft/query-language';

/** What a call has in a column of a file. */
export interface Cell {
  /** Text as it is, else JSON as it was sent; undefined = nothing. */
  readonly text: string | undefined;
  /** For files that know more than text. */
  readonly json: string;
  readonly isText: boolean;
}

export interface ExportColumn {
  readonly name: string;
  readonly kind: 'text' | 'number' | 'instant';
  /** Member of the call that it is read from. */
  readonly member: string;
  /** @param row the call as the API gives it. */
  read(row: Uint8Array): Cell;
}

const NOTHING: Cell = { text: undefined, json: 'null', isText: false };
const FEEDBACK = /^feedback\.\[([^\]]{1,256})\]\.payload(?:\.(.+))?$/s;
const INSTANTS: ReadonlySet<string> = new Set(['started_at', 'ended_at']);
const NUMBERS: ReadonlySet<string> = new Set(['summary.weave.latency_ms', 'wb_run_step', 'wb_run_step_end']);

/** A column by its name: `tokens`, `cost`, feedback, or a path into the call. */
export function toExportColumn(name: string): ExportColumn {
  if (name === 'tokens' || name === 'cost')
    return { name, kind: 'number', member: 'summary', read: name === 'tokens' ? tokens : cost };
  const feedback = FEEDBACK.exec(name);
  if (feedback !== null) {
    const [, type, rest] = feedback as unknown as [string, string, string | undefined];
    const path = rest === undefined ? [] : parseFieldPath(rest);
    return { name, kind: 'text', member: 'summary', read: (row) => latestFeedback(row, type, path) };
  }
  const path = parseFieldPath(name);
  return {
    name,
    kind: INSTANTS.has(name) ? 'instant' : NUMBERS.has(name) ? 'number' : 'text',
    member: path[0]!.key,
    read: (row) => cellOf(JsonValue.at(row, path)),
  };
}

function cellOf(value: JsonValue): Cell {
  if (!value.isPresent) return NOTHING;
  const { json } = value;
  return value.kind === 'string'
    ? { text: value.text, json, isText: true }
    : { text: json, json, isText: false };
}

const WEAVE = [{ key: 'summary' }, { key: 'weave' }];

/** The latest one of the type that has the value. */
function latestFeedback(row: Uint8Array, type: string, path: readonly PathPart[]): Cell {
  const list = JsonValue.at(row, [...WEAVE, { key: 'feedback' }]);
  for (let i = (list.length ?? 0) - 1; i >= 0; i--) {
    const at = [...WEAVE, { key: 'feedback' }, { key: String(i), index: i }];
    if (JsonValue.at(row, [...at, { key: 'feedback_type' }]).text !== type) continue;
    const cell = cellOf(JsonValue.at(row, [...at, { key: 'payload' }, ...path]));
    if (cell.text !== undefined) return cell;
  }
  return NOTHING;
}

function tokens(row: Uint8Array): Cell {
  return sumOver(row, [{ key: 'summary' }, { key: 'usage' }], (usage) => {
    const given = number(usage['total_tokens']);
    const prompt = Math.max(number(usage['prompt_tokens']), number(usage['input_tokens']));
    const completion = Math.max(number(usage['completion_tokens']), number(usage['output_tokens']));
    return given > 0 ? given : prompt + completion;
  });
}

const COST = /_tokens_total_cost$|^(cache_read|cache_creation)_input_tokens_total_cost$/;

function cost(row: Uint8Array): Cell {
  return sumOver(row, [...WEAVE, { key: 'costs' }], (costs) =>
    Object.entries(costs).reduce((sum, [name, value]) => sum + (COST.test(name) ? number(value) : 0), 0),
  );
}

function sumOver(
  row: Uint8Array,
  path: readonly PathPart[],
  of: (model: Record<string, unknown>) => number,
): Cell {
  const found = JsonValue.at(row, path);
  if (found.kind !== 'object') return NOTHING;
  const models = Object.values(JSON.parse(found.json) as Record<string, unknown>);
  if (models.length === 0) return NOTHING;
  const sum = models.reduce(
    (all: number, model) =>
      all + (typeof model === 'object' && model !== null ? of(model as Record<string, unknown>) : 0),
    0,
  );
  return { text: String(sum), json: JSON.stringify(sum), isText: false };
}

function number(value: unknown): number {
  return typeof value === 'number' && Number.isFinite(value) ? value : 0;
}
