import type { EndGroup, StartGroup } from '@weft/model';
import type { SpanCall } from '@weft/otlp';

/** A field of a call that another mapping gives another value. */
export interface Difference {
  /** As the wire has it. */
  readonly field: string;
  readonly group: 'start' | 'end';
  readonly before: string;
  readonly after: string;
}

/** Not the mapping's to decide, or said by another field as well. */
const SKIPPED: ReadonlySet<string> = new Set(['version', 'traceId', 'userId', 'otelDump', 'inputRefs', 'outputRefs', 'opName']); // prettier-ignore

const WIRE_NAMES: ReadonlyMap<string, string> = new Map([
  ['startedAtUs', 'started_at'],
  ['endedAtUs', 'ended_at'],
  ['runId', 'wb_run_id'],
  ['runStep', 'wb_run_step'],
  ['runStepEnd', 'wb_run_step_end'],
]);

/** What differs between a stored call's own content and what the span means now. */
export function differencesOf(
  stored: { readonly start: StartGroup; readonly end: EndGroup },
  { projectId, opShortName, start, end }: SpanCall,
): Difference[] {
  const differences = [...groupOf('start', stored.start, start), ...groupOf('end', stored.end, end)];
  const shortName = asStored(opShortName);
  const storedOp = stored.start.opName;
  if (storedOp !== shortName && !storedOp.startsWith(`weave:///${projectId}/op/${shortName}:`))
    differences.push({ field: 'op_name', group: 'start', before: storedOp, after: shortName });
  return differences;
}

/** Fields that are given to calls later on are compared as well. */
function groupOf(group: Difference['group'], stored: object, now: object): Difference[] {
  const before = new Map<string, unknown>(Object.entries(stored));
  const differences: Difference[] = [];
  for (const [name, value] of Object.entries(now)) {
    if (SKIPPED.has(name) || isSame(name, before.get(name), value)) continue;
    differences.push({
      field: WIRE_NAMES.get(name) ?? name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`),
      group,
      before: textOf(before.get(name)),
      after: textOf(value),
    });
  }
  return differences;
}

function isSame(name: string, before: unknown, after: unknown): boolean {
  if (before instanceof Uint8Array && after instanceof Uint8Array) return Buffer.compare(before, after) === 0;
  const [a, b] = [plain(before), plain(after)];
  // Of texts only the exception tells the empty from none.
  return a === b || (name !== 'exception' && (a ?? '') === (b ?? ''));
}

/** Half of a surrogate pair is no text that can be stored. */
function asStored(text: string): string {
  return Buffer.from(text).toString();
}

/** A flag that is off is none. */
function plain(value: unknown): unknown {
  if (typeof value === 'string') return asStored(value);
  return value === undefined || value === false ? null : value;
}

function textOf(value: unknown): string {
  if (value instanceof Uint8Array) return Buffer.from(value).toString();
  return value === undefined || value === null ? 'null' : String(value);
}

const SHOWN = 160;
const BEFORE_CHANGE = 40;

/** Both texts around the place where they begin to differ. */
export function shortened({ field, before, after }: Difference): {
  field: string;
  before: string;
  after: string;
} {
  let at = 0;
  while (at < before.length && before[at] === after[at]) at++;
  const from = at <= BEFORE_CHANGE + 1 ? 0 : at - BEFORE_CHANGE;
  const cut = (text: string): string => {
    const head = from === 0 ? '' : '…';
    const tail = text.length > from + SHOWN ? '…' : '';
    return head + asStored(text.slice(from, from + SHOWN)) + tail;
  };
  return { field, before: cut(before), after: cut(after) };
}
