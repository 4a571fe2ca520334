import { AppError, parseProjectId } from '@weft/model';
import { checkMessage, RESOURCE_SHAPE, SCOPE_SHAPE, SPAN_SHAPE } from './check.ts';
import { concatenate, sizeOf, type Piece, type ScopePiece } from './concatenate.ts';
import { jsonToProtobuf } from './read-json.ts';
import { idProblem, readKeyValue } from './read.ts';
import { KeyValues, MAX_REASONS, type Encoding, type RejectedSpan } from './span.ts';
import { asBuffer, FIXED64, VARINT, WireReader } from './wire.ts';

export interface SplitOptions {
  encoding: Encoding;
  /** The `project_id` header, as sent. */
  headerProject: string | null;
  /** Where spans go that neither resource nor header route. Null = such spans are rejected. */
  defaultProject?: string | null;
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

interface Group {
  readonly projectId: string;
  readonly traceId: string;
  readonly pieces: Piece[];
  spanCount: number;
}

const MAX_SPLIT_BYTES = 64 * 1024 * 1024;

type Rejection = 'undecodable' | 'ids' | 'unrouted';

class Splitter {
  private readonly body: Buffer;
  private readonly reader: WireReader;
  private readonly options: SplitOptions;
  private readonly groups = new Map<string, Group>();
  private readonly rejected: RejectedSpan[] = [];
  private readonly count = { seen: 0, undecodable: 0, ids: 0, unrouted: 0, logs: 0, byHeader: 0 };
  private lastGroup: Group | null = null;

  constructor(body: Uint8Array, options: SplitOptions) {
    this.body = asBuffer(body);
    this.reader = new WireReader(this.body);
    this.options = options;
  }

