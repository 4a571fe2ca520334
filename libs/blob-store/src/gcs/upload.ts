import { randomUUID } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import type { BlobSource } from '../blob-store.ts';
import type { Operations } from '../cloud/operations.ts';
import {
  PART_BYTES,
  reading,
  readWhole,
  sendParts,
  type Part,
  type SourceReader,
} from '../cloud/source-reader.ts';
import type { GcsApi, GcsRequest } from './api.ts';
import { Crc32c } from './crc32c.ts';
import { GcsError } from './trouble.ts';

const CONTENT_TYPE = 'application/octet-stream';
/** Only where the name has no object. */
const ONLY_IF_NEW = { ifGenerationMatch: '0' };
/** An upload that the server has forgotten, or has ended with other bytes, begins again. */
const MOST_STARTS = 3;

export interface Upload {
  readonly ops: Operations;
  readonly api: GcsApi;
  readonly bucket: string;
  readonly key: string;
  readonly source: BlobSource;
  /** By `performance.now()`. */
  readonly until: number;
  readonly signal?: AbortSignal | undefined;
}

interface Stored {
  readonly crc32c?: string;
  readonly generation?: string;
}

/** The server verifies the CRC-32C that goes with the bytes, and what it says it has stored is compared once more. */
export async function uploadBlob(upload: Upload): Promise<'created' | 'exists'> {
  const { ops, source } = upload;
  const put = source.size <= PART_BYTES ? putWhole : putParts;
  for (let starts = 1; ; starts++) {
    const outcome = await put(upload);
    if (outcome === 'created' || outcome === 'exists') return outcome;
    if (starts < MOST_STARTS) continue;
    if (outcome === 'forgotten') throw ops.trouble('unreachable', 'it forgets uploads before they end');
    throw ops.trouble('corrupt', 'its CRC-32C is not the one that was sent; the blob was removed');
  }
}

/** `corrupt`: what was stored is not what was sent, and is removed. */
type Outcome = 'created' | 'exists' | 'forgotten' | 'corrupt';

/** https://cloud.google.com/storage/docs/uploading-objects-from-memory: metadata and bytes in one request. */
async function putWhole(upload: Upload): Promise<Outcome> {
  const { ops, api, source } = upload;
  const bytes = await reading(source, ops, upload, (reader) => readWhole(reader, source.size));
  const crc32c = new Crc32c().update(bytes).digest();
  const boundary = randomUUID();
  const metadata = JSON.stringify({ ...metadataOf(upload), crc32c });
  const head =
    `--${boundary}\r\ncontent-type: application/json; charset=utf-8\r\n\r\n${metadata}\r\n` +
    `--${boundary}\r\ncontent-type: ${CONTENT_TYPE}\r\n\r\n`;
  const body = [Buffer.from(head), bytes, Buffer.from(`\r\n--${boundary}--`)];
  const headers = { 'content-type': `multipart/related; boundary=${boundary}` };
  const stored = await ops.run(
    (signal) => unlessThere(() => api.json<Stored>({ ...begin(upload, 'multipart'), headers, body, signal })),
    { ...upload, bytes: bytes.length },
  );
  return stored === 'exists' ? stored : verified(upload, stored, crc32c);
}

/** https://cloud.google.com/storage/docs/performing-resumable-uploads */
async function putParts(upload: Upload): Promise<Outcome> {
  const { ops, source } = upload;
  const address = await ops.run((signal) => unlessThere(() => addressOf(upload, signal)), upload);
  if (address === 'exists') return 'exists';
  const session = new Session(upload, address.location);
  try {
    return await reading(source, ops, upload, (reader) => sendAll(upload, reader, session));
  } catch (error) {
    if (error instanceof Forgotten) return 'forgotten';
    if (error instanceof EndedEarly) return remove(upload, error.stored);
    throw error;
  }
}

async function sendAll(upload: Upload, reader: SourceReader, session: Session): Promise<Outcome> {
  const crc = new Crc32c();
  await sendParts(reader, upload.source.size, async (part) => {
    crc.update(part.bytes);
    await session.send(part, part.isLast ? { 'x-goog-hash': `crc32c=${crc.digest()}` } : {});
  });
  const { stored } = session;
  return stored === 'exists' ? stored : verified(upload, stored ?? {}, crc.digest());
}

async function addressOf(upload: Upload, signal: AbortSignal): Promise<{ location: string }> {
  const { headers } = await upload.api.done({
    ...begin(upload, 'resumable'),
    headers: {
      'content-type': 'application/json; charset=utf-8',
      'x-upload-content-type': CONTENT_TYPE,
      'x-upload-content-length': String(upload.source.size),
    },
    body: [Buffer.from(JSON.stringify(metadataOf(upload)))],
    signal,
  });
  const { location } = headers;
  if (location === undefined) throw new GcsError(502, headers, undefined, 'an upload without an address');
  return { location };
}

