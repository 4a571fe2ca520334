import type { EventLog } from '@weft/event-log';
import {
  classifyObject,
  cutTable,
  encodeObject,
  encodeTable,
  objectEventId,
  parseObjectName,
  type TableRow,
  type TraceEvent,
} from '@weft/model';
import type { TraceReader } from '@weft/trace-store';
import { createClock } from '../clock.ts';
import { digests } from '../digests.ts';

/** Who publishes, where. */
export interface Publisher {
  readonly projectId: string;
  readonly userId: string;
}

/** A version of an object with all that it stands on, as the events that a client's requests would become. */
export interface Publication {
  readonly objectId: string;
  readonly digest: string;
  readonly kind: 'op' | 'object';
  readonly events: readonly TraceEvent[];
}

export interface Published extends Publication {
  readonly versionIndex: number;
}

const clock = createClock();

/** @param before what the value names. @throws AppError for a bad name */
export function objectVersion(
  publisher: Publisher,
  objectId: string,
  val: Uint8Array,
  before: readonly TraceEvent[] = [],
): Publication {
  const digest = digests.json(val);
  const ofClass = classifyObject(val);
  const payload = encodeObject({ ...ofClass, val });
  const id = objectEventId(parseObjectName(objectId), digest);
  const event = toEvent(publisher, 'object.created', id, payload);
  return { objectId, digest, kind: ofClass.kind, events: [...before, event] };
}

export function sourceFile(publisher: Publisher, source: string): { digest: string; event: TraceEvent } {
  const bytes = Buffer.from(source);
  const digest = digests.bytes(bytes);
  return { digest, event: { ...toEvent(publisher, 'file.created', digest, bytes), note: SOURCE_FILE } };
}

/** Name of the file that an op or model has its source in. */
export const SOURCE_FILE = 'obj.py';

export function table(
  publisher: Publisher,
  rows: readonly TableRow[],
): { digest: string; events: TraceEvent[] } {
  const rowDigests = rows.map((row) => row.digest);
  const digest = digests.table(rowDigests);
  const payloads = encodeTable({ rows, ...cutTable(rowDigests, digests.chunk) });
  return { digest, events: payloads.map((payload) => toEvent(publisher, 'table.created', digest, payload)) };
}

function toEvent(
  { projectId, userId }: Publisher,
  kind: TraceEvent['kind'],
  id: string,
  payload: Uint8Array,
): TraceEvent {
  return { kind, projectId, id, userId, receivedAtUs: clock(), note: '', payload };
}

/**
 * Appends the events and tells the number that the version has, or gets: of two that are published at the same time
 * both may be told the same one.
 */
export async function publish(
  reader: TraceReader,
  eventLog: Pick<EventLog, 'append'>,
  projectId: string,
  publication: Publication,
): Promise<Published> {
  const { objectId, digest, kind, events } = publication;
  const known = (await reader.findVersions(projectId, objectId, [digest])).get(digest);
  const versionIndex =
    known?.digest === digest && known.kind === kind
      ? known.versionIndex
      : await reader.countVersions(projectId, objectId, kind);
  await eventLog.append('trace-events', events);
  return { ...publication, versionIndex };
}
