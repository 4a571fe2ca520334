import { createContext, Script } from 'node:vm';
import { format, Validator, type Schema } from '@cfworker/json-schema';
import { AppError } from '@weft/model';

/** Formats are notes for people: W&B does not check them either. */
for (const name of Object.keys(format)) delete format[name];

/** Longest look at one value: a pattern of a schema may take any time. */
const MAX_CHECK_MS = 200;
/** Schemas and values beyond this are refused unread. */
const MAX_SCHEMA_BYTES = 256 * 1024;

/**
 * Whether `value` is what the annotation spec allows (its `field_schema`, a JSON Schema of draft 2020-12).
 * @param spec the spec's value, JSON. @throws AppError `invalid_request` when it is no such spec, or cannot be decided in time.
 */
export function isValueOfSpec(spec: Uint8Array, value: Uint8Array): boolean {
  const schema = schemaOf(spec);
  const parsed = JSON.parse(toText(value)) as unknown;
  try {
    return withinTime(() => new Validator(schema, '2020-12', true).validate(parsed).valid);
  } catch (error) {
    if (isTimeout(error)) throw invalid('checking the value against the annotation spec takes too long');
    // What the schema means cannot be told: references to nothing or to themselves, patterns that are none.
    throw invalid('annotation_ref: is not a valid annotation spec', error);
  }
}

function schemaOf(spec: Uint8Array): Schema {
  if (spec.length > MAX_SCHEMA_BYTES) throw invalid('annotation_ref: the annotation spec is too large');
  const parsed = JSON.parse(toText(spec)) as unknown;
  const schema = isObject(parsed) ? (parsed['field_schema'] ?? {}) : undefined;
  if (!isObject(schema)) throw invalid('annotation_ref: is not a valid annotation spec');
  return schema;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

const sandbox = createContext({});
const CHECK = new Script('check()');

/** Patterns run in this process; only the engine itself can stop one. */
function withinTime<T>(work: () => T): T {
  let result: T | undefined;
  sandbox['check'] = () => {
    result = work();
  };
  CHECK.runInContext(sandbox, { timeout: MAX_CHECK_MS });
  return result as T;
}

function isTimeout(error: unknown): boolean {
  return (error as NodeJS.ErrnoException | null)?.code === 'ERR_SCRIPT_EXECUTION_TIMEOUT';
}

function toText(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');
}

function invalid(message: string, cause?: unknown): AppError {
  return new AppError('invalid_request', message, { cause });
}