/** The server knows of no such upload. */
class Forgotten extends Error {}

/** The server has made a blob of an upload that was under way. */
class EndedEarly extends Error {
  readonly stored: Stored;

  constructor(stored: Stored) {
    super();
    this.stored = stored;
  }
}

/** An upload under way: the server says how many bytes it has, and goes on from there. */
class Session {
  readonly #upload: Upload;
  readonly #location: string;
  /** After the last part, or before it: somebody else's blob. */
  stored: Stored | 'exists' | undefined;

  constructor(upload: Upload, location: string) {
    this.#upload = upload;
    this.#location = location;
  }

  /** @throws Forgotten, EndedEarly. */
  async send(part: Part, headers: Record<string, string>): Promise<void> {
    if (this.stored !== 'exists') await this.#send(part, headers);
  }

  async #send(part: Part, headers: Record<string, string>): Promise<void> {
    const { ops, source } = this.#upload;
    const end = part.start + part.bytes.length;
    let has = part.start;
    let isAgain = false;
    await ops.run(
      async (signal) => {
        if (isAgain) has = await this.#put(signal, [], `bytes */${source.size}`, {});
        isAgain = true;
        if (has < part.start) throw new Forgotten();
        while (has < end) {
          const rest = part.bytes.subarray(has - part.start);
          const range = `bytes ${has}-${end - 1}/${source.size}`;
          const before = has;
          has = await this.#put(signal, [rest], range, headers);
          if (has <= before) throw new GcsError(503, {}, undefined, `it takes no byte after ${before}`);
        }
      },
      { ...this.#upload, bytes: part.bytes.length },
    );
    // fake-gcs-server takes the question how much it has for the end.
    if (this.stored !== undefined && this.stored !== 'exists' && !part.isLast)
      throw new EndedEarly(this.stored);
  }

  /** @returns how many bytes the server has; all when the object is there. */
  async #put(
    signal: AbortSignal,
    body: readonly Uint8Array[],
    range: string,
    more: Record<string, string>,
  ): Promise<number> {
    const { api, source } = this.#upload;
    const headers = { 'content-range': range, ...more };
    const request: GcsRequest = { method: 'PUT', path: this.#location, headers, body, signal };
    const answer = await unlessThere(() => api.done(request)).catch(forgotten);
    if (answer === 'exists') {
      this.stored = answer;
      return source.size;
    }
    if (answer.status === 308) return bytesIn(answer.headers);
    this.stored = (answer.json ?? {}) as Stored;
    return source.size;
  }
}

function forgotten(error: unknown): never {
  const isSo = error instanceof GcsError && (error.status === 404 || error.status === 410);
  throw isSo ? new Forgotten() : error;
}

/** `Range: bytes=0-8388607`: of those it has. None when there is no such header. */
function bytesIn(headers: IncomingHttpHeaders): number {
  const last = /-(\d+)$/.exec(headers.range ?? '')?.[1];
  return last === undefined ? 0 : Number(last) + 1;
}

async function unlessThere<T>(request: () => Promise<T>): Promise<T | 'exists'> {
  try {
    return await request();
  } catch (error) {
    if (error instanceof GcsError && error.status === 412) return 'exists';
    throw error;
  }
}

async function verified(upload: Upload, stored: Stored, crc32c: string): Promise<'created' | 'corrupt'> {
  const isSame = stored.crc32c === undefined || stored.crc32c === crc32c;
  return isSame ? 'created' : remove(upload, stored);
}

/** What was stored and is not what was sent, if it is still there. */
async function remove(
  { ops, api, bucket, key, ...when }: Upload,
  { generation }: Stored,
): Promise<'corrupt'> {
  const query = { ifGenerationMatch: generation };
  const path = objectPath(bucket, key);
  const remove = (signal: AbortSignal) => api.done({ method: 'DELETE', path, query, signal });
  await ops.run((signal) => unlessThere(() => remove(signal)).catch(unlessGone), when);
  return 'corrupt';
}

function unlessGone(error: unknown): void {
  if (!(error instanceof GcsError && error.status === 404)) throw error;
}

function begin({ bucket }: Upload, uploadType: string): Pick<GcsRequest, 'method' | 'path' | 'query'> {
  const path = `/upload/storage/v1/b/${encodeURIComponent(bucket)}/o`;
  return { method: 'POST', path, query: { uploadType, ...ONLY_IF_NEW, fields: 'crc32c,generation' } };
}

function metadataOf({ key, source }: Upload) {
  const sha256 = Buffer.from(source.sha256).toString('hex');
  return { name: key, contentType: CONTENT_TYPE, metadata: { sha256 } };
}

export function objectPath(bucket: string, key: string): string {
  return `/storage/v1/b/${encodeURIComponent(bucket)}/o/${encodeURIComponent(key)}`;
}
