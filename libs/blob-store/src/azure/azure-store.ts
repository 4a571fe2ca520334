import { Readable } from 'node:stream';
import { setTimeout as pause } from 'node:timers/promises';
import type {
  BlobDownloadResponseParsed,
  BlobItem,
  BlockBlobClient,
  ContainerListBlobFlatSegmentResponse,
} from '@azure/storage-blob';
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
import { azureAccount, type AzureAccount } from './account.ts';
import { openContainer, type AzureContainer } from './container.ts';
import { azureVendor, errorCode } from './trouble.ts';
import { uploadBlob } from './upload.ts';

const PAGE = 1000;
const DELETES_AT_ONCE = 16;
/** Deletes that share the time of one operation. */
const DELETES_IN_TIME = 256;
const COPY_POLL_MS = 100;

/** A container of Azure Blob Storage. Opens no connection. @throws ConfigError naming the variables. */
export function openAzureStore(
  uri: string,
  config: BlobStoreConfig,
  options: BlobStoreOptions = {},
): BlobStore {
  return new AzureStore(azureAccount(uri, config), options);
}

class AzureStore implements BlobStore {
  readonly uri: string;
  readonly #account: AzureAccount;
  readonly #options: BlobStoreOptions;
  readonly #ops: Operations;
  #container: Promise<AzureContainer> | undefined;

  constructor(account: AzureAccount, options: BlobStoreOptions) {
    this.uri = account.uri;
    this.#account = account;
    this.#options = options;
    this.#ops = new Operations(account.uri, options, azureVendor);
  }

  async put(
    key: string,
    source: BlobSource,
    { signal }: { readonly signal?: AbortSignal } = {},
  ): Promise<'created' | 'exists'> {
    const blob = await this.#blob(key);
    // The condition is looked at when all blocks are there: too late for many bytes.
    if (source.size > PART_BYTES && (await this.head(key, { ...(signal && { signal }) }))) return 'exists';
    return uploadBlob({ ops: this.#ops, blob, source, until: this.#ops.until(source.size), signal });
  }

  async get(key: string, { range, signal }: GetBlobOptions = {}): Promise<BlobContent | undefined> {
    if (range !== undefined && range.end <= range.start) {
      const info = await this.head(key, { ...(signal && { signal }) });
      return info && { size: info.size, body: Readable.from([]) };
    }
    const blob = await this.#blob(key);
    const { start = 0, end } = range ?? {};
    const count = end === undefined ? undefined : end - start;
    const answer = await this.#orNone({ signal }, async (abortSignal) => {
      // What broke off is reported, not patched together.
      const answer = await blob.download(start, count, { abortSignal, maxRetryRequests: 0 });
      if (!abortSignal.aborted) return answer;
      bodyOf(answer).destroy();
      throw abortSignal.reason;
    });
    return answer && this.#content(answer, signal);
  }

  async head(key: string, { signal }: { readonly signal?: AbortSignal } = {}): Promise<BlobInfo | undefined> {
    const blob = await this.#blob(key);
    const found = await this.#orNone({ signal }, (abortSignal) => blob.getProperties({ abortSignal }));
    return found && { key, size: found.contentLength!, modifiedAt: found.lastModified! };
  }

