import type { BlobSource } from '@weft/blob-store';
import { AppError, readClaimedEvent } from '@weft/model';
import type { Logger, Metrics } from '@weft/runtime';
import { pipeline } from 'node:stream';
import { createBlobs } from './blobs.ts';
import { bytesSource } from './bytes-source.ts';
import { claimCallPart } from './claim-call.ts';
import { claimEvents, SMALL_FILE_BYTES, type PutBytes } from './claim-events.ts';
import { corrupt, digestCheck, readChecked } from './digest.ts';
import type { FileStorageConfig } from './env.ts';
import type { FileStorage } from './file-storage.ts';
import { blobKey, hasKeys, type BlobName } from './keys.ts';
import { createPolicy } from './policy.ts';
import { openStores, type Stores } from './stores.ts';

export interface OpenFileStorageOptions {
  readonly config: FileStorageConfig;
  readonly logger: Logger;
  readonly metrics?: Metrics;
  /** Where blobs go when the settings name no store: `file://` and a folder of this process. Small files then ride the log. */
  readonly defaultUri?: string;
  /** For tests. */
  readonly stores?: Stores;
  readonly maxInFlightBytes?: number;
}

/**
 * Opens no connection, but looks whether the store can be reached and logs when it cannot.
 * @throws ConfigError naming the variables when URI or credentials cannot be right.
 */
export function openFileStorage(options: OpenFileStorageOptions): FileStorage {
  const { config, logger, metrics, defaultUri, maxInFlightBytes } = options;
  const stores = options.stores ?? openStores(config, defaultUri);
  const blobs = createBlobs({ stores, logger, metrics, maxInFlightBytes });
  const isTaken = createPolicy(config);
  const claimBytes = config.WEFT_FILE_STORAGE_CLAIM_BYTES;
  const takes = (projectId: string) => stores.main !== undefined && isTaken(projectId) && hasKeys(projectId);

  const put: PutBytes = async (kind, projectId, bytes, done) => {
    const source = await bytesSource(bytes);
    const { digest } = source;
    const name = { projectId, kind, digest };
    const key = blobKey(name);
    const putting = done.get(key) ?? blobs.put(name, source);
    done.set(key, putting);
    return { digest, uri: await putting };
  };

  async function readWhole(
    name: BlobName,
    { uri, sizeBytes }: { readonly uri: string; readonly sizeBytes: number },
    signal?: AbortSignal,
  ): Promise<Buffer | undefined> {
    const content = await blobs.get(name, uri, { ...(signal && { signal }) });
    const failure = () => corrupt(blobKey(name), uri);
    return content && readChecked(content.body, { digest: name.digest, sizeBytes }, failure);
  }

  return {
    uri: stores.main?.uri,
    claimBytes,
    smallFileBytes: config.WF_FILE_STORAGE_URI === undefined ? SMALL_FILE_BYTES : 0,
    store: () => stores.main,
    takes,
    putFile: (projectId, file: BlobSource & { readonly digest: string }) =>
      blobs.put({ projectId, kind: 'files', digest: file.digest }, file),
    openFile: async (projectId, { digest, uri }, options = {}) => {
      const name = { projectId, kind: 'files', digest } as const;
      const content = await blobs.get(name, uri, options);
      if (content === undefined || options.range !== undefined) return content?.body;
      // Failures of either end up at the reader of the last one.
      return pipeline(
        content.body,
        digestCheck(digest, () => corrupt(blobKey(name), uri)),
        () => {},
      );
    },
    claim: async (events) => claimEvents(events, { claimBytes, takes, put }),
    claimPart: async (part) =>
      takes(part.projectId)
        ? claimCallPart(part, claimBytes, (bytes) => put('payloads', part.projectId, bytes, new Map()))
        : part,
    redeem: async (event) => {
      const { kind, note, digest, sizeBytes, uri } = readClaimedEvent(event);
      const name = { projectId: event.projectId, kind: 'events', digest } as const;
      const payload = await readWhole(name, { uri, sizeBytes });
      if (payload === undefined)
        throw new AppError('undecodable_event', `its payload is not in ${uri}: ${blobKey(name)}`);
      return { ...event, kind, note, payload };
    },
    load: (projectId, claim, signal) =>
      readWhole({ projectId, kind: 'payloads', digest: claim.digest }, claim, signal),
    close: () => blobs.close(),
  };
}
