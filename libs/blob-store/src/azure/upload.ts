import { createHash, randomBytes } from 'node:crypto';
import type { BlockBlobClient, BlockBlobUploadOptions } from '@azure/storage-blob';
import type { BlobSource } from '../blob-store.ts';
import type { Operations, RunOptions } from '../cloud/operations.ts';
import { PART_BYTES, reading, readWhole, sendParts, type SourceReader } from '../cloud/source-reader.ts';
import { errorCode } from './trouble.ts';

/** How the service says that the blob is there: the condition failed, or nobody may write over it. */
const IS_THERE: ReadonlySet<string | undefined> = new Set([
  'BlobAlreadyExists',
  'ConditionNotMet',
  'TargetConditionNotMet',
  'UnauthorizedBlobOverwrite',
  'BlobImmutableDueToPolicy',
]);
const ONLY_IF_NEW = { ifNoneMatch: '*' };
const HEADERS = { blobContentType: 'application/octet-stream' };
/** Another put of the same key has committed or dropped the blocks: then this one starts over. */
const MOST_STARTS = 3;

export interface Upload {
  readonly ops: Operations;
  readonly blob: BlockBlobClient;
  readonly source: BlobSource;
  /** By `performance.now()`. */
  readonly until: number;
  readonly signal?: AbortSignal | undefined;
}

/** The service verifies the MD5 of what it gets, request by request; whether the source is what it says is known before it may see the last one. */
export async function uploadBlob(upload: Upload): Promise<'created' | 'exists'> {
  const { ops, source, blob } = upload;
  const isSmall = source.size <= PART_BYTES;
  for (let starts = 1; ; starts++) {
    const outcome = await reading(source, ops, upload, (reader) =>
      isSmall ? putWhole(upload, reader) : putBlocks(upload, reader),
    );
    if (outcome !== 'dropped') return outcome;
    const isThere = await ops.run((abortSignal) => blob.exists({ abortSignal }), upload);
    if (isThere) return 'exists';
    if (starts === MOST_STARTS)
      throw ops.trouble('unreachable', 'blocks are dropped by puts of the same key');
  }
}

async function putWhole(upload: Upload, reader: SourceReader): Promise<'created' | 'exists'> {
  const { blob, source } = upload;
  const bytes = await readWhole(reader, source.size);
  // Taken and sent, though its type does not say so.
  const checksum: BlockBlobUploadOptions & { transactionalContentMD5: Uint8Array } = {
    transactionalContentMD5: md5(bytes),
  };
  return unlessThere(upload, bytes.length, (abortSignal) =>
    blob.upload(bytes, bytes.length, {
      ...checksum,
      abortSignal,
      conditions: { ...ONLY_IF_NEW },
      blobHTTPHeaders: HEADERS,
      metadata: metadataOf(source),
    }),
  );
}

async function putBlocks(upload: Upload, reader: SourceReader): Promise<'created' | 'exists' | 'dropped'> {
  const { ops, blob, source } = upload;
  const blocks: string[] = [];
  // Blocks that wait for their list belong to the blob, whoever sent them: those of two puts must not mix.
  const ours = randomBytes(12).toString('hex');
  await sendParts(reader, source.size, async ({ bytes }) => {
    const block = Buffer.from(`${ours}-${String(blocks.length).padStart(6, '0')}`).toString('base64');
    blocks.push(block);
    const transactionalContentMD5 = md5(bytes);
    await ops.run(
      (abortSignal) => blob.stageBlock(block, bytes, bytes.length, { abortSignal, transactionalContentMD5 }),
      { ...upload, bytes: bytes.length },
    );
  });
  return unlessThere(upload, 0, (abortSignal) =>
    blob.commitBlockList(blocks, {
      abortSignal,
      conditions: { ...ONLY_IF_NEW },
      blobHTTPHeaders: HEADERS,
      metadata: metadataOf(source),
    }),
  );
}

async function unlessThere<T extends 'created' | 'exists' | 'dropped'>(
  upload: Upload,
  bytes: number,
  write: (signal: AbortSignal) => Promise<unknown>,
): Promise<T> {
  const options: RunOptions = { ...upload, bytes };
  const outcome = await upload.ops.run(async (signal) => {
    try {
      await write(signal);
      return 'created';
    } catch (error) {
      const reason = errorCode(error);
      if (IS_THERE.has(reason)) return 'exists';
      if (reason === 'InvalidBlockList') return 'dropped';
      throw error;
    }
  }, options);
  return outcome as T;
}

function metadataOf({ sha256 }: BlobSource): { sha256: string } {
  return { sha256: Buffer.from(sha256).toString('hex') };
}

function md5(bytes: Uint8Array): Uint8Array {
  return createHash('md5').update(bytes).digest();
}
