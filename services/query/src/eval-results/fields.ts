import { AppError, valueAtPath } from '@weft/model';
import { parseFieldPath, type ColumnField, type JsonField, type PathPart } from '@weft/query-language';

/** What results are filtered and sorted by (upstream: eval_results_query_builder.py). */

/** A JSON field of its own: `column` is its whole path, under which a row holds the value. */
export interface ValueField extends JsonField {
  /** `inputs` looks into the row of the dataset, the others into the output of the trial. */
  readonly root: 'scores' | 'inputs' | 'output';
  /** From there. */
  readonly at: readonly PathPart[];
}

const DIGEST: ColumnField = { kind: 'column', name: 'row_digest', type: 'string', nullable: false };
const ROOTS: readonly ValueField['root'][] = ['scores', 'inputs', 'output'];

/** @throws AppError `invalid_request` for anything but `scores.…`, `inputs.…`, `output.…`, `row_digest`. */
export function filterField(path: string): ValueField | ColumnField {
  const field = path === DIGEST.name ? DIGEST : valueField(path);
  if (field !== undefined) return field;
  throw new AppError(
    'invalid_request',
    `Unsupported eval results field: '${path.slice(0, 80)}'. Supported prefixes: scores.*, inputs.*, output.*, row_digest.`,
  );
}

/** @throws AppError `invalid_request` for anything but `scores.…`, `inputs.…`, `output.…`. */
export function sortField(path: string): ValueField {
  const field = valueField(path);
  if (field !== undefined) return field;
  throw new AppError(
    'invalid_request',
    `Unsupported sort field: '${path.slice(0, 80)}'. Supported: scores.*, inputs.*, output.*.`,
  );
}

function valueField(path: string): ValueField | undefined {
  const root = ROOTS.find((each) => path.startsWith(`${each}.`));
  if (root === undefined) return undefined;
  const rest = parseFieldPath(path.slice(root.length + 1));
  const at = root === 'scores' ? [{ key: 'scores' }, ...rest] : rest;
  return { kind: 'json', column: path, path: [], root, at };
}

const [ONE, ZERO] = [Buffer.from('1'), Buffer.from('0')];

/** The field's value in the row (`inputs`) or the output of a trial; null = it has none. A score that is true or false is 1 or 0. */
export function readField(field: ValueField, json: Uint8Array | null): Uint8Array | null {
  const value = valueAtPath(json, field.at);
  if (field.root !== 'scores') return value;
  return value?.[0] === 0x74 ? ONE : value?.[0] === 0x66 ? ZERO : value;
}
