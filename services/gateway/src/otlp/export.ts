import { authorIn, type Principal } from '@weft/http';
import { AppError, type EventKind, type TraceEvent } from '@weft/model';
import {
  describeRejected,
  encodeExportResponse,
  splitLogsRequest,
  splitTraceRequest,
  type Encoding,
  type RejectedSpan,
  type Signal,
  type SplitOptions,
} from '@weft/otlp';
import type { Logger, Metrics } from '@weft/runtime';
import type { GatewayConfig } from '../config.ts';
import type { Ingest } from '../ingest.ts';

export interface ExportRequest {
  readonly signal: Signal;
  readonly encoding: Encoding;
  /** An Export…ServiceRequest, decompressed. */
  readonly body: Buffer;
  /** As `headerProjectOf` finds it; null = none. */
  readonly headerProject: string | null;
  readonly principal: Principal;
}

/**
 * Takes an OTLP export, whichever protocol brought it. Resolves with the response message in the request's encoding once
 * the log has what was accepted; refused parts are counted in its `partial_success`.
 * @throws AppError `invalid_request` when nothing can be read or routed, `forbidden` when the key may write to none of
 * the projects, `request_too_large`, `log_unavailable`.
 */
export type OtlpExport = (request: ExportRequest) => Promise<Buffer>;

export interface OtlpExportDeps {
  readonly ingest: Ingest;
  readonly config: GatewayConfig;
  readonly logger: Logger;
  readonly metrics: Metrics;
}

export function createOtlpExport({ ingest, config, logger, metrics }: OtlpExportDeps): OtlpExport {
  const ignored = metrics.counter({
    name: 'gateway_otlp_ignored_total',
    help: 'Accepted and dropped: log records that say nothing of a span, and requests with metrics.',
    labels: ['signal'],
  });
  let isSaid = false;

  function ignoreMetrics({ encoding }: ExportRequest): Buffer {
    ignored.inc({ signal: 'metrics' });
    if (!isSaid)
      logger.info('metrics are sent here over OTLP: they are accepted and dropped, this is said once');
    isSaid = true;
    return encodeExportResponse(encoding, 'metrics', { rejected: 0 });
  }

  return async (request) => {
    if (request.signal === 'metrics') return ignoreMetrics(request);
    const { encoding, signal, principal } = request;
    const split = splitOf(request, principal.onlyProject ?? config.WEFT_DEFAULT_PROJECT ?? null);
    if (split.ignored > 0) ignored.inc({ signal }, split.ignored);
    const { allowed, denied } = divide(split.groups, principal);
    const receivedAtUs = ingest.nowUs();
    await ingest.append(
      allowed.map(({ projectId, traceId, note, payload }): TraceEvent => ({
        kind: split.kind,
        projectId,
        userId: authorIn(principal, projectId),
        id: traceId,
        receivedAtUs,
        note,
        payload,
      })),
    );
    const deniedItems = [...denied.values()].reduce((sum, count) => sum + count, 0);
    const problems = [
      ...split.warnings,
      describeRejected(split.rejected, split.rejectedItems, split.item),
      describeDenied(denied, split.item),
    ];
    return encodeExportResponse(encoding, signal, {
      rejected: split.rejectedItems + deniedItems,
      errorMessage: problems.filter((text) => text !== '').join('; '),
    });
  };
}

/** Of spans and of log records alike. */
interface Split {
  readonly kind: EventKind;
  /** What one of them is called. */
  readonly item: 'span' | 'log record';
  readonly groups: readonly Group[];
  readonly ignored: number;
  readonly rejectedItems: number;
  readonly rejected: readonly RejectedSpan[];
  readonly warnings: readonly string[];
}

interface Group {
  readonly projectId: string;
  readonly traceId: string;
  readonly note: string;
  readonly payload: Uint8Array;
  readonly count: number;
}

function splitOf(
  { signal, body, encoding, headerProject }: ExportRequest,
  defaultProject: string | null,
): Split {
  const options: SplitOptions = { encoding, headerProject, defaultProject };
  if (signal === 'logs') {
    const { groups, ignoredRecords, rejectedRecords, rejected, warnings } = splitLogsRequest(body, options);
    return {
      kind: 'otlp.logs',
      item: 'log record',
      groups: groups.map((group) => ({ ...group, note: '', count: group.recordCount })),
      ignored: ignoredRecords,
      rejectedItems: rejectedRecords,
      rejected,
      warnings,
    };
  }
  const { groups, rejectedSpans, rejected, warnings } = splitTraceRequest(body, options);
  return {
    kind: 'otlp.spans',
    item: 'span',
    groups: groups.map((group) => ({ ...group, note: group.encoding, count: group.spanCount })),
    ignored: 0,
    rejectedItems: rejectedSpans,
    rejected,
    warnings,
  };
}

interface Division {
  readonly allowed: readonly Group[];
  /** How much was meant for each project that the key may not write to. */
  readonly denied: ReadonlyMap<string, number>;
}

/** @throws AppError `forbidden` when nothing is left. */
function divide(groups: readonly Group[], principal: Principal): Division {
  const allowed: Group[] = [];
  const denied = new Map<string, number>();
  for (const group of groups) {
    if (principal.can(group.projectId, 'write')) allowed.push(group);
    else denied.set(group.projectId, (denied.get(group.projectId) ?? 0) + group.count);
  }
  if (denied.size > 0 && allowed.length === 0)
    throw new AppError('forbidden', `the API key may not write to ${listOf([...denied.keys()])}`);
  return { allowed, denied };
}

const MAX_NAMED_PROJECTS = 20;

function listOf(projects: readonly string[]): string {
  return (
    projects.slice(0, MAX_NAMED_PROJECTS).join(', ') + (projects.length > MAX_NAMED_PROJECTS ? ', ...' : '')
  );
}

function describeDenied(denied: ReadonlyMap<string, number>, item: string): string {
  const reasons = [...denied].map(
    ([projectId, count]) => `${projectId} (${count} ${item}${count === 1 ? '' : 's'})`,
  );
  return reasons.length === 0 ? '' : `Rejected, for the API key may not write there: ${listOf(reasons)}`;
}