  run(): SplitRequest {
    const { reader, body } = this;
    while (reader.pos < body.length) {
      const tag = reader.tag(body.length);
      if (tag === 0x0a) this.resourceSpans(reader.limit(body.length));
      else reader.skip(tag, body.length);
    }
    this.refuseHopeless();
    this.refuseExplosion();
    const rejectedSpans = this.count.undecodable + this.count.ids + this.count.unrouted;
    return {
      groups: [...this.groups.values()].map((group) => this.finish(group, rejectedSpans)),
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

  /** Every group repeats its resources: a large one with thousands of traces must not become gigabytes. */
  private refuseExplosion(): void {
    if (this.groups.size === 1) return;
    const limit = Math.max(MAX_SPLIT_BYTES, this.body.length * 2);
    let total = 0;
    for (const { pieces } of this.groups.values()) {
      total += sizeOf(pieces);
      if (total > limit) {
        throw new AppError(
          'request_too_large',
          'too many traces that share a large resource: send them in smaller batches',
        );
      }
    }
  }

  private warnings(): string[] {
    const { byHeader, seen } = this.count;
    if (byHeader === 0 || byHeader === seen || this.options.headerProject === null) return [];
    return [
      `${byHeader} of ${seen} spans have no wandb.entity and wandb.project resource attributes and went to the project of the project_id header`,
    ];
  }

  private resourceSpans(end: number): void {
    const { reader } = this;
    const from = reader.pos;
    const head: Buffer[] = [];
    const resource = new KeyValues();
    while (reader.pos < end) {
      const at = reader.pos;
      const tag = reader.tag(end);
      if (tag === 0x0a) this.resource(reader.limit(end), resource);
      else reader.skip(tag, end);
      if (tag !== 0x12) head.push(this.body.subarray(at, reader.pos));
    }
    const route = this.route(resource);
    reader.pos = from;
    while (reader.pos < end) {
      const tag = reader.tag(end);
      if (tag === 0x12) this.scopeSpans(reader.limit(end), head, route);
      else reader.skip(tag, end);
    }
  }

  private resource(end: number, into: KeyValues): void {
    const { reader } = this;
    const from = reader.pos;
    checkMessage(reader, end, RESOURCE_SHAPE);
    reader.pos = from;
    while (reader.pos < end) {
      const tag = reader.tag(end);
      if (tag === 0x0a) readKeyValue(reader, reader.limit(end), into, 0);
      else reader.skip(tag, end);
    }
  }

  private scopeSpans(end: number, resourceHead: Buffer[], route: Route): void {
    const { reader } = this;
    const from = reader.pos;
    const head: Buffer[] = [];
    while (reader.pos < end) {
      const at = reader.pos;
      const tag = reader.tag(end);
      if (tag === 0x0a) checkMessage(reader, reader.limit(end), SCOPE_SHAPE);
      else reader.skip(tag, end);
      if (tag !== 0x12) head.push(this.body.subarray(at, reader.pos));
    }
    reader.pos = from;
    while (reader.pos < end) {
      const at = reader.pos;
      const tag = reader.tag(end);
      if (tag === 0x12) this.span(at, reader.limit(end), resourceHead, head, route);
      else reader.skip(tag, end);
    }
  }

  /** `at` is where the span's tag stands, `reader.pos` where its content starts. */
  private span(at: number, end: number, resourceHead: Buffer[], scopeHead: Buffer[], route: Route): void {
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
      reader.pos = end;
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
      this.accept(route.projectId, traceId, this.body.subarray(at, end), resourceHead, scopeHead);
    }
    reader.pos = end;
  }

  private accept(
    projectId: string,
    traceId: string,
    span: Buffer,
    resourceHead: Buffer[],
    scopeHead: Buffer[],
  ): void {
    const group = this.groupFor(projectId, traceId);
    group.spanCount++;
    let piece = group.pieces.at(-1);
    if (piece?.head !== resourceHead) group.pieces.push((piece = { head: resourceHead, scopes: [] }));
    let scope: ScopePiece | undefined = piece.scopes.at(-1);
    if (scope?.head !== scopeHead) piece.scopes.push((scope = { head: scopeHead, spans: [] }));
    scope.spans.push(span);
  }

  private groupFor(projectId: string, traceId: string): Group {
    const last = this.lastGroup;
    if (last !== null && last.traceId === traceId && last.projectId === projectId) return last;
    // Projects never share a payload, whatever the caller's key says.
    const key = `${projectId}\n${this.options.groupOf?.(projectId, traceId) ?? traceId}`;
    let group = this.groups.get(key);
    if (group === undefined) {
      group = { projectId, traceId, pieces: [], spanCount: 0 };
      this.groups.set(key, group);
    }
    this.lastGroup = group;
    return group;
  }

  private finish(group: Group, rejectedSpans: number): SpanGroup {
    const whole = this.groups.size === 1 && rejectedSpans === 0;
    return {
      projectId: group.projectId,
      traceId: group.traceId,
      encoding: 'protobuf',
      payload: whole ? this.body : concatenate(group.pieces),
      spanCount: group.spanCount,
    };
  }

  private route(resource: KeyValues): Route {
    const entity = resource.get('wandb.entity');
    const project = resource.get('wandb.project');
    const { headerProject, defaultProject } = this.options;
    try {
      if (typeof entity === 'string' && typeof project === 'string' && entity !== '' && project !== '') {
        const projectId = parseProjectId(
          `${entity}/${project}`,
          'resource attributes wandb.entity and wandb.project',
        );
        return { projectId, byHeader: false, problem: '' };
      }
      if (headerProject !== null && headerProject !== '') {
        return {
          projectId: parseProjectId(unescaped(headerProject), 'header project_id'),
          byHeader: true,
          problem: '',
        };
      }
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      return { projectId: null, byHeader: false, problem: error.message };
    }
    return { projectId: defaultProject ?? null, byHeader: false, problem: NO_PROJECT };
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

interface Route {
  readonly projectId: string | null;
  readonly byHeader: boolean;
  readonly problem: string;
}

const NO_PROJECT =
  'no project: set the resource attributes wandb.entity and wandb.project, or send the header project_id: <entity>/<project>';

// LogRecord has other wire types where Span has its ids: time_unix_nano = 1, severity_number = 2, observed_time = 11.
const LOG_TIME = (1 << 3) | FIXED64;
const LOG_SEVERITY = (2 << 3) | VARINT;
const LOG_OBSERVED_TIME = (11 << 3) | FIXED64;

/** OTEL_EXPORTER_OTLP_HEADERS values are URL-encoded by definition, and some SDKs forward them as they are. */
function unescaped(header: string): string {
  if (!header.includes('%')) return header;
  try {
    return decodeURIComponent(header);
  } catch {
    return header;
  }
}
