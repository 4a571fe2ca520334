import { Readable } from 'node:stream';
import type { _Object, GetObjectCommandOutput } from '@aws-sdk/client-s3';
import type {
  BlobContent,
  BlobInfo,
  BlobSource,
  BlobStore,
  BlobStoreOptions,
  GetBlobOptions,
  ListBlobsOptions,
} from '../blob-store.ts';
import { BlobBody } from '../cloud/blob-body.ts';
import { Operations, type RunOptions } from '../cloud/operations.ts';
import { PART_BYTES } from '../cloud/source-reader.ts';
import type { BlobStoreConfig } from '../env.ts';
import { checkKey, checkPrefix } from '../key.ts';
import { timeoutOf } from '../retry.ts';
import { s3Bucket, type S3Bucket } from './bucket.ts';
import { connectS3, type S3Connection } from './client.ts';
import { S3Failure, s3Vendor } from './trouble.ts';
import { uploadBlob, type S3Encryption } from './upload.ts';

/** Also the most that one request may delete. */
const PAGE = 1000;

/** A bucket of Amazon S3, or of a store that speaks its protocol. Opens no connection. @throws ConfigError naming the variables. */
export function openS3Store(uri: string, config: BlobStoreConfig, options: BlobStoreOptions = {}): BlobStore {
  return new S3Store(s3Bucket(uri, config), options);
}

class S3Store implements BlobStore {
  readonly uri: string;
  readonly #bucket: S3Bucket;
  readonly #options: BlobStoreOptions;
  readonly #ops: Operations;
  readonly #encryption: S3Encryption;
  #connection: Promise<S3Connection> | undefined;

  constructor(bucket: S3Bucket, options: BlobStoreOptions) {
    this.uri = bucket.uri;
    this.#bucket = bucket;
    this.#options = options;
    const { uri, endpoint, kmsKey } = bucket;
    const name = endpoint === undefined ? uri : `${uri} at ${new URL(endpoint).host}`;
    this.#ops = new Operations(name, options, s3Vendor);
    this.#encryption = kmsKey === undefined ? {} : { ServerSideEncryption: 'aws:kms', SSEKMSKeyId: kmsKey };
  }

