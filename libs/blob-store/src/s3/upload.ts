import { createHash } from 'node:crypto';
import type { CompletedPart } from '@aws-sdk/client-s3';
import type { BlobSource } from '../blob-store.ts';
import type { Operations } from '../cloud/operations.ts';
import { PART_BYTES, readWhole, reading, sendParts, type Part } from '../cloud/source-reader.ts';
import type { S3Connection } from './client.ts';
import { S3Failure } from './trouble.ts';

export interface S3Upload {
  readonly ops: Operations;
  readonly connection: S3Connection;
  /** Where to, and how it is encrypted. */
  readonly target: S3Target;
  readonly source: BlobSource;
  /** By `performance.now()`. */
  readonly until: number;
  readonly signal: AbortSignal | undefined;
}

export interface S3Target {
  readonly Bucket: string;
  readonly Key: string;
  readonly encryption: S3Encryption;
}

export interface S3Encryption {
  readonly ServerSideEncryption?: 'aws:kms';
  readonly SSEKMSKeyId?: string;
}

const ABORT_MS = 5000;

/** Stores the source unless the key has a blob: https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html */
export async function uploadBlob(upload: S3Upload): Promise<'created' | 'exists'> {
  const { source, ops } = upload;
  if (source.size > PART_BYTES) return putParts(upload);
  return putWhole(upload, await reading(source, ops, upload, (reader) => readWhole(reader, source.size)));
}

async function putParts(upload: S3Upload): Promise<'created' | 'exists'> {
  const { source, ops } = upload;
  const uploadId = await create(upload);
  try {
    const parts: CompletedPart[] = [];
    await reading(source, ops, upload, (reader) =>
      sendParts(reader, source.size, async (part) => {
        parts.push(await sendPart(upload, uploadId, part));
      }),
    );
    const outcome = await complete(upload, uploadId, parts);
    if (outcome === 'exists') abandon(upload, uploadId);
    return outcome;
  } catch (error) {
    abandon(upload, uploadId);
    throw error;
  }
}

function putWhole(upload: S3Upload, bytes: Buffer): Promise<'created' | 'exists'> {
  const { ops, connection, target, source, until, signal } = upload;
  const { encryption, ...where } = target;
  const { PutObjectCommand } = connection.vendor;
  const run = (condition: { IfNoneMatch?: '*' }) =>
    ops.run(
      (abort) =>
        createdOrExists(async () => {
          const input = { ...where, ...encryption, ...condition, ...checksumOf(source.sha256) };
          const command = new PutObjectCommand({ ...input, Body: bytes, ContentLength: bytes.length });
          await connection.send(withPayloadHash(command, source.sha256), abort);
        }),
      { until, signal, bytes: bytes.length },
    );
  return unlessConditionUnknown(upload, run);
}

async function create({ ops, connection, target, until, signal }: S3Upload): Promise<string> {
  const { encryption, ...where } = target;
  const { CreateMultipartUploadCommand } = connection.vendor;
  const { UploadId } = await ops.run(
    (abort) =>
      connection.send(
        new CreateMultipartUploadCommand({ ...where, ...encryption, ChecksumAlgorithm: 'SHA256' }),
        abort,
      ),
    { until, signal },
  );
  return UploadId!;
}

async function sendPart(upload: S3Upload, uploadId: string, { bytes, start }: Part): Promise<CompletedPart> {
  const { ops, connection, target, until, signal } = upload;
  const { Bucket, Key } = target;
  const { UploadPartCommand } = connection.vendor;
  const PartNumber = start / PART_BYTES + 1;
  const sha256 = createHash('sha256').update(bytes).digest();
  const { ETag } = await ops.run(
    (abort) => {
      const where = { Bucket, Key, UploadId: uploadId, PartNumber };
      const what = { Body: bytes, ContentLength: bytes.length, ...checksumOf(sha256) };
      return connection.send(withPayloadHash(new UploadPartCommand({ ...where, ...what }), sha256), abort);
    },
    { until, signal, bytes: bytes.length },
  );
  return { PartNumber, ETag, ...checksumOf(sha256) };
}

