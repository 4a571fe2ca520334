import type { JsonWriter } from '../json-writer.ts';
import { readLogDump, type StoredLog } from './log-dump.ts';

/**
 * Stored records as W&B shows the events of a span: a list in the order of their time, each record once; attributes as
 * `nested` writes them.
 */
export function showLogs(
  out: JsonWriter,
  logs: readonly Uint8Array[],
  nested: (attributes: StoredLog['attributes']) => void,
): void {
  const shown = new Map<string, StoredLog>();
  for (const bytes of logs) {
    const log = readLogDump(bytes);
    const known = shown.get(log.identity);
    if (known === undefined || log.tie < known.tie) shown.set(log.identity, log);
  }
  out.raw('[');
  for (const log of [...shown.values()].sort(inOrder)) {
    const { time, eventName, severity, body, attributes } = log;
    out.next();
    out.raw('{"name":');
    out.string(eventName);
    out.raw(`,"timestamp":${time},"severity":{"number":${severity[0]},"text":`);
    out.string(severity[1]);
    out.raw('},"body":');
    out.value(body);
    out.raw(',"attributes":');
    nested(attributes);
    out.raw('}');
  }
  out.raw(']');
}

/** Records of one time and place differ in what they are. */
function inOrder(a: StoredLog, b: StoredLog): number {
  if (a.time !== b.time) return a.time < b.time ? -1 : 1;
  return a.tie - b.tie || (a.identity < b.identity ? -1 : 1);
}