  async put(
    key: string,
    source: BlobSource,
    { signal }: { readonly signal?: AbortSignal } = {},
  ): Promise<'created' | 'exists'> {
    checkKey(key);
    const until = this.#ops.until(source.size);
    // The condition is looked at when all parts are there: too late for many bytes.
    if (source.size > PART_BYTES && (await this.#head(key, { until, signal }))) return 'exists';
    const connection = await this.#connect();
    const target = { ...this.#at(key), encryption: this.#encryption };
    return uploadBlob({ ops: this.#ops, connection, target, source, until, signal });
  }

  async get(key: string, { range, signal }: GetBlobOptions = {}): Promise<BlobContent | undefined> {
    if (range !== undefined && range.end <= range.start) {
      const info = await this.#head(key, { signal });
      return info && { size: info.size, body: Readable.from([]) };
    }
    checkKey(key);
    const Range = range && `bytes=${range.start}-${range.end - 1}`;
    const answer = await this.#orNone({ signal }, async ({ vendor, send }, abort) => {
      const answer = await send(new vendor.GetObjectCommand({ ...this.#at(key), Range }), abort);
      if (!abort.aborted) return answer;
      (answer.Body as Readable).destroy();
      throw abort.reason;
    });
    return answer && this.#content(answer, signal);
  }

  head(key: string, { signal }: { readonly signal?: AbortSignal } = {}): Promise<BlobInfo | undefined> {
    return this.#head(key, { signal });
  }

  async *list(prefix: string, { after, signal }: ListBlobsOptions = {}): AsyncGenerator<readonly BlobInfo[]> {
    checkPrefix(prefix);
    const { bucket: Bucket } = this.#bucket;
    const { send, vendor } = await this.#connect();
    let ContinuationToken: string | undefined;
    do {
      const input = { Bucket, Prefix: prefix, StartAfter: after, MaxKeys: PAGE, ContinuationToken };
      const page = await this.#ops.run((abort) => send(new vendor.ListObjectsV2Command(input), abort), {
        signal,
      });
      const blobs = (page.Contents ?? []).map(infoOf);
      if (blobs.length > 0) yield blobs;
      ContinuationToken = page.IsTruncated === true ? page.NextContinuationToken : undefined;
    } while (ContinuationToken !== undefined);
  }

  /** The store copies, in one request: at most 5 GiB. */
  async copy(from: string, to: string): Promise<boolean> {
    checkKey(to);
    // Without a bucket there is no blob either, and only the copy tells.
    const size = (await this.#head(from))?.size ?? 0;
    const CopySource = `${this.#bucket.bucket}/${from.split('/').map(encodeURIComponent).join('/')}`;
    const input = { ...this.#at(to), CopySource, ...this.#encryption };
    const copied = await this.#orNone(
      { until: this.#ops.until(size), bytes: size },
      ({ vendor, send }, abort) => send(new vendor.CopyObjectCommand(input), abort),
    );
    return copied !== undefined;
  }

  async delete(keys: readonly string[]): Promise<void> {
    for (const key of keys) checkKey(key);
    const { bucket: Bucket } = this.#bucket;
    const { send, vendor } = await this.#connect();
    for (let at = 0; at < keys.length; at += PAGE) {
      const Objects = [...new Set(keys.slice(at, at + PAGE))].map((Key) => ({ Key }));
      await this.#ops.run(async (abort) => {
        const command = new vendor.DeleteObjectsCommand({ Bucket, Delete: { Objects, Quiet: true } });
        const { Errors = [] } = await send(command, abort);
        const [first] = Errors.filter(({ Code }) => Code !== 'NoSuchKey');
        if (first !== undefined) throw S3Failure.ofPart(first.Code);
      });
    }
  }

  async close(): Promise<void> {
    this.#ops.close();
    const connection = await this.#connection?.catch(() => undefined);
    connection?.close();
  }

  async #head(key: string, options: RunOptions = {}): Promise<BlobInfo | undefined> {
    checkKey(key);
    const found = await this.#orNone(options, ({ vendor, send }, abort) =>
      send(new vendor.HeadObjectCommand(this.#at(key)), abort),
    );
    return found && { key, size: found.ContentLength!, modifiedAt: found.LastModified! };
  }

  /** undefined when there is no such blob. */
  async #orNone<T>(
    options: RunOptions,
    ask: (connection: S3Connection, abort: AbortSignal) => Promise<T>,
  ): Promise<T | undefined> {
    const connection = await this.#connect();
    return this.#ops.run(async (abort) => {
      try {
        return await ask(connection, abort);
      } catch (error) {
        if (isNoBlob(error)) return undefined;
        throw error;
      }
    }, options);
  }

  #content(answer: GetObjectCommandOutput, signal: AbortSignal | undefined): BlobContent {
    const { ContentLength = 0, ContentRange } = answer;
    const whole = /\/(\d+)$/.exec(ContentRange ?? '')?.[1];
    const body = new BlobBody(answer.Body as Readable, {
      size: ContentLength,
      silenceMs: timeoutOf(this.#options),
      signal,
      translate: (error) => this.#ops.brokenOff(S3Failure.of(error)),
      brokenOff: (said) => this.#ops.trouble('unreachable', said),
    });
    return { size: whole === undefined ? ContentLength : Number(whole), body };
  }

  #at(key: string): { readonly Bucket: string; readonly Key: string } {
    return { Bucket: this.#bucket.bucket, Key: key };
  }

  #connect(): Promise<S3Connection> {
    return (this.#connection ??= connectS3(this.#bucket));
  }
}

function infoOf({ Key, Size, LastModified }: _Object): BlobInfo {
  return { key: Key!, size: Size!, modifiedAt: LastModified! };
}

/** HEAD has no code, and does not tell a missing bucket. */
function isNoBlob(error: unknown): boolean {
  return error instanceof S3Failure && error.status === 404 && error.code !== 'NoSuchBucket';
}
