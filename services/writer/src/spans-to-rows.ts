import { createHash } from 'node:crypto';
import { createDigests, type CallPart, type TraceEvent } from '@weft/model';
import { describeRejected, readSpans, spanToCall } from '@weft/otlp';
import { partVersion, type FileWrite, type ObjectWrite } from '@weft/trace-store';

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
  const digests = createDigests((data) => createHash('sha256').update(data).digest());
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
  readonly objects: ObjectWrite[];
  readonly files: FileWrite[];
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
    objects: [],
    files: [],
    unreadable: rejected.length === 0 ? null : describeRejected(rejected, rejected.length),
  };
  for (const span of spans) {
    const call = spanToCall(span, {
      projectId,
      userId,
      receivedAtUs: createdAtUs,
      opRef: (name) => ops.ref(projectId, name),
    });
    const name = `${span.traceId}/${call.id}`;
    rows.calls.push({
      projectId,
      id: call.id,
      spanTraceId: span.traceId,
      start: { ...call.start, version: partVersion(call.start.startedAtUs, true, name, span.raw) },
      end: { ...call.end, version: partVersion(call.end.endedAtUs, true, name, span.raw) },
    });
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