  async *list(prefix: string, { after, signal }: ListBlobsOptions = {}): AsyncGenerator<readonly BlobInfo[]> {
    checkPrefix(prefix);
    let continuationToken: string | undefined;
    do {
      const page = await this.#ops.run(
        async (abortSignal) => {
          const { client } = await this.#open();
          const pages = client.listBlobsFlat({ prefix, abortSignal });
          const settings = { maxPageSize: PAGE, ...(continuationToken && { continuationToken }) };
          const { value } = await pages.byPage(settings).next();
          return value as ContainerListBlobFlatSegmentResponse;
        },
        { signal },
      );
      // Not every kind of account can start after a key; some order keys as UTF-16, within a page that is cured.
      const blobs = page.segment.blobItems
        .map(infoOf)
        .filter(({ key }) => after === undefined || compareKeys(key, after) > 0)
        .sort((a, b) => compareKeys(a.key, b.key));
      if (blobs.length > 0) yield blobs;
      continuationToken = page.continuationToken;
    } while (continuationToken);
  }

  /** The service copies. What is large may take it until after its answer. */
  async copy(from: string, to: string): Promise<boolean> {
    const source = await this.#blob(from);
    const target = await this.#blob(to);
    const size = (await this.head(from))?.size;
    if (size === undefined) return false;
    const until = this.#ops.until(size);
    const begun = await this.#orNone({ until }, async (abortSignal) => {
      try {
        return (await target.beginCopyFromURL(source.url, { abortSignal })).isDone() ? 'done' : 'pending';
      } catch (error) {
        if (errorCode(error) === 'PendingCopyOperation') return 'pending';
        throw error;
      }
    });
    if (begun === 'pending') await this.#copied(target, until);
    return begun !== undefined;
  }

  async delete(keys: readonly string[]): Promise<void> {
    for (const key of keys) checkKey(key);
    for (let at = 0; at < keys.length; at += DELETES_IN_TIME) {
      const until = this.#ops.until();
      await each(keys.slice(at, at + DELETES_IN_TIME), DELETES_AT_ONCE, async (key) => {
        const blob = await this.#blob(key);
        await this.#orNone({ until }, (abortSignal) =>
          blob.delete({ abortSignal, deleteSnapshots: 'include' }),
        );
      });
    }
  }

  async close(): Promise<void> {
    this.#ops.close();
    const container = await this.#container?.catch(() => undefined);
    container?.close();
  }

  async #copied(target: BlockBlobClient, until: number): Promise<void> {
    for (;;) {
      const run = this.#ops.run((abortSignal) => target.getProperties({ abortSignal }), { until });
      const { copyStatus = 'success' } = await run;
      if (copyStatus === 'success') return;
      if (copyStatus !== 'pending') throw this.#ops.trouble('unreachable', `the copy has ${copyStatus}`);
      await pause(COPY_POLL_MS);
    }
  }

  /** undefined when there is no such blob. */
  #orNone<T>(options: RunOptions, ask: (signal: AbortSignal) => Promise<T>): Promise<T | undefined> {
    return this.#ops.run(async (signal) => {
      try {
        return await ask(signal);
      } catch (error) {
        if (isNoBlob(error)) return undefined;
        throw error;
      }
    }, options);
  }

  #content(answer: BlobDownloadResponseParsed, signal: AbortSignal | undefined): BlobContent {
    const { contentLength = 0, contentRange } = answer;
    const whole = /\/(\d+)$/.exec(contentRange ?? '')?.[1];
    const body = new BlobBody(bodyOf(answer), {
      size: contentLength,
      silenceMs: timeoutOf(this.#options),
      signal,
      translate: (error) => this.#ops.brokenOff(error),
      brokenOff: (said) => this.#ops.trouble('unreachable', said),
    });
    return { size: whole === undefined ? contentLength : Number(whole), body };
  }

  async #blob(key: string): Promise<BlockBlobClient> {
    checkKey(key);
    return (await this.#open()).client.getBlockBlobClient(key);
  }

  #open(): Promise<AzureContainer> {
    return (this.#container ??= openContainer(this.#account));
  }
}

function bodyOf(answer: BlobDownloadResponseParsed): Readable {
  return answer.readableStreamBody as Readable;
}

function infoOf({ name, properties }: BlobItem): BlobInfo {
  return { key: name, size: properties.contentLength!, modifiedAt: properties.lastModified };
}

function isNoBlob(error: unknown): boolean {
  const reason = errorCode(error);
  const { statusCode } = error as { statusCode?: number };
  return reason === 'BlobNotFound' || (reason === 'CannotVerifyCopySource' && statusCode === 404);
}
