import type { IncomingMessage } from 'node:http';
import {
  createRouter,
  readBody,
  requireProject,
  type ErrorBody,
  type Request,
  type Response,
  type RouteGroup,
} from '@weft/http';
import { AppError, type TraceEvent } from '@weft/model';
import {
  CONTENT_TYPES,
  describeRejected,
  encodeExportResponse,
  encodeStatus,
  RPC_CODES,
  splitTraceRequest,
  type Encoding,
} from '@weft/otlp';
import type { GatewayConfig } from '../config.ts';
import { userOf, type Ingest } from '../ingest.ts';

/** W&B's routes, those of the agents SDK (its spans are calls here), a plain OTLP base, and Langfuse's. */
const TRACE_PATHS: Readonly<Record<string, readonly string[]>> = {
  '/otel': ['/v1/traces', '/v1/trace', '/v1/genai/traces'],
  '/agents/otel': ['/v1/traces'],
  '/api/public/otel': ['/v1/traces'],
  '/v1': ['/traces'],
};

/** OTLP/HTTP: everything below these paths answers in the request's encoding, failures as google.rpc.Status. */
export function otlpRoutes(ingest: Ingest, config: GatewayConfig): RouteGroup[] {
  const maxBytes = config.GATEWAY_OTLP_MAX_BODY_BYTES;

  async function exportTraces(req: Request, res: Response): Promise<void> {
    const encoding = encodingOf(req);
    if (encoding === null)
      throw new AppError(
        'unsupported_media_type',
        'content-type: expected application/x-protobuf or application/json',
      );
    const body = await readBody(req, { maxBytes });
    const split = splitTraceRequest(body, { encoding, headerProject: headerOf(req, 'project_id') });
    for (const projectId of new Set(split.groups.map((group) => group.projectId)))
      requireProject(req, projectId, 'write');
    const event = { kind: 'otlp.spans', userId: userOf(req, null), receivedAtUs: ingest.nowUs() } as const;
    await ingest.append(
      split.groups.map(({ projectId, traceId, encoding: note, payload }): TraceEvent => ({
        ...event,
        projectId,
        id: traceId,
        note,
        payload,
      })),
    );
    const problems = [...split.warnings, describeRejected(split.rejected, split.rejectedSpans)].filter(
      (text) => text !== '',
    );
    const answer = encodeExportResponse(encoding, {
      rejectedSpans: split.rejectedSpans,
      errorMessage: problems.join('; '),
    });
    res.writeHead(200, { 'Content-Type': CONTENT_TYPES[encoding], 'Content-Length': answer.length });
    res.end(answer);
  }

  return Object.entries(TRACE_PATHS).map(([path, routes]) => {
    const router = createRouter();
    for (const route of routes) router.post(route, exportTraces);
    return { path, router, errorBody: statusBody };
  });
}

function encodingOf(req: IncomingMessage): Encoding | null {
  const type = req.headers['content-type']?.split(';', 1)[0]!.trim().toLowerCase();
  if (type === CONTENT_TYPES.protobuf) return 'protobuf';
  return type === CONTENT_TYPES.json ? 'json' : null;
}

function headerOf(req: IncomingMessage, name: string): string | null {
  const value = req.headers[name];
  return typeof value === 'string' ? value : null;
}

const CODE_OF_STATUS: Readonly<Record<number, number>> = {
  400: RPC_CODES.invalidArgument,
  401: RPC_CODES.unauthenticated,
  403: RPC_CODES.permissionDenied,
  404: RPC_CODES.unimplemented,
  405: RPC_CODES.unimplemented,
  413: RPC_CODES.resourceExhausted,
  415: RPC_CODES.invalidArgument,
  429: RPC_CODES.resourceExhausted,
  503: RPC_CODES.unavailable,
};

const statusBody: ErrorBody = (req, status, error) => {
  const encoding = encodingOf(req) ?? 'protobuf';
  const code = CODE_OF_STATUS[status] ?? RPC_CODES.internal;
  return {
    contentType: CONTENT_TYPES[encoding],
    body: encodeStatus(encoding, { code, message: error.message }),
  };
};
