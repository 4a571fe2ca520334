import type { StorageTrouble } from '../blob-store.ts';
import { isNetworkCode, retryAfterMs, type Vendor } from '../cloud/operations.ts';

/** https://learn.microsoft.com/rest/api/storageservices/blob-service-error-codes */
const BY_CODE = new Map<string, StorageTrouble>([
  ['Md5Mismatch', 'corrupt'],
  ['Crc64Mismatch', 'corrupt'],
  ['ServerBusy', 'throttled'],
  ['OperationTimedOut', 'timeout'],
  ['ContainerNotFound', 'no_bucket'],
  ['ContainerBeingDeleted', 'no_bucket'],
  ['ContainerDisabled', 'no_bucket'],
]);

const BY_STATUS = new Map<number, StorageTrouble>([
  [404, 'no_bucket'],
  [408, 'timeout'],
  [429, 'throttled'],
  [507, 'full'],
]);

/** Of @azure/identity: what it tried had no token. */
const NO_TOKEN =
  /^(CredentialUnavailableError|AuthenticationError|AggregateAuthenticationError|AuthenticationRequiredError)$/;

interface RestError {
  readonly name: string;
  readonly code?: string;
  readonly statusCode?: number;
  readonly response?: { readonly headers: { get(name: string): string | undefined } };
}

export const azureVendor: Vendor = {
  troubleOf(error) {
    const { name, code, statusCode } = (error ?? {}) as RestError;
    if (NO_TOKEN.test(name) && !(statusCode! >= 500))
      return { trouble: 'denied', said: `${name}: no token from the environment` };
    if (statusCode === undefined) {
      const isOfNetwork = name === 'RestError' || isNetworkCode(code);
      return isOfNetwork ? { trouble: 'unreachable', said: code ?? name } : undefined;
    }
    const reason = errorCode(error);
    const said = reason === undefined ? `HTTP ${statusCode}` : `HTTP ${statusCode} ${reason}`;
    const trouble =
      BY_CODE.get(reason ?? '') ??
      BY_STATUS.get(statusCode) ??
      (statusCode >= 500 ? 'unreachable' : 'denied');
    return { trouble, said };
  },
  advice: {
    denied:
      'check WF_FILE_STORAGE_AZURE_CONNECTION_STRING or WF_FILE_STORAGE_AZURE_ACCESS_KEY or, without them, that the ' +
      'identity of this process is a Storage Blob Data Contributor of the container; and the clock of this machine',
    no_bucket: 'create the container, or correct WF_FILE_STORAGE_URI or WF_FILE_STORAGE_AZURE_ACCOUNT_URL',
    unreachable: 'check the address of the account and the network',
    full: 'make room in the account',
  },
  retryAfterMs: (error) => retryAfterMs((error as RestError | null)?.response?.headers.get('retry-after')),
};

/** Why the service refused; answers to HEAD say it in a header only. */
export function errorCode(error: unknown): string | undefined {
  const { code, response } = (error ?? {}) as RestError;
  return response?.headers.get('x-ms-error-code') ?? code;
}
