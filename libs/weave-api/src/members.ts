import { parseProjectId, valueError } from '@weft/model';
import { z } from 'zod';

/**
 * Members of requests. What does not fit its type is a validation error (422 with FastAPI's `detail`, answered by @weft/http);
 * what fits and cannot be honoured throws an AppError that names the path.
 */

/** An optional member as clients send it: missing and explicit null both mean "not given". */
export function given<T extends z.ZodType>(schema: T) {
  return schema.nullish().transform((value) => value ?? undefined);
}

/** A flag that is off unless it is true. */
export const flag = z
  .boolean()
  .nullish()
  .transform((value) => value ?? false);

/** `entity/project`. */
export const projectId = z.string().transform((value) => parseProjectId(value));

/** A list of at most `max` strings. */
export function strings(path: string, max = 1000) {
  return given(z.array(z.string())).transform((values) => {
    if (values !== undefined && values.length > max) throw valueError(tooLong(path, max, values.length));
    return values;
  });
}

/** The words are W&B's. */
function tooLong(path: string, max: number, length: number): string {
  const name = path.slice(path.lastIndexOf('.') + 1);
  return `${path}: Parameter: '${name}' request length is greater than max length (${max}). Actual length: ${length}`;
}

/** How many rows are wanted or skipped; 0 is a number like any other. The words are W&B's: clients and tests know them. */
function atLeastZero(name: 'Limit' | 'Offset') {
  return given(z.number()).transform((value) => {
    if (value === undefined || (Number.isSafeInteger(value) && value >= 0)) return value;
    throw valueError(`${name} must be a positive integer`);
  });
}
export const limit = atLeastZero('Limit');
export const offset = atLeastZero('Offset');
