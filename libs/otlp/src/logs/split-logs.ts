import { AppError } from '@weft/model';
import { checkMessage, LOG_SHAPE } from '../check.ts';
import { Groups, type Heads } from '../groups.ts';
import { JsonWriter } from '../json-writer.ts';
import { idProblem } from '../read.ts';
import { headerWarning, NO_PROJECT, type Route } from '../routing.ts';
import { MAX_REASONS, type RejectedSpan } from '../span.ts';
import type { SplitOptions } from '../split.ts';
import { walkEnvelopes } from '../walk-envelopes.ts';
import { asBuffer, WireReader } from '../wire.ts';
import { writeContent } from './log-dump.ts';
import { isGenAi, isOfSpan, readLogRecord, type LogRecord } from './log-record.ts';
import { otherSignalOf, type OtherSignal } from './other-signal.ts';
import { jsonLogsToProtobuf } from './read-json-logs.ts';
import { nameForSender, ofLogs, TOO_LARGE } from './read-logs.ts';

export interface LogGroup {
  projectId: string;
  /** Of all its records. */
  traceId: string;
  /** An ExportLogsServiceRequest of these records with their resources and scopes, protobuf. May be a view of the body. */
  payload: Uint8Array;
  recordCount: number;
}

export interface SplitLogs {
  groups: LogGroup[];
  /** Records that belong to spans and have GenAI content: those of the groups. */
  keptRecords: number;
  /** Records of other kinds: accepted and dropped. */
  ignoredRecords: number;
  rejectedRecords: number;
  /** The first 20 of them. */
  rejected: RejectedSpan[];
  /** For the sender, although everything was accepted. */
  warnings: string[];
}

/**
 * Reads a logs request just far enough to know which records belong to spans, that they are readable and where they go.
 * Routing as for spans (`splitTraceRequest`).
 * @throws AppError `invalid_request` when nothing can be read, nothing of what would be kept is routed, or it is a traces or
 * metrics request; `request_too_large` when the groups would together be several times the body.
 */
export function splitLogsRequest(body: Uint8Array, options: SplitOptions): SplitLogs {
  try {
    if (options.encoding === 'protobuf') return new LogSplitter(body, options).run();
    const transcoded = jsonLogsToProtobuf(body);
    const splitter = new LogSplitter(transcoded.payload, options);
    splitter.rejectAll(transcoded.rejected, transcoded.rejectedSpans);
    return splitter.run();
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    throw new AppError(error.code, ofLogs(error), { cause: error });
  }
}

const GEN_AI = Buffer.from('gen_ai.');
/** A byte of a record becomes at most about six of what is stored: smaller ones need not be measured. */
const SURELY_FITS_BYTES = 1024 * 1024;

const out = new JsonWriter();

class LogSplitter {
  private readonly body: Buffer;
  private readonly reader: WireReader;
  private readonly options: SplitOptions;
  private readonly groups: Groups;
  private readonly rejected: RejectedSpan[] = [];
  private readonly count = {
    seen: 0,
    kept: 0,
    rejected: 0,
    unreadable: 0,
    unrouted: 0,
    homeless: 0,
    byHeader: 0,
  };
  private readonly others: Record<OtherSignal, number> = { traces: 0, metrics: 0 };

  constructor(body: Uint8Array, options: SplitOptions) {
    this.body = asBuffer(body);
    this.reader = new WireReader(this.body);
    this.options = options;
    this.groups = new Groups(options.groupOf);
  }

  run(): SplitLogs {
    walkEnvelopes(this.reader, this.options, (at, end, heads, route) => this.record(at, end, heads, route));
    this.refuseHopeless();
    const { seen, kept, rejected } = this.count;
    return {
      groups: this.groups.finish(this.body, kept === seen, (group, payload) => ({
        projectId: group.projectId,
        traceId: group.traceId,
        payload,
        recordCount: group.itemCount,
      })),
      keptRecords: kept,
      ignoredRecords: seen - kept - rejected,
      rejectedRecords: rejected,
      rejected: this.rejected,
      warnings: this.warnings(),
    };
  }

  /** Records that the transcoder has already refused. */
  rejectAll(records: readonly RejectedSpan[], total: number): void {
    this.rejected.push(...records);
    this.count.seen += total;
    this.count.rejected += total;
    this.count.unreadable += total;
  }

  private record(at: number, end: number, heads: Heads, route: Route): void {
    this.count.seen++;
    const record = this.read(end);
    if (record === null || !isGenAi(record)) return;
    if (!isOfSpan(record)) {
      this.count.homeless++;
      return;
    }
    const problem = idProblem(record.traceId, record.spanId) ?? this.sizeProblem(record, end - at);
    if (problem !== null) this.reject(problem, record);
    else if (route.projectId === null) {
      this.count.unrouted++;
      this.reject(route.problem, record);
    } else {
      this.count.kept++;
      if (route.byHeader) this.count.byHeader++;
      this.groups.add(route.projectId, record.traceId, this.body.subarray(at, end), heads);
    }
  }

  /** The record at the reader; null for one that cannot be read, or can have no GenAI content. */
  private read(end: number): LogRecord | null {
    const { reader } = this;
    const from = reader.pos;
    try {
      const other = otherSignalOf(reader, end);
      if (other !== null) this.others[other]++;
      reader.pos = from;
      checkMessage(reader, end, LOG_SHAPE);
      if (!this.body.subarray(from, end).includes(GEN_AI)) return null;
      reader.pos = from;
      return readLogRecord(reader, end);
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      this.count.unreadable++;
      this.reject(ofLogs(error));
      return null;
    }
  }

  private sizeProblem(record: LogRecord, sizeBytes: number): string | null {
    return sizeBytes > SURELY_FITS_BYTES && writeContent(out, record) === null ? TOO_LARGE : null;
  }

  private reject(reason: string, record?: LogRecord): void {
    this.count.rejected++;
    if (this.rejected.length >= MAX_REASONS) return;
    if (record === undefined) this.rejected.push({ reason });
    else {
      const { traceId, spanId } = record;
      this.rejected.push({ reason, name: nameForSender(record), traceId, spanId });
    }
  }

  /** A request of which nothing can be kept, for a cause that is not in single records, is answered 400. */
  private refuseHopeless(): void {
    const { seen, kept, unreadable, unrouted } = this.count;
    if (seen === 0) return;
    for (const signal of ['traces', 'metrics'] as const) {
      if (this.others[signal] !== seen) continue;
      throw new AppError(
        'invalid_request',
        `this looks like an OTLP ${signal} export; send it to /otel/v1/${signal} and logs to /otel/v1/logs`,
      );
    }
    if (unreadable === seen)
      throw new AppError(
        'invalid_request',
        this.rejected[0]?.reason ?? 'no record of the request can be read',
      );
    if (kept === 0 && unrouted > 0 && unrouted === this.count.rejected)
      throw new AppError('invalid_request', NO_PROJECT);
  }

  private warnings(): string[] {
    const { byHeader, kept, homeless } = this.count;
    const warning = headerWarning(byHeader, kept, this.options, 'records');
    const warnings = warning === null ? [] : [warning];
    if (homeless > 0)
      warnings.push(
        `${homeless} GenAI records have no trace id and span id: they belong to no span and were not kept`,
      );
    return warnings;
  }
}
