import type { FeedbackRange, FeedbackValueType, TraceReader } from '@weft/trace-store';

const DEFAULT_SAMPLES = 2000;
/** What is looked at in all, and in how many places: enough to know the shape of what scorers write. */
const MAX_BYTES = 32 * 1024 * 1024;
const MAX_PATHS = 5000;
/** Paths that statistics can ask for. */
const PATH = /^[a-zA-Z0-9_. ]+$/;

export interface PayloadPath {
  readonly json_path: string;
  readonly value_type: FeedbackValueType;
}

/** The values in payloads and what they are, out of the newest payload of each trigger; sorted by path. */
export async function payloadSchema(
  reader: TraceReader,
  range: FeedbackRange,
  samples = DEFAULT_SAMPLES,
  signal?: AbortSignal,
): Promise<PayloadPath[]> {
  const types = new Map<string, Set<string>>();
  let left = MAX_BYTES;
  for await (const page of reader.feedbackSamples(range, samples, signal)) {
    for (const payload of page) {
      left -= payload.length;
      collect(JSON.parse(Buffer.from(payload).toString('utf8')), '', types);
    }
    if (left < 0 || types.size > MAX_PATHS) break;
  }
  return [...types]
    .filter(([path]) => PATH.test(path))
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([path, seen]) => ({ json_path: path, value_type: typeOf(seen) }));
}

/** Members of objects; what is inside lists has no path, single values in a list count for the list. */
function collect(value: unknown, path: string, types: Map<string, Set<string>>): void {
  if (Array.isArray(value)) {
    for (const each of value as unknown[]) if (!isNested(each)) note(each, path, types);
    return;
  }
  if (!isNested(value)) return note(value, path, types);
  for (const [name, member] of Object.entries(value)) {
    if (name.includes('.') || name.trim() === '') continue;
    collect(member, path === '' ? name : `${path}.${name}`, types);
  }
}

function isNested(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

function note(value: unknown, path: string, types: Map<string, Set<string>>): void {
  const seen = types.get(path) ?? new Set<string>();
  types.set(path, seen.add(value === null ? 'null' : typeof value));
}

/** Only nulls could be anything; W&B says boolean. */
function typeOf(seen: ReadonlySet<string>): FeedbackValueType {
  const isOnly = (type: string) => [...seen].every((each) => each === type || each === 'null');
  if (isOnly('boolean')) return 'boolean';
  return isOnly('number') ? 'numeric' : 'categorical';
}
