import { Readable } from 'node:stream';
import { AppError } from '@weft/model';
import type { Content, ContentFile } from './content-object.ts';

/** What is needed of file-storage. */
export interface FileStore {
  readonly smallFileBytes: number;
  takes(projectId: string): boolean;
  putFile(
    projectId: string,
    file: {
      readonly digest: string;
      readonly size: number;
      readonly sha256: Uint8Array;
      open(): Readable;
    },
  ): Promise<string>;
}

/** A file and where its bytes are: in that blob store; undefined: they have to be told with it. */
export interface StoredContentFile extends ContentFile {
  readonly uri: string | undefined;
}

/** Brings contents to where the files of their project are. */
export interface ContentStore {
  /** @returns undefined when the store is away and one of the files is too large to go without. */
  store(projectId: string, content: Content): Promise<readonly StoredContentFile[] | undefined>;
}

/** Files up to this are told with their bytes while the store is away. */
const SMALL_BYTES = 256 * 1024;
/** A store that was away is left alone for so long: calls do not wait for it one by one. */
const AWAY_MS = 5000;

/** @param files undefined: all files are told with their bytes. */
export function createContentStore(files: FileStore | undefined): ContentStore {
  let awayUntil = 0;

  async function put(projectId: string, { bytes, digest, sha256 }: ContentFile): Promise<string | undefined> {
    if (performance.now() < awayUntil) return undefined;
    const open = () => Readable.from([bytes], { objectMode: false });
    try {
      return await files!.putFile(projectId, { digest, size: bytes.length, sha256, open });
    } catch (error) {
      if (!(error instanceof AppError) || error.code !== 'storage_unavailable') throw error;
      awayUntil = performance.now() + AWAY_MS;
      return undefined;
    }
  }

  async function storeFile(projectId: string, file: ContentFile): Promise<StoredContentFile | undefined> {
    const { bytes } = file;
    if (files === undefined || bytes.length <= files.smallFileBytes || !files.takes(projectId))
      return { ...file, uri: undefined };
    const uri = await put(projectId, file);
    return uri === undefined && bytes.length > SMALL_BYTES ? undefined : { ...file, uri };
  }

  return {
    async store(projectId, content) {
      const stored = await Promise.all(content.files.map((file) => storeFile(projectId, file)));
      const complete = stored.filter((file) => file !== undefined);
      return complete.length === stored.length ? complete : undefined;
    },
  };
}