function complete(
  upload: S3Upload,
  uploadId: string,
  parts: readonly CompletedPart[],
): Promise<'created' | 'exists'> {
  const { ops, connection, target, source, until, signal } = upload;
  const { Bucket, Key } = target;
  const { CompleteMultipartUploadCommand, HeadObjectCommand } = connection.vendor;
  const run = (condition: { IfNoneMatch?: '*' }) =>
    ops.run(
      async (abort) => {
        try {
          return await createdOrExists(async () => {
            const what = { UploadId: uploadId, MultipartUpload: { Parts: [...parts] } };
            const command = new CompleteMultipartUploadCommand({ Bucket, Key, ...what, ...condition });
            await connection.send(command, abort);
          });
        } catch (error) {
          // An attempt before this one did it, and its answer was lost.
          if (!(error instanceof S3Failure) || error.code !== 'NoSuchUpload') throw error;
          await connection.send(new HeadObjectCommand({ Bucket, Key }), abort);
          return 'exists';
        }
      },
      { until, signal, bytes: source.size },
    );
  return unlessConditionUnknown(upload, run);
}

/** Its parts take room that nobody sees. Not waited for; what fails here is left to the bucket's lifecycle rule. */
function abandon({ ops, connection, target }: S3Upload, uploadId: string): void {
  const { Bucket, Key } = target;
  const { AbortMultipartUploadCommand } = connection.vendor;
  const command = () => new AbortMultipartUploadCommand({ Bucket, Key, UploadId: uploadId });
  const until = performance.now() + ABORT_MS;
  ops.run((abort) => connection.send(command(), abort), { until }).catch(() => {});
}

async function createdOrExists(write: () => Promise<void>): Promise<'created' | 'exists'> {
  try {
    await write();
    return 'created';
  } catch (error) {
    if (error instanceof S3Failure && error.status === 412) return 'exists';
    throw error;
  }
}

/** A store that refuses the condition gets a question first and then the bytes without it. */
async function unlessConditionUnknown(
  { ops, connection, target, until, signal }: S3Upload,
  run: (condition: { IfNoneMatch?: '*' }) => Promise<'created' | 'exists'>,
): Promise<'created' | 'exists'> {
  try {
    return await run({ IfNoneMatch: '*' });
  } catch (error) {
    const { cause } = error as { cause?: { code?: unknown } };
    if (cause?.code !== 'NotImplemented') throw error;
  }
  const { Bucket, Key } = target;
  const { HeadObjectCommand } = connection.vendor;
  const isThere = await ops.run(
    (abort) =>
      connection.send(new HeadObjectCommand({ Bucket, Key }), abort).then(
        () => true,
        (error: unknown) => {
          if (error instanceof S3Failure && error.status === 404) return false;
          throw error;
        },
      ),
    { until, signal },
  );
  return isThere ? 'exists' : run({});
}

function checksumOf(sha256: Uint8Array): { ChecksumSHA256: string } {
  return { ChecksumSHA256: Buffer.from(sha256).toString('base64') };
}

interface Stacked {
  readonly middlewareStack: {
    add(middleware: never, options: { readonly step: 'build'; readonly name: string }): void;
  };
}

/** The signature covers the body by the hash that we have: it is not made again, and stores without checksums verify it. */
function withPayloadHash<C extends Stacked>(command: C, sha256: Uint8Array): C {
  type Arguments = { readonly request: { readonly headers: Record<string, string> } };
  const middleware = (next: (args: Arguments) => unknown) => (args: Arguments) => {
    args.request.headers['x-amz-content-sha256'] = Buffer.from(sha256).toString('hex');
    return next(args);
  };
  command.middlewareStack.add(middleware as never, { step: 'build', name: 'payloadHash' });
  return command;
}
