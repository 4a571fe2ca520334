import type { IncomingHttpHeaders } from 'node:http';
import type { StorageTrouble } from '../blob-store.ts';
import { isNetworkCode, retryAfterMs, type Vendor } from '../cloud/operations.ts';

/** What the API refused: https://cloud.google.com/storage/docs/json_api/v1/status-codes */
export class GcsError extends Error {
  readonly status: number;
  readonly reason: string | undefined;
  readonly retryAfter: string | undefined;

  constructor(status: number, headers: IncomingHttpHeaders, body: unknown, said?: string) {
    const reason = reasonIn(body);
    super(said ?? (reason === undefined ? `HTTP ${status}` : `HTTP ${status} ${reason}`));
    this.name = 'GcsError';
    this.status = status;
    this.reason = reason;
    this.retryAfter = headers['retry-after'];
  }
}

/** There are no credentials, or Google gives no token for them. */
export class NoToken extends Error {
  readonly status: number | undefined;
  readonly code: string | undefined;

  /** @param error of google-auth-library: `GaxiosError` when a server was asked. Not kept, it holds the request. */
  constructor(error: unknown) {
    const { status, code, response, cause } = (error ?? {}) as VendorError;
    super('no token');
    this.name = 'NoToken';
    this.status = response?.status ?? (typeof status === 'number' ? status : undefined);
    this.code = [code, cause?.code].find(isNetworkCode);
  }
}

interface VendorError {
  readonly status?: unknown;
  readonly code?: unknown;
  readonly response?: { readonly status?: number };
  readonly cause?: { readonly code?: unknown };
}

const BY_STATUS = new Map<number, StorageTrouble>([
  [404, 'no_bucket'],
  [408, 'timeout'],
  [429, 'throttled'],
  [507, 'full'],
]);
const TOO_OFTEN = new Set<string | undefined>(['rateLimitExceeded', 'userRateLimitExceeded']);

export const gcsVendor: Vendor = {
  troubleOf(error) {
    if (error instanceof NoToken) return troubleOfToken(error);
    if (error instanceof GcsError) return { trouble: troubleOfAnswer(error), said: error.message };
    const { code } = (error ?? {}) as { code?: unknown };
    return isNetworkCode(code) ? { trouble: 'unreachable', said: code } : undefined;
  },
  advice: {
    denied:
      'check WF_FILE_STORAGE_GCP_CREDENTIALS_JSON_B64 or, without it, the application default credentials; the account ' +
      'has to be a Storage Object Admin (or User) of the bucket',
    no_bucket: 'create the bucket, or correct WF_FILE_STORAGE_URI or WEFT_FILE_STORAGE_GCP_ENDPOINT',
    unreachable: 'check WEFT_FILE_STORAGE_GCP_ENDPOINT and the network',
    full: 'make room in the store',
  },
  retryAfterMs: (error) => (error instanceof GcsError ? retryAfterMs(error.retryAfter) : undefined),
};

function troubleOfAnswer({ status, reason }: GcsError): StorageTrouble {
  if (TOO_OFTEN.has(reason)) return 'throttled';
  return BY_STATUS.get(status) ?? (status >= 500 ? 'unreachable' : 'denied');
}

function troubleOfToken({ status, code }: NoToken): { trouble: StorageTrouble; said: string } {
  const isLater = status === undefined ? code !== undefined : status >= 500 || status === 429;
  const said = status === undefined ? (code ?? 'no credentials') : `HTTP ${status}`;
  return { trouble: isLater ? 'unreachable' : 'denied', said: `no token from Google: ${said}` };
}

function reasonIn(body: unknown): string | undefined {
  const { error } = (body ?? {}) as { error?: { errors?: { reason?: unknown }[] } };
  const reason = error?.errors?.[0]?.reason;
  return typeof reason === 'string' && /^\w{1,64}$/.test(reason) ? reason : undefined;
}
