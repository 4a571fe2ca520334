import type { EventLog } from '@weft/event-log';
import { isDigest, type BlobKind, type Held, type Unstored } from '@weft/file-storage';
import { AppError, readCallClaims, readClaimedEvent, type TraceEvent } from '@weft/model';

export interface UnstoredDeps {
  readonly eventLog: Pick<EventLog, 'endOffsets' | 'waitCommitted' | 'deadLetters'>;
  /** Longest wait for the writer; default 60 s. */
  readonly maxWaitMs?: number;
  /** Digests of dead letters that are held in memory, default 200,000: beyond, all that their projects have is kept. */
  readonly maxDigests?: number;
}

const TOPIC = 'trace-events';
const WAIT_MS = 60_000;
/** Between two looks whether anybody still wants to know. */
const LOOK_MS = 5_000;
const MAX_DIGESTS = 200_000;

/** What events that are not stored refer to. */
export function createUnstored({
  eventLog,
  maxWaitMs = WAIT_MS,
  maxDigests = MAX_DIGESTS,
}: UnstoredDeps): Unstored {
  return {
    settle: async (signal) => {
      const ends = await eventLog.endOffsets(TOPIC);
      const untilMs = performance.now() + maxWaitMs;
      for (;;) {
        signal?.throwIfAborted();
        const leftMs = untilMs - performance.now();
        if (leftMs <= 0) throw behind(maxWaitMs);
        if (await eventLog.waitCommitted(TOPIC, 'writer', ends, Math.min(leftMs, LOOK_MS))) break;
      }
      const held = new HeldDigests(maxDigests);
      for await (const { event } of eventLog.deadLetters(TOPIC)) {
        signal?.throwIfAborted();
        held.add(event);
      }
      return held;
    },
  };
}

function behind(maxWaitMs: number): AppError {
  return new AppError(
    'log_unavailable',
    `the writer has not stored within ${Math.round(maxWaitMs / 1000)} s what is in the log, and what is not stored may refer to blobs: nothing was done. Try again when it has caught up`,
  );
}

class HeldDigests implements Held {
  private readonly byKind = new Map<string, Set<string>>();
  private readonly blocked = new Set<string>();
  private readonly maxDigests: number;
  private count = 0;

  constructor(maxDigests: number) {
    this.maxDigests = maxDigests;
  }

  of(projectId: string, kind: BlobKind): ReadonlySet<string> | 'all' {
    if (this.blocked.has(projectId)) return 'all';
    return this.byKind.get(`${projectId}\0${kind}`) ?? NONE;
  }

  add(event: TraceEvent): void {
    const { projectId } = event;
    if (this.blocked.has(projectId)) return;
    try {
      for (const [kind, digest] of blobsOf(event)) {
        if (++this.count > this.maxDigests) return void this.blocked.add(projectId);
        const key = `${projectId}\0${kind}`;
        const digests = this.byKind.get(key) ?? new Set();
        this.byKind.set(key, digests.add(digest));
      }
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      this.blocked.add(projectId);
    }
  }
}

const NONE: ReadonlySet<string> = new Set();

/** Blobs that the event refers to. @throws AppError `undecodable_event` */
function blobsOf(event: TraceEvent): (readonly [BlobKind, string])[] {
  switch (event.kind) {
    case 'file.stored':
      return [['files', digestOf(event.id)]];
    case 'event.claimed':
      return [['events', digestOf(readClaimedEvent(event).digest)]];
    case 'call.started':
    case 'call.ended':
    case 'call.completed':
      return readCallClaims(event.note).claims.map(({ digest }) => ['payloads', digest] as const);
    default:
      return [];
  }
}

function digestOf(text: string): string {
  if (isDigest(text)) return text;
  throw new AppError('undecodable_event', `not a digest: ${text.slice(0, 50)}`);
}
