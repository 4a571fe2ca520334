import type { FileStorage } from '@weft/file-storage';
import { AppError, asBuffer } from '@weft/model';
import type { ByteRange, FileReads, StoredFile } from '@weft/trace-store';

/** Files of projects with their bytes, wherever these are: in the tables or in a blob store. */
export interface FileContents {
  /** Null when it is not there. */
  find(projectId: string, digest: string, signal?: AbortSignal): Promise<StoredFile | null>;
  /**
   * Has to be read, or its iterator returned.
   * @param file as `find` gave it.
   * @throws AppError `not_found` when the bytes are gone from their store, `storage_unavailable`; later, while it is read, too.
   */
  open(
    projectId: string,
    digest: string,
    file: StoredFile,
    options?: { readonly range?: ByteRange | undefined; readonly signal?: AbortSignal },
  ): Promise<AsyncIterable<Buffer>>;
}

export function createFileContents(reader: FileReads, fileStorage?: FileStorage): FileContents {
  return {
    find: (projectId, digest, signal) => reader.findFile(projectId, digest, signal),
    open: async (projectId, digest, { uri, sizeBytes }, { range, signal } = {}) => {
      if (uri === undefined) return buffers(reader.streamFileBytes(projectId, digest, range, signal));
      const options = { ...(range && { range }), ...(signal && { signal }) };
      const body = await storage(fileStorage).openFile(projectId, { digest, sizeBytes, uri }, options);
      if (body === undefined)
        throw new AppError('not_found', `File ${digest}: its bytes are gone from the store that had them`);
      return body as AsyncIterable<Buffer>;
    },
  };
}

function storage(fileStorage: FileStorage | undefined): FileStorage {
  if (fileStorage !== undefined) return fileStorage;
  throw new AppError('storage_unavailable', 'no blob store is configured here (WF_FILE_STORAGE_URI)');
}

async function* buffers(parts: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer> {
  for await (const part of parts) yield asBuffer(part);
}
