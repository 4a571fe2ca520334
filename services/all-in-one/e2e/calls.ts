import { randomBytes } from 'node:crypto';

/**
 * Calls as the text that goes over the wire. Members are JSON text too, so that a test says exactly which bytes are sent:
 * JSON.stringify could not write 1.0 or the same name twice.
 */
export type Members = Readonly<Record<string, string>>;

const START = {
  op_name: '"op"',
  started_at: '"2026-01-02T03:04:05.000006Z"',
  attributes: '{}',
  inputs: '{}',
};
const END = { ended_at: '"2026-01-02T03:04:06.000006Z"', output: 'null', summary: '{}' };

export function toJson(members: Members): string {
  return `{${Object.entries(members)
    .map(([name, value]) => `${JSON.stringify(name)}:${value}`)
    .join(',')}}`;
}

function identity(project: string, id: string): Members {
  return { project_id: JSON.stringify(project), id: JSON.stringify(id) };
}

export function started(project: string, id: string, members: Members = {}): string {
  return toJson({ ...identity(project, id), trace_id: JSON.stringify(id), ...START, ...members });
}

export function ended(project: string, id: string, members: Members = {}): string {
  return toJson({ ...identity(project, id), ...END, ...members });
}

export function completed(project: string, id: string, members: Members = {}): string {
  return toJson({ ...identity(project, id), trace_id: JSON.stringify(id), ...START, ...END, ...members });
}

/** An item of `/call/upsert_batch`. */
export function startItem(call: string): string {
  return `{"mode":"start","req":{"start":${call}}}`;
}

/** An item of `/call/upsert_batch`. */
export function endItem(call: string): string {
  return `{"mode":"end","req":{"end":${call}}}`;
}

export function batch(...items: readonly string[]): string {
  return `{"batch":[${items.join(',')}]}`;
}

let last = 0;

/** A UUIDv7, as the SDKs make them: later ones sort behind earlier ones. */
export function newCallId(): string {
  last = Math.max(last + 1, Date.now());
  const time = last.toString(16).padStart(12, '0');
  const rest = randomBytes(9).toString('hex');
  return `${time.slice(0, 8)}-${time.slice(8)}-7${rest.slice(0, 3)}-8${rest.slice(3, 6)}-${rest.slice(6)}`;
}

export function newIds(count: number): string[] {
  return Array.from({ length: count }, newCallId);
}
