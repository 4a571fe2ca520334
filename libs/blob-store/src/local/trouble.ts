import { AppError } from '@weft/model';
import { StorageUnavailable, type StorageTrouble } from '../blob-store.ts';

const TROUBLES = new Map<string, StorageTrouble>([
  ...(['ENOSPC', 'EDQUOT', 'EFBIG'] as const).map((code) => [code, 'full'] as const),
  ...(['EACCES', 'EPERM', 'EROFS', 'ELOOP'] as const).map((code) => [code, 'denied'] as const),
]);

const ADVICE: Partial<Record<StorageTrouble, string>> = {
  full: 'make room on its file system',
  denied:
    'let the user that runs this process read and write the folder; there may be no symbolic links in it',
  no_bucket: 'make the folder, or correct WF_FILE_STORAGE_URI',
};

/** What may be otherwise a moment later: too many open files, a server of files that was started anew. */
const PASSING = new Set(['EMFILE', 'ENFILE', 'EAGAIN', 'EBUSY', 'EINTR', 'ESTALE', 'ETIMEDOUT']);

export function codeOf(error: unknown): string | undefined {
  const code = (error as { code?: unknown } | null | undefined)?.code;
  return typeof code === 'string' ? code : undefined;
}

/** What an error of the file system means. Errors that are not its own stay as they are. */
export function translated(uri: string, error: unknown): unknown {
  const code = codeOf(error);
  if (error instanceof AppError || code === undefined || !/^E[A-Z0-9]+$/.test(code)) return error;
  // A way that leads through a blob is one that the keys have made.
  if (code === 'ENOTDIR' || code === 'EISDIR') return keyInKey(error);
  return trouble(uri, TROUBLES.get(code) ?? 'unreachable', code, error);
}

export function trouble(
  uri: string,
  kind: StorageTrouble,
  said: string,
  cause?: unknown,
): StorageUnavailable {
  const advice = ADVICE[kind];
  const message = `${uri}: ${said}${advice === undefined ? '' : `; ${advice}`}`;
  return new StorageUnavailable(kind, message, { cause });
}

export function isPassing(error: unknown): boolean {
  return error instanceof StorageUnavailable && PASSING.has(codeOf(error.cause) ?? '');
}

/** On disk a blob is a file and what is before a `/` is a folder; the keys that file-storage makes never need both. */
export function keyInKey(cause?: unknown): AppError {
  const message = 'on disk no key may be another key and a / and more';
  return new AppError('invalid_request', message, { cause });
}
