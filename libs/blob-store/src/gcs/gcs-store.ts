import { Readable } from 'node:stream';
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
import { each } from '../cloud/each.ts';
import { Operations, type RunOptions } from '../cloud/operations.ts';
import { PART_BYTES } from '../cloud/source-reader.ts';
import type { BlobStoreConfig } from '../env.ts';
import { checkKey, checkPrefix, compareKeys } from '../key.ts';
import { timeoutOf } from '../retry.ts';
import { gcsAccess, type GcsAccess } from './access.ts';
import { GcsApi, type GcsAnswer } from './api.ts';
import { GcsError, gcsVendor } from './trouble.ts';
import { objectPath, uploadBlob } from './upload.ts';

const PAGE = 1000;
const DELETES_AT_ONCE = 16;
/** Deletes that share the time of one operation. */
const DELETES_IN_TIME = 256;

/** A bucket of Google Cloud Storage. Opens no connection. @throws ConfigError naming the variables. */
export function openGcsStore(
  uri: string,
  config: BlobStoreConfig,
  options: BlobStoreOptions = {},
): BlobStore {
  return new GcsStore(gcsAccess(uri, config), options);
}

/** https://cloud.google.com/storage/docs/json_api/v1/objects#resource: what is asked for of it. */
interface GcsObject {
  readonly name: string;
  readonly size: string;
  readonly timeCreated: string;
}

class GcsStore implements BlobStore {
  readonly uri: string;
  readonly #bucket: string;
  readonly #options: BlobStoreOptions;
  readonly #ops: Operations;
  readonly #api: GcsApi;

  constructor(access: GcsAccess, options: BlobStoreOptions) {
    this.uri = access.uri;
    this.#bucket = access.bucket;
    this.#options = options;
    this.#ops = new Operations(access.uri, options, gcsVendor);
    this.#api = new GcsApi(access);
  }

  async put(
    key: string,
    source: BlobSource,
    { signal }: { readonly signal?: AbortSignal } = {},
  ): Promise<'created' | 'exists'> {
    checkKey(key);
    const until = this.#ops.until(source.size);
    // That an object is there is said when all its bytes have been sent.
    if (source.size > PART_BYTES && (await this.#head(key, { signal, until }))) return 'exists';
    const where = { ops: this.#ops, api: this.#api, bucket: this.#bucket };
    return uploadBlob({ ...where, key, source, until, signal });
  }

  async get(key: string, { range, signal }: GetBlobOptions = {}): Promise<BlobContent | undefined> {
    checkKey(key);
    if (range !== undefined && range.end <= range.start) {
      const info = await this.#head(key, { signal });
      return info && { size: info.size, body: Readable.from([]) };
    }
    const headers = range && { range: `bytes=${range.start}-${range.end - 1}` };
    const path = objectPath(this.#bucket, key);
    const answer = await this.#orNone({ signal }, async (signal) => {
      const query = { alt: 'media' };
      const answer = await this.#api.send({
        method: 'GET',
        path,
        query,
        ...(headers && { headers }),
        signal,
      });
      if (!signal.aborted) return answer;
      answer.body.destroy();
      throw signal.reason;
    });
    return answer && this.#content(answer, signal);
  }

  async head(key: string, { signal }: { readonly signal?: AbortSignal } = {}): Promise<BlobInfo | undefined> {
    checkKey(key);
    return this.#head(key, { signal });
  }

  async *list(prefix: string, { after, signal }: ListBlobsOptions = {}): AsyncGenerator<readonly BlobInfo[]> {
    checkPrefix(prefix);
    let pageToken: string | undefined;
    do {
      const query = {
        prefix,
        maxResults: String(PAGE),
        startOffset: after,
        pageToken,
        fields: 'nextPageToken,items(name,size,timeCreated)',
      };
      const page = await this.#list(query, { signal });
      const found = (page.items ?? []).map(infoOf);
      // The server begins with `after` itself.
      const blobs = found.filter(({ key }) => after === undefined || compareKeys(key, after) > 0);
      if (blobs.length > 0) yield blobs;
      pageToken = page.nextPageToken;
    } while (pageToken);
  }

