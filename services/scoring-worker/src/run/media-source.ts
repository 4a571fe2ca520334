import type { FileStorage } from '@weft/file-storage';
import { AppError } from '@weft/model';
import type { MediaSource, Unread } from '@weft/scoring';
import type { StoredFile, TraceReader } from '@weft/trace-store';

export interface MediaSourceDeps {
  readonly reader: Pick<TraceReader, 'readObject' | 'findFile' | 'streamFileBytes'>;
  /** Where files are that are no rows. */
  readonly fileStorage?: Pick<FileStorage, 'openFile'> | undefined;
}

/** Objects and files of a project, from the store or the blob store. */
export function createMediaSource(
  { reader, fileStorage }: MediaSourceDeps,
  projectId: string,
  signal: AbortSignal,
): MediaSource {
  /** @returns undefined when they are gone. */
  async function open(digest: string, { uri, sizeBytes }: StoredFile) {
    if (uri === undefined) return reader.streamFileBytes(projectId, digest, undefined, signal);
    if (fileStorage === undefined)
      throw new AppError('storage_unavailable', 'no blob store is configured here (WF_FILE_STORAGE_URI)');
    return fileStorage.openFile(projectId, { digest, sizeBytes, uri }, { signal });
  }

  return {
    projectId,
    async readObject(name, version, maxBytes) {
      const known = await reader.readObject(projectId, name, version, { vals: false });
      if (known === null) return 'missing';
      if (known.deletedAtUs !== null) return 'gone';
      if (known.sizeBytes > maxBytes) return 'too_large';
      return (await reader.readObject(projectId, name, known.digest))?.val ?? 'gone';
    },
    async readFile(digest, maxBytes) {
      const file = await reader.findFile(projectId, digest, signal);
      if (file === null) return 'missing';
      if (file.sizeBytes > maxBytes) return 'too_large';
      const bytes = await open(digest, file);
      return bytes === undefined ? 'gone' : all(bytes as AsyncIterable<Uint8Array>, maxBytes);
    },
  };
}

async function all(parts: AsyncIterable<Uint8Array>, maxBytes: number): Promise<Uint8Array | Unread> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const part of parts) {
    size += part.length;
    if (size > maxBytes) return 'too_large';
    chunks.push(part);
  }
  return Buffer.concat(chunks, size);
}
