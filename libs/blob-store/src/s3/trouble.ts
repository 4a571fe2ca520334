import type { StorageTrouble } from '../blob-store.ts';
import { isNetworkCode, type Vendor } from '../cloud/operations.ts';

/** https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html, and what the compatible ones add. */
const BY_CODE = new Map<string, StorageTrouble>([
  ...codes('no_bucket', 'NoSuchBucket', 'PermanentRedirect', 'TemporaryRedirect', 'InvalidBucketName'),
  ...codes('no_bucket', 'AuthorizationHeaderMalformed', 'IllegalLocationConstraintException'),
  ...codes('throttled', 'SlowDown', 'SlowDownRead', 'SlowDownWrite', 'TooManyRequests', 'ServiceUnavailable'),
  ...codes(
    'throttled',
    'Throttling',
    'ThrottlingException',
    'RequestLimitExceeded',
    'KMS.ThrottlingException',
  ),
  ...codes('throttled', 'BandwidthLimitExceeded', 'ConditionalRequestConflict', 'OperationAborted'),
  ...codes('timeout', 'RequestTimeout', 'TimeoutError'),
  ...codes('full', 'QuotaExceeded', 'XMinioStorageFull', 'XMinioAdminBucketQuotaExceeded'),
  ...codes('unreachable', 'InternalError'),
  ...codes('denied', 'NotImplemented'),
  ...codes('corrupt', 'BadDigest', 'XAmzContentSHA256Mismatch', 'XAmzContentChecksumMismatch'),
]);

const BY_STATUS = new Map<number, StorageTrouble>([
  [301, 'no_bucket'],
  [307, 'no_bucket'],
  [404, 'no_bucket'],
  [408, 'timeout'],
  [429, 'throttled'],
  [503, 'throttled'],
  [507, 'full'],
]);

const HINTS = new Map<string, string>([
  ['RequestTimeTooSkewed', "the clocks of this machine and the store's are too far apart"],
  ['RequestExpired', "the clocks of this machine and the store's are too far apart"],
  ['InvalidAccessKeyId', 'nobody has this access key id'],
  ['SignatureDoesNotMatch', 'the secret key is not that of the access key id'],
  ['ExpiredToken', 'the session token has expired'],
  ['CredentialsProviderError', 'the environment has no credentials'],
]);

interface VendorError {
  readonly name?: string;
  readonly code?: string;
  readonly $metadata?: { readonly httpStatusCode?: number };
  readonly $response?: {
    readonly statusCode?: number;
    readonly headers?: Readonly<Record<string, string>>;
  };
}

/** What the store has answered, or why it has not; without the request and its signature. */
export class S3Failure extends Error {
  /** Of the store or of the network. */
  readonly code: string;
  readonly status: number | undefined;
  readonly retryAfterMs: number | undefined;
  /** That the bucket is in, when it is not ours. */
  readonly region: string | undefined;

  constructor(
    code: string,
    { status, retryAfterMs, region }: Partial<Pick<S3Failure, 'status' | 'retryAfterMs' | 'region'>>,
  ) {
    super(status === undefined ? code : `HTTP ${status} ${code}`.trimEnd());
    this.name = 'S3Failure';
    this.code = code;
    this.status = status;
    this.retryAfterMs = retryAfterMs;
    this.region = region;
  }

  /** Of one of several that a request was about. */
  static ofPart(code: string | undefined): S3Failure {
    return new S3Failure(code ?? 'InternalError', { status: code === undefined ? 500 : undefined });
  }

  /** @returns other errors than the vendor's as they are. */
  static of(error: unknown): unknown {
    if (error instanceof S3Failure) return error;
    const { name = 'Error', code, $metadata, $response } = (error ?? {}) as VendorError;
    const status = $metadata?.httpStatusCode ?? $response?.statusCode;
    if (status !== undefined) {
      const headers = $response?.headers ?? {};
      const retryAfterMs = Number(headers['retry-after']) * 1000 || undefined;
      // An answer to HEAD says no code.
      const said = /^Unknown(Error)?$|^[0-9]+$/.test(name) ? '' : name;
      return new S3Failure(said, { status, retryAfterMs, region: headers['x-amz-bucket-region'] });
    }
    if (isNetworkCode(code)) return new S3Failure(code, {});
    return BY_CODE.has(name) || HINTS.has(name) ? new S3Failure(name, {}) : error;
  }
}

export const s3Vendor: Vendor = {
  troubleOf(error) {
    const failure = S3Failure.of(error);
    if (!(failure instanceof S3Failure)) return undefined;
    const hint =
      failure.region === undefined
        ? HINTS.get(failure.code)
        : `the bucket is in the region ${failure.region}`;
    return {
      trouble: troubleOf(failure),
      said: hint === undefined ? failure.message : `${failure.message}: ${hint}`,
    };
  },
  advice: {
    denied:
      'check WF_FILE_STORAGE_AWS_ACCESS_KEY_ID and WF_FILE_STORAGE_AWS_SECRET_ACCESS_KEY or, without them, the role of ' +
      'this process; it needs s3:GetObject, s3:PutObject, s3:DeleteObject, s3:AbortMultipartUpload and, of the bucket, ' +
      's3:ListBucket, and with a KMS key kms:GenerateDataKey and kms:Decrypt',
    no_bucket:
      'create the bucket, or correct WF_FILE_STORAGE_URI, WF_FILE_STORAGE_AWS_REGION or WEFT_FILE_STORAGE_AWS_ENDPOINT',
    unreachable: 'check WEFT_FILE_STORAGE_AWS_ENDPOINT and the network',
    timeout: 'check WEFT_FILE_STORAGE_AWS_ENDPOINT and the network',
    full: 'make room in the store',
  },
  retryAfterMs: (error) => (error as { retryAfterMs?: number } | undefined)?.retryAfterMs,
};

function troubleOf({ code, status, region }: S3Failure): StorageTrouble {
  if (region !== undefined && status === 400) return 'no_bucket';
  const known = BY_CODE.get(code) ?? BY_STATUS.get(status ?? 0);
  if (known !== undefined) return known;
  if (status === undefined) return isNetworkCode(code) ? 'unreachable' : 'denied';
  // What is answered well and not understood comes from something else than a store.
  return status >= 500 || status < 300 ? 'unreachable' : 'denied';
}

function codes(trouble: StorageTrouble, ...names: string[]): [string, StorageTrouble][] {
  return names.map((name) => [name, trouble]);
}
