import { createDigests, MOVED_SPANS, type CallPart, type TraceEvent } from '@weft/model';
import { describeRejected, evaluationsOf, MAPPING_VERSION, readSpans, spanToCall } from '@weft/otlp';
import { sha256 } from '@weft/runtime';
import { spanVersion, type FeedbackWrite, type FileWrite, type ObjectWrite } from '@weft/trace-store';
import { evaluationToFeedback } from './evaluation-to-feedback.ts';
import { mayHoldMedia, type SpanWithMedia } from './span-media.ts';

/** Op objects already written by this process: `project/name`. Writing one again is harmless, so forgetting is too. */
const MAX_KNOWN_OPS = 50_000;

/** W&B shows an op object behind every call; spans have none, so each span name gets a placeholder once. */
export interface OpPlaceholders {
  ref(projectId: string, name: string): string;
  /** True the first time for this project and name. */
  isNew(projectId: string, name: string): boolean;
  /** A write failed: what was said to be stored may not be. */
  forget(): void;
  readonly digest: string;
  readonly val: Uint8Array;
  readonly source: Uint8Array;
  readonly sourceDigest: string;
}

export function createOpPlaceholders(): OpPlaceholders {
  const source = Buffer.from('# This op was made from OpenTelemetry spans: its source code is not known.\n');
  const digests = createDigests(sha256);
  const sourceDigest = digests.bytes(source);
  const val = Buffer.from(
    `{"_type": "CustomWeaveType", "weave_type": {"type": "Op"}, "files": {"obj.py": "${sourceDigest}"}, "load_op": "NO_LOAD_OP"}`,
  );
  const digest = digests.json(val);
  const known = new Set<string>();
  return {
    source,
    sourceDigest,
    val,
    digest,
    forget: () => known.clear(),
    ref: (projectId, name) => `weave:///${projectId}/op/${name}:${digest}`,
    isNew(projectId, name) {
      const key = `${projectId}/${name}`;
      if (known.has(key)) return false;
      if (known.size >= MAX_KNOWN_OPS) known.clear();
      known.add(key);
      return true;
    },
  };
}

export interface SpanRows {
  readonly calls: CallPart[];
  /** Those of them whose inputs or output may hold media. */
  readonly withMedia: SpanWithMedia[];
  readonly objects: ObjectWrite[];
  readonly files: FileWrite[];
  /** Results of evaluations that were told as events of the spans. */
  readonly feedback: FeedbackWrite[];
  /** Why some spans of the event could not be read; null when all could. */
  readonly unreadable: string | null;
}

/** Spans of one `otlp.spans` event → finished calls, and the op placeholders they refer to. @throws AppError `undecodable_event` */
export function spansToRows(event: TraceEvent, ops: OpPlaceholders): SpanRows {
  const { projectId, receivedAtUs: createdAtUs } = event;
  const userId = event.userId === '' ? null : event.userId;
  const { spans, rejected } = readSpans(event.payload, event.note === 'json' ? 'json' : 'protobuf');
  const rows: SpanRows = {
    calls: [],
    withMedia: [],
    objects: [],
    files: [],
    feedback: [],
    unreadable: rejected.length === 0 ? null : describeRejected(rejected, rejected.length),
  };
  const opRef = (name: string) => ops.ref(projectId, name);
  for (const span of spans) {
    const options = { projectId, userId, receivedAtUs: createdAtUs, opRef };
    const call = spanToCall(span, options);
    const name = `${span.traceId}/${call.id}`;
    const version = (timeUs: number) => spanVersion(timeUs, MAPPING_VERSION, name, span.raw);
    const part: CallPart = {
      projectId,
      id: call.id,
      spanTraceId: span.traceId,
      ...(event.note === MOVED_SPANS && { hasMoved: true }),
      start: { ...call.start, version: version(span.start.us || call.start.startedAtUs) },
      end: { ...call.end, version: version(span.end.us || call.end.endedAtUs) },
    };
    rows.calls.push(part);
    if (mayHoldMedia(part)) {
      const wholeDump = () => spanToCall(span, { ...options, isDumpWhole: true }).start.otelDump!;
      rows.withMedia.push({ call: part, userId: event.userId, createdAtUs, wholeDump });
    }
    for (const evaluation of evaluationsOf(span))
      rows.feedback.push(evaluationToFeedback(event, span.traceId, span.spanId, evaluation));
    if (ops.isNew(projectId, call.opShortName)) {
      rows.objects.push({
        projectId,
        objectId: call.opShortName,
        digest: ops.digest,
        kind: 'op',
        baseObjectClass: null,
        leafObjectClass: null,
        val: ops.val,
        refs: [],
        userId: event.userId,
        createdAtUs,
        deletedAtUs: null,
      });
      rows.files.push({
        projectId,
        digest: ops.sourceDigest,
        name: 'obj.py',
        bytes: ops.source,
        createdAtUs,
      });
    }
  }
  return rows;
}
