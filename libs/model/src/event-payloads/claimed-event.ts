import { AppError } from '../errors.ts';
import { EVENT_KINDS, type EventKind, type TraceEvent } from '../events.ts';
import { decoding } from './decoding.ts';

/** `event.claimed`: what it takes to have the event whose payload is a blob. */
export interface ClaimedEvent {
  readonly kind: EventKind;
  readonly note: string;
  /** Of the payload's bytes, as a file's. */
  readonly digest: string;
  readonly sizeBytes: number;
  /** The store that has it: `BlobStore.uri`. */
  readonly uri: string;
}

/** The event that stands in the log for `event`, whose payload is a blob. Same key, same order. */
export function claimedEvent(event: TraceEvent, blob: Pick<ClaimedEvent, 'digest' | 'uri'>): TraceEvent {
  const { kind, note, payload } = event;
  const { digest, uri } = blob;
  const claim = { kind, note, digest, size_bytes: payload.length, uri };
  return { ...event, kind: 'event.claimed', note: '', payload: Buffer.from(JSON.stringify(claim)) };
}

/** @throws AppError `undecodable_event` */
export function readClaimedEvent(event: TraceEvent): ClaimedEvent {
  return decoding(event, (members) => {
    const kind = members.requiredText('kind');
    if (!Object.hasOwn(EVENT_KINDS, kind) || kind === 'event.claimed')
      throw new AppError('undecodable_event', `unknown event kind ${kind.slice(0, 40)}`);
    return {
      kind: kind as EventKind,
      note: members.text('note') ?? '',
      digest: members.requiredText('digest'),
      sizeBytes: members.integer('size_bytes') ?? 0,
      uri: members.requiredText('uri'),
    };
  });
}
