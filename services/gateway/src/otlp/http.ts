import {
  createRouter,
  principalOf,
  readBody,
  type CorsPolicy,
  type ErrorBody,
  type Request,
  type Response,
  type RouteGroup,
} from '@weft/http';
import { AppError } from '@weft/model';
import { CONTENT_TYPES, encodeStatus, encodingOf, type Signal } from '@weft/otlp';
import type { GatewayConfig } from '../config.ts';
import type { OtlpExport } from './export.ts';
import { headerProjectOf, PROJECT_HEADERS, PROJECT_PART_HEADERS } from './project-header.ts';
import { rpcStatusOf } from './rpc-status.ts';

/** Where SDKs put OTLP's own paths: nowhere, W&B's, those of its agents SDK (its spans are calls here), and Langfuse's. */
const BASES = ['', '/otel', '/agents/otel', '/api/public/otel'];

const PATHS: readonly (readonly [path: string, signal: Signal])[] = [
  ['/traces', 'traces'],
  ['/logs', 'logs'],
  ['/metrics', 'metrics'],
];

/** W&B's alone. */
const OTEL_PATHS: typeof PATHS = [
  ['/trace', 'traces'],
  ['/genai/traces', 'traces'],
];

/** OTLP/HTTP: everything below these paths answers in the request's encoding, failures as google.rpc.Status. */
export function otlpRoutes(
  exportOtlp: OtlpExport,
  config: Pick<GatewayConfig, 'GATEWAY_OTLP_MAX_BODY_BYTES' | 'GATEWAY_CORS_ORIGINS'>,
): RouteGroup[] {
  const { GATEWAY_OTLP_MAX_BODY_BYTES: maxBytes, GATEWAY_CORS_ORIGINS: origins } = config;
  const cors: CorsPolicy = { origins, methods: ['POST'], headers: CORS_HEADERS };
  const group = { errorBody: statusBody, ...(origins.length > 0 && { cors }) };

  const take = (signal: Signal) => async (req: Request, res: Response) => {
    const encoding = encodingOf(req.headers['content-type']);
    if (encoding === null)
      throw new AppError(
        'unsupported_media_type',
        'content-type: expected application/x-protobuf or application/json',
      );
    const body = await readBody(req, { maxBytes });
    const headerProject = headerProjectOf(req.headers);
    const answer = await exportOtlp({ signal, encoding, body, headerProject, principal: principalOf(req) });
    res.writeHead(200, { 'Content-Type': CONTENT_TYPES[encoding], 'Content-Length': answer.length });
    res.end(answer);
  };

  return BASES.flatMap((base) => {
    const router = createRouter();
    for (const [path, signal] of [...PATHS, ...(base === '/otel' ? OTEL_PATHS : [])])
      router.post(path, take(signal));
    // Profiles and what else is in development: not taken, and said in OTLP's words.
    const development = { path: `${base}/v1development`, router: createRouter(), ...group };
    return [{ path: `${base}/v1`, router, ...group }, development];
  });
}

const CORS_HEADERS = [
  'content-type',
  'content-encoding',
  'authorization',
  'wandb-api-key',
  ...PROJECT_HEADERS,
  ...PROJECT_PART_HEADERS,
  'traceparent',
  'tracestate',
  'baggage',
];

const statusBody: ErrorBody = (req, status, error) => {
  const encoding = encodingOf(req.headers['content-type']) ?? 'protobuf';
  return { contentType: CONTENT_TYPES[encoding], body: encodeStatus(encoding, rpcStatusOf(status, error)) };
};
