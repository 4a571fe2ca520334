import { route, type Route, type RouteContext } from '@weft/http';
import {
  ingestSamplingRead,
  openApi,
  openApiDocument,
  ROUTES,
  sensitiveDataSettings,
  ttlSettingsRead,
} from '@weft/weave-api';
import { sendJson } from '../send.ts';

const API_INFO = {
  title: 'Weft',
  version: '1',
  description:
    "The wire of W&B's trace server, as the Weave SDKs and OTLP exporters speak it. Every path stands at `/` and below `/traces`.",
};

let document: ReturnType<typeof openApiDocument> | undefined;

/** The contract as OpenAPI; made once. */
export function apiDocument(): NonNullable<typeof document> {
  return (document ??= openApiDocument(ROUTES, API_INFO));
}

/** What the server says of itself, and settings that have one value here (weave-api §4.11). */
export function serviceRoutes(): Route[] {
  let json: string | undefined;
  return [
    route(openApi, (_request, { req, res }) => sendJson(req, res, (json ??= JSON.stringify(apiDocument()))), {
      readsStore: false,
    }),
    setting(ttlSettingsRead, { retention_days: null }),
    setting(ingestSamplingRead, { dry_run: false, sample_rate: 1 }),
    setting(sensitiveDataSettings, { policy: 'off' }),
  ];
}

function setting(spec: Parameters<typeof route>[0], value: object): Route {
  const answer = (_request: unknown, { req, res }: RouteContext) => sendJson(req, res, JSON.stringify(value));
  return route(spec, answer, { readsStore: false });
}
