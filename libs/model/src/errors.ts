/**
 * The one error type that crosses module borders. `code` is a closed union; the table below gives each code its HTTP
 * status and whether a client may repeat the request unchanged. Vendor errors are translated at the seam that meets them.
 */
export const ERROR_CODES = {
  // the caller's
  invalid_request: { status: 400, retryable: false },
  unauthenticated: { status: 401, retryable: false },
  forbidden: { status: 403, retryable: false },
  not_found: { status: 404, retryable: false },
  method_not_allowed: { status: 405, retryable: false },
  digest_mismatch: { status: 409, retryable: false },
  request_too_large: { status: 413, retryable: false },
  unsupported_media_type: { status: 415, retryable: false },
  unsupported_member: { status: 422, retryable: false },
  too_many_requests: { status: 429, retryable: true },
  not_implemented: { status: 501, retryable: false },
  // the data's: returned as `Rejected`, dead-lettered; never seen by a client
  undecodable_event: { status: 400, retryable: false },
  row_too_large: { status: 413, retryable: false },
  // the world's
  log_unavailable: { status: 503, retryable: true },
  store_unavailable: { status: 503, retryable: true },
  queue_unavailable: { status: 503, retryable: true },
  storage_unavailable: { status: 503, retryable: true },
  query_timeout: { status: 504, retryable: true },
  query_too_expensive: { status: 502, retryable: false },
  shutting_down: { status: 503, retryable: true },
  // ours
  internal: { status: 500, retryable: false },
} as const;

export type ErrorCode = keyof typeof ERROR_CODES;

export class AppError extends Error {
  readonly code: ErrorCode;
  /** Extra members of the public error body, e.g. `{ deleted_at }`. Never secrets. */
  readonly details: Readonly<Record<string, unknown>> | undefined;

  constructor(
    code: ErrorCode,
    message: string,
    options?: { cause?: unknown; details?: Record<string, unknown> },
  ) {
    super(message, options?.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'AppError';
    this.code = code;
    this.details = options?.details;
  }

  get status(): number {
    return ERROR_CODES[this.code].status;
  }

  get retryable(): boolean {
    return ERROR_CODES[this.code].retryable;
  }
}

/**
 * A value that cannot be honoured, which W&B's server raises as Python's ValueError: clients that rebuild exceptions take
 * the class from `error_type`.
 */
export function valueError(message: string): AppError {
  return new AppError('invalid_request', message, { details: { error_type: 'ValueError' } });
}
