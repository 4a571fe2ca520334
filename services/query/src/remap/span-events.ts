import { MOVED_SPANS, nowUs, type TraceEvent } from '@weft/model';
import { encodeSpans, type OtlpSpan } from '@weft/otlp';

/** One event stays far below the size of a log record; a larger span travels alone, as it came. */
const MAX_EVENT_BYTES = 512 * 1024;

interface Group {
  readonly traceId: string;
  readonly userId: string;
  /** Of spans that have no time of their own: then it is where their call begins. */
  readonly receivedAtUs: number | null;
  readonly hasMoved: boolean;
  readonly spans: OtlpSpan[];
  sizeBytes: number;
}

/** Of the row that has the span. */
export interface StoredFacts {
  /** Who sent it. */
  readonly userId: string;
  readonly startedAtUs: number;
  /** The call begins at another instant now. */
  readonly hasMoved: boolean;
  readonly sizeBytes: number;
}

/** Gathers spans into `otlp.spans` events, as if they had come once more from whoever sent them. */
export class SpanEvents {
  private readonly groups = new Map<string, Group>();
  private readonly full: Group[] = [];
  private readonly projectId: string;
  /** Of the spans, roughly. */
  sizeBytes = 0;

  constructor(projectId: string) {
    this.projectId = projectId;
  }

  /** @param stored what the row says of the span. */
  add(span: OtlpSpan, { userId, startedAtUs, hasMoved, sizeBytes }: StoredFacts): void {
    const { traceId } = span;
    const receivedAtUs = span.start.us === 0 && span.end.us === 0 ? startedAtUs : null;
    const key = `${traceId}\0${receivedAtUs ?? ''}\0${hasMoved}\0${userId}`;
    let group = this.groups.get(key);
    if (group !== undefined && group.sizeBytes + sizeBytes > MAX_EVENT_BYTES) {
      this.full.push(group);
      group = undefined;
    }
    if (group === undefined) {
      group = { traceId, userId, receivedAtUs, hasMoved, spans: [], sizeBytes: 0 };
      this.groups.set(key, group);
    }
    group.spans.push(span);
    group.sizeBytes += sizeBytes;
    this.sizeBytes += sizeBytes;
  }

  /** The events; the next span starts anew. */
  take(): TraceEvent[] {
    const groups = [...this.full, ...this.groups.values()];
    this.full.length = 0;
    this.groups.clear();
    this.sizeBytes = 0;
    return groups.map(({ traceId, userId, receivedAtUs, hasMoved, spans }) => ({
      kind: 'otlp.spans',
      projectId: this.projectId,
      id: traceId,
      userId,
      receivedAtUs: receivedAtUs ?? nowUs(),
      note: hasMoved ? MOVED_SPANS : 'protobuf',
      payload: encodeSpans(spans),
    }));
  }
}