  /** The server copies, in steps when it takes long: https://cloud.google.com/storage/docs/json_api/v1/objects/rewrite */
  async copy(from: string, to: string): Promise<boolean> {
    checkKey(from);
    checkKey(to);
    const info = await this.#head(from, {});
    if (info === undefined) return false;
    const until = this.#ops.until(info.size);
    const path = `${objectPath(this.#bucket, from)}/rewriteTo${objectPath(this.#bucket, to).slice('/storage/v1'.length)}`;
    let rewriteToken: string | undefined;
    do {
      const step = await this.#orNone({ until }, (signal) =>
        this.#api.json<{ done: boolean; rewriteToken?: string }>({
          ...{ method: 'POST', path, signal },
          query: { rewriteToken, fields: 'done,rewriteToken' },
        }),
      );
      if (step === undefined) return false;
      rewriteToken = step.done ? undefined : step.rewriteToken;
    } while (rewriteToken !== undefined);
    return true;
  }

  async delete(keys: readonly string[]): Promise<void> {
    for (const key of keys) checkKey(key);
    for (let at = 0; at < keys.length; at += DELETES_IN_TIME) {
      const until = this.#ops.until();
      let isBucketSure = true;
      await each(keys.slice(at, at + DELETES_IN_TIME), DELETES_AT_ONCE, async (key) => {
        const path = objectPath(this.#bucket, key);
        await this.#ops.run(
          async (signal) => {
            const found = await unless404(() => this.#api.done({ method: 'DELETE', path, signal }));
            isBucketSure &&= found !== undefined;
          },
          { until },
        );
      });
      if (!isBucketSure) await this.#expectBucket({ until });
    }
  }

  async close(): Promise<void> {
    this.#ops.close();
    this.#api.close();
  }

  async #head(key: string, options: RunOptions): Promise<BlobInfo | undefined> {
    const path = objectPath(this.#bucket, key);
    const query = { fields: 'name,size,timeCreated' };
    const found = await this.#orNone(options, (signal) =>
      this.#api.json<GcsObject>({ method: 'GET', path, query, signal }),
    );
    return found && infoOf(found);
  }

  /** undefined when there is no such object. */
  async #orNone<T>(options: RunOptions, ask: (signal: AbortSignal) => Promise<T>): Promise<T | undefined> {
    const found = await this.#ops.run((signal) => unless404(() => ask(signal)), options);
    if (found === undefined) await this.#expectBucket(options);
    return found;
  }

  /** An object that is missing and a bucket that is have the same answer, in which only the prose differs. */
  async #expectBucket(options: RunOptions): Promise<void> {
    await this.#list({ maxResults: '1', fields: 'items(name)' }, options);
  }

  #list(query: Record<string, string | undefined>, options: RunOptions) {
    const path = `/storage/v1/b/${encodeURIComponent(this.#bucket)}/o`;
    return this.#ops.run(
      (signal) =>
        this.#api.json<{ items?: GcsObject[]; nextPageToken?: string }>({
          method: 'GET',
          path,
          query,
          signal,
        }),
      options,
    );
  }

  #content({ headers, body }: GcsAnswer, signal: AbortSignal | undefined): BlobContent {
    const length = Number(headers['content-length']);
    const whole = /\/(\d+)$/.exec(headers['content-range'] ?? '')?.[1];
    const guarded = new BlobBody(body, {
      size: length,
      silenceMs: timeoutOf(this.#options),
      signal,
      translate: (error) => this.#ops.brokenOff(error),
      brokenOff: (said) => this.#ops.trouble('unreachable', said),
    });
    return { size: whole === undefined ? length : Number(whole), body: guarded };
  }
}

async function unless404<T>(ask: () => Promise<T>): Promise<T | undefined> {
  try {
    return await ask();
  } catch (error) {
    if (error instanceof GcsError && error.status === 404) return undefined;
    throw error;
  }
}

function infoOf({ name, size, timeCreated }: GcsObject): BlobInfo {
  return { key: name, size: Number(size), modifiedAt: new Date(timeCreated) };
}
