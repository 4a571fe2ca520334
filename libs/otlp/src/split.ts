import { AppError } from '@weft/model';
import { checkMessage, SPAN_SHAPE } from './check.ts';
import { Groups, type Heads } from './groups.ts';
import { jsonToProtobuf } from './read-json.ts';
import { idProblem } from './read.ts';
import { headerWarning, NO_PROJECT, type Route, type RouteOptions } from './routing.ts';
import { MAX_REASONS, type Encoding, type RejectedSpan } from './span.ts';
import { walkEnvelopes } from './walk-envelopes.ts';
import { asBuffer, FIXED64, VARINT, WireReader } from './wire.ts';

export interface SplitOptions extends RouteOptions {
  encoding: Encoding;
  /** Spans with equal keys travel together. Default: one group per project and trace. */
  groupOf?: (projectId: string, traceId: string) => string;
}

export interface SpanGroup {
  projectId: string;
  /** Of one of the spans. */
  traceId: string;
  /** JSON requests are written as protobuf here, so that the log holds one encoding. */
  encoding: 'protobuf';
  /** An ExportTraceServiceRequest of these spans with their resources and scopes. May be a view of the body. */
  payload: Uint8Array;
  spanCount: number;
}

export interface SplitRequest {
  groups: SpanGroup[];
  /** Accepted spans. */
  spanCount: number;
  rejectedSpans: number;
  /** The first 20 of them. */
  rejected: RejectedSpan[];
  /** For the sender, although everything was accepted. */
  warnings: string[];
}

/**
 * Reads a trace request just far enough to know that every accepted span is readable, has valid ids and has a project.
 * `wandb.entity` + `wandb.project` of the resource win over the header.
 * @throws AppError `invalid_request` when nothing can be read, nothing is routed, or it is a logs or metrics request;
 * `request_too_large` when the groups would together be several times the body.
 */
export function splitTraceRequest(body: Uint8Array, options: SplitOptions): SplitRequest {
  if (options.encoding === 'json') {
    const transcoded = jsonToProtobuf(body);
    const splitter = new Splitter(transcoded.payload, options);
    splitter.rejectAll(transcoded.rejected, transcoded.rejectedSpans);
    return splitter.run();
  }
  return new Splitter(body, options).run();
}

type Rejection = 'undecodable' | 'ids' | 'unrouted';

class Splitter {
  private readonly body: Buffer;
  private readonly reader: WireReader;
  private readonly options: SplitOptions;
  private readonly groups: Groups;
  private readonly rejected: RejectedSpan[] = [];
  private readonly count = { seen: 0, undecodable: 0, ids: 0, unrouted: 0, logs: 0, byHeader: 0 };

  constructor(body: Uint8Array, options: SplitOptions) {
    this.body = asBuffer(body);
    this.reader = new WireReader(this.body);
    this.options = options;
    this.groups = new Groups(options.groupOf);
  }

  run(): SplitRequest {
    walkEnvelopes(this.reader, this.options, (at, end, heads, route) => this.span(at, end, heads, route));
    this.refuseHopeless();
    const rejectedSpans = this.count.undecodable + this.count.ids + this.count.unrouted;
    return {
      groups: this.groups.finish(this.body, rejectedSpans === 0, (group, payload) => ({
        projectId: group.projectId,
        traceId: group.traceId,
        encoding: 'protobuf',
        payload,
        spanCount: group.itemCount,
      })),
      spanCount: this.count.seen - rejectedSpans,
      rejectedSpans,
      rejected: this.rejected,
      warnings: this.warnings(),
    };
  }

  /** Spans that the transcoder has already refused. */
  rejectAll(spans: readonly RejectedSpan[], total: number): void {
    this.rejected.push(...spans);
    this.count.seen += total;
    this.count.undecodable += total;
  }

  private reject(span: RejectedSpan, why: Rejection): void {
    if (why === 'undecodable') this.count.seen++;
    this.count[why]++;
    if (this.rejected.length < MAX_REASONS) this.rejected.push(span);
  }

  /** A request of which nothing can be kept, for a cause that is not in single spans, is answered 400. */
  private refuseHopeless(): void {
    const { seen, undecodable, logs, unrouted } = this.count;
    if (seen === 0) return;
    if (logs === seen) {
      throw new AppError(
        'invalid_request',
        'this looks like an OTLP logs export; send it to /otel/v1/logs and traces to /otel/v1/traces',
      );
    }
    if (undecodable === seen) {
      throw new AppError('invalid_request', this.rejected[0]?.reason ?? 'no span of the request can be read');
    }
    if (unrouted === seen) throw new AppError('invalid_request', NO_PROJECT);
  }

  private warnings(): string[] {
    const { byHeader, seen } = this.count;
    const warning = headerWarning(byHeader, seen, this.options, 'spans');
    return warning === null ? [] : [warning];
  }

  /** `at` is where the span's tag stands, the reader where its content starts. */
  private span(at: number, end: number, heads: Heads, route: Route): void {
    const { reader, count } = this;
    const from = reader.pos;
    let ids: SpanIds;
    try {
      ids = this.readIds(from, end);
      if (ids.looksLikeLog) count.logs++;
      reader.pos = from;
      checkMessage(reader, end, SPAN_SHAPE);
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      this.reject({ reason: error.message }, 'undecodable');
      return;
    }
    count.seen++;
    const { traceId, spanId } = ids;
    const problem = idProblem(traceId, spanId);
    if (problem !== null) {
      this.reject({ reason: problem, name: this.nameOf(from, end), traceId, spanId }, 'ids');
    } else if (route.projectId === null) {
      this.reject({ reason: route.problem, name: this.nameOf(from, end), traceId, spanId }, 'unrouted');
    } else {
      if (route.byHeader) count.byHeader++;
      this.groups.add(route.projectId, traceId, this.body.subarray(at, end), heads);
    }
  }

  private readIds(from: number, end: number): SpanIds {
    const { reader } = this;
    reader.pos = from;
    const ids: SpanIds = { traceId: '', spanId: '', looksLikeLog: false };
    while (reader.pos < end) {
      const tag = reader.tag(end);
      if (tag === 0x0a) ids.traceId = reader.hex(end);
      else if (tag === 0x12) ids.spanId = reader.hex(end);
      else {
        if (tag === LOG_TIME || tag === LOG_OBSERVED_TIME || tag === LOG_SEVERITY) ids.looksLikeLog = true;
        reader.skip(tag, end);
      }
    }
    if (ids.traceId !== '' || ids.spanId !== '') ids.looksLikeLog = false;
    return ids;
  }

  /** Read only for spans that are reported. */
  private nameOf(from: number, end: number): string {
    const { reader } = this;
    reader.pos = from;
    let name = '';
    while (reader.pos < end) {
      const tag = reader.tag(end);
      if (tag === 0x2a) name = reader.text(end);
      else reader.skip(tag, end);
    }
    return name.slice(0, 128);
  }
}

interface SpanIds {
  traceId: string;
  spanId: string;
  looksLikeLog: boolean;
}

// LogRecord has other wire types where Span has its ids: time_unix_nano = 1, severity_number = 2, observed_time = 11.
const LOG_TIME = (1 << 3) | FIXED64;
const LOG_SEVERITY = (2 << 3) | VARINT;
const LOG_OBSERVED_TIME = (11 << 3) | FIXED64;
