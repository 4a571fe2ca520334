import {
  encodeObject,
  encodeStoredFile,
  JsonMembers,
  objectEventId,
  type EventKind,
  type TraceEvent,
} from '@weft/model';
import { candidates } from './candidates.ts';
import type { Content } from './content-object.ts';
import { createMediaLift, type MediaLiftDeps } from './lift-media.ts';
import type { StoredContentFile } from './store-content.ts';

export interface LiftedEvents {
  /** To be appended: those that were given, in their order, after the files and objects that they refer to now. */
  readonly events: readonly TraceEvent[];
  /** To be called once the log has them. */
  acknowledged(): void;
}

/** Takes media out of calls that go to the log. */
export interface ContentLift {
  /** Never fails for what the events hold, nor because the store is away. Events of other kinds stay as they are. */
  lift(events: readonly TraceEvent[]): Promise<LiftedEvents>;
}

const LIFTED_MEMBERS = new Map<EventKind, readonly string[]>([
  ['call.started', ['inputs']],
  ['call.ended', ['output']],
  ['call.completed', ['inputs', 'output']],
]);

export function createContentLift(deps: MediaLiftDeps): ContentLift {
  const media = createMediaLift(deps);
  return {
    async lift(events) {
      if (!events.some(mayHoldContent)) return { events, acknowledged: () => undefined };
      const batch = media.begin();
      const created: TraceEvent[] = [];
      const calls: TraceEvent[] = [];
      for (const event of events) {
        if (!mayHoldContent(event)) {
          calls.push(event);
          continue;
        }
        const { json, made } = await batch.lift(event.projectId, event.payload, membersOf(event));
        for (const { content, files } of made)
          created.push(...files.map((file) => fileEvent(file, event)), objectEvent(content, event));
        calls.push(json === event.payload ? event : { ...event, payload: json });
      }
      return { events: [...created, ...calls], acknowledged: () => batch.acknowledged() };
    },
  };
}

function mayHoldContent({ kind, payload }: TraceEvent): boolean {
  return LIFTED_MEMBERS.has(kind) && candidates(payload).length > 0;
}

function membersOf({ kind, payload }: TraceEvent) {
  const members = JsonMembers.parse(payload);
  return LIFTED_MEMBERS.get(kind)!.flatMap((name) => {
    const value = members.raw(name);
    if (value === null) return [];
    const start = value.byteOffset - payload.byteOffset;
    return [{ start, end: start + value.length }];
  });
}

function fileEvent({ name, bytes, digest, uri }: StoredContentFile, call: TraceEvent): TraceEvent {
  const { projectId, userId, receivedAtUs } = call;
  const about = { projectId, userId, receivedAtUs, id: digest };
  if (uri === undefined) return { ...about, kind: 'file.created', note: name, payload: bytes };
  const payload = encodeStoredFile({ name, sizeBytes: bytes.length, uri });
  return { ...about, kind: 'file.stored', note: '', payload };
}

function objectEvent({ objectId, digest, val }: Content, call: TraceEvent): TraceEvent {
  const { projectId, userId, receivedAtUs } = call;
  const payload = encodeObject({ kind: 'object', baseObjectClass: null, leafObjectClass: null, val });
  const id = objectEventId(objectId, digest);
  return { kind: 'object.created', projectId, id, userId, receivedAtUs, note: '', payload };
}
