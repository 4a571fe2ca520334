import type { AppError } from '@weft/model';
import { RPC_CODES, type RpcStatus } from '@weft/otlp';

const CODE_OF_STATUS: ReadonlyMap<number, number> = new Map([
  [400, RPC_CODES.invalidArgument],
  [401, RPC_CODES.unauthenticated],
  [403, RPC_CODES.permissionDenied],
  [404, RPC_CODES.unimplemented],
  [405, RPC_CODES.unimplemented],
  [413, RPC_CODES.resourceExhausted],
  [415, RPC_CODES.invalidArgument],
  [429, RPC_CODES.resourceExhausted],
  [503, RPC_CODES.unavailable],
]);

/** What the OTLP specification says with a google.rpc.Status for an error that has this HTTP status. */
export function rpcStatusOf(status: number, { message }: Pick<AppError, 'message'>): RpcStatus {
  const code = CODE_OF_STATUS.get(status) ?? RPC_CODES.internal;
  if (status !== 400) return { code, message };
  return { code, message, fieldViolations: [{ field: 'body', description: message }] };
}
