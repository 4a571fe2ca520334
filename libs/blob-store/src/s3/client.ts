import type { S3Client, S3ClientConfig, ServiceInputTypes, ServiceOutputTypes } from '@aws-sdk/client-s3';
import { S3Failure } from './trouble.ts';
import type { S3Bucket } from './bucket.ts';

/** More requests than these wait for a connection. */
const MOST_SOCKETS = 50;
/** A connection that cannot be made leaves time for another attempt. */
const CONNECT_MS = 4000;
const DEFAULT_REGION = 'us-east-1';

/** The vendor's client of one bucket, without its retries. */
export interface S3Connection {
  readonly vendor: typeof import('@aws-sdk/client-s3');
  /** @throws S3Failure */
  readonly send: Send;
  /** Closes its connections, in use or not. */
  close(): void;
}

type Send = <Input extends ServiceInputTypes, Output extends ServiceOutputTypes>(
  command: Command<Input, Output>,
  abortSignal: AbortSignal,
) => Promise<Output>;

/** Of the vendor's. */
type Command<Input extends ServiceInputTypes, Output extends ServiceOutputTypes> = Parameters<
  typeof S3Client.prototype.send<Input, Output>
>[0];

/** The vendor's code is read when it is needed: few processes have their bucket here. */
export async function connectS3(bucket: S3Bucket): Promise<S3Connection> {
  const vendor = await import('@aws-sdk/client-s3');
  const { S3Client } = vendor;
  const settings: S3ClientConfig = {
    // For the compatible ones a name per bucket may be missing in the DNS.
    ...(bucket.endpoint !== undefined && { endpoint: bucket.endpoint, forcePathStyle: true }),
    ...(bucket.credentials !== undefined && { credentials: bucket.credentials }),
    region: bucket.region ?? ambientRegion(new S3Client()),
    maxAttempts: 1,
    requestHandler: {
      connectionTimeout: CONNECT_MS,
      httpAgent: { keepAlive: true, maxSockets: MOST_SOCKETS },
      httpsAgent: { keepAlive: true, maxSockets: MOST_SOCKETS },
    },
    // We send a SHA-256 of our own, and who reads whole blobs checks their digests.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    // Proxies that know nothing of it cost seconds.
    expectContinueHeader: false,
    logger: SILENT,
  };
  const client = new S3Client(settings);
  // Before the client makes errors of its own of those of the network.
  client.middlewareStack.add((next) => (args) => next(args).catch(rethrow), {
    step: 'deserialize',
    priority: 'low',
    name: 'weftFailures',
  });
  return {
    vendor,
    async send(command, abortSignal) {
      const attempt = () => client.send(command, { abortSignal }).catch(rethrow);
      try {
        return await attempt();
      } catch (error) {
        // The answer has told the client what time it is.
        if (isOfClocks(error)) return attempt();
        throw error;
      }
    },
    close: () => client.destroy(),
  };
}

function isOfClocks(error: unknown): boolean {
  return error instanceof S3Failure && /^(RequestTimeTooSkewed|RequestExpired)$/.test(error.code);
}

function rethrow(error: unknown): never {
  throw S3Failure.of(error);
}

/** What the environment or the profile says. */
function ambientRegion(client: S3Client): () => Promise<string> {
  return async () => {
    try {
      return await client.config.region();
    } catch {
      return DEFAULT_REGION;
    }
  };
}

const SILENT = { trace() {}, debug() {}, info() {}, warn() {}, error() {} };
