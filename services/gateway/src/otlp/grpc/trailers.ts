import type { OutgoingHttpHeaders } from 'node:http2';
import { toPublic } from '@weft/http';
import { AppError } from '@weft/model';
import { encodeStatus, RPC_CODES, type RpcStatus } from '@weft/otlp';
import { rpcStatusOf } from '../rpc-status.ts';

/** What is wrong with a call that has no counterpart in HTTP: an unknown method or compression. */
export class Unimplemented extends Error {}

/** HTTP statuses that are worth a repeat; a gRPC exporter repeats only what says so with RetryInfo. */
const RETRYABLE = new Set([429, 502, 503, 504]);

/** The status of a call that failed, and the HTTP status it would have had, for log and metrics. */
export function statusOf(thrown: unknown): { readonly httpStatus: number; readonly status: RpcStatus } {
  if (thrown instanceof Unimplemented)
    return { httpStatus: 404, status: { code: RPC_CODES.unimplemented, message: thrown.message } };
  const { status, error } = toPublic(thrown);
  const rpcStatus = rpcStatusOf(status, error);
  if (!RETRYABLE.has(status)) return { httpStatus: status, status: rpcStatus };
  // Spread, so that clients refused together do not come back together.
  const retryDelaySeconds = 1 + Math.floor(Math.random() * 5);
  return { httpStatus: status, status: { ...rpcStatus, retryDelaySeconds } };
}

export function trailersOf(status: RpcStatus): OutgoingHttpHeaders {
  const hasDetails = status.retryDelaySeconds !== undefined || (status.fieldViolations?.length ?? 0) > 0;
  return {
    'grpc-status': String(status.code),
    'grpc-message': percentEncoded(status.message.slice(0, MAX_MESSAGE_CHARS)),
    ...(hasDetails && {
      'grpc-status-details-bin': encodeStatus('protobuf', short(status)).toString('base64'),
    }),
  };
}

/** Clients refuse an answer whose headers have more than 8 KiB. */
const MAX_MESSAGE_CHARS = 1000;

function short(status: RpcStatus): RpcStatus {
  const cut = (text: string) => text.slice(0, MAX_MESSAGE_CHARS);
  const { fieldViolations = [] } = status;
  return {
    ...status,
    message: cut(status.message),
    fieldViolations: fieldViolations.map(({ field, description }) => ({
      field,
      description: cut(description),
    })),
  };
}

/** gRPC over HTTP/2, "Status-Message": printable ASCII but `%` stands for itself, all else is percent-encoded UTF-8. */
function percentEncoded(message: string): string {
  return Buffer.from(message)
    .toString('latin1')
    .replace(
      /[^\x20-\x24\x26-\x7e]/g,
      (char) => `%${char.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`,
    );
}

/** What cannot go on is ours to answer for, and nobody's fault. */
export function tooManyCalls(): AppError {
  return new AppError('log_unavailable', 'too many calls at one time; try again');
}
