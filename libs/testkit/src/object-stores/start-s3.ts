import { createHash, createHmac } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';

import { expectCreated, newBucketName } from './bucket-name.ts';
import { startGoObjectStore, whyNoGoObjectStore, type GoObjectStore } from './go-object-store.ts';
import { answersHttp, type ServerOptions, type ServerProcess } from './server-process.ts';

/** How to speak with the S3 of the tests: buckets stand in the path. */
export interface S3Access {
  readonly url: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly region: string;
  /** Makes one and resolves to its name; default: one that nobody has. @throws Error when there is one of that name. */
  createBucket(name?: string): Promise<string>;
  /** The variables that send Weft's blobs to `bucket`. */
  environment(bucket: string): Record<string, string>;
}

export type TestS3 = S3Access & ServerProcess;

const ACCESS_KEY_ID = 'weftadmin';
const SECRET_ACCESS_KEY = 'weftsecret';
const REGION = 'us-east-1';

const VERSITYGW: GoObjectStore = {
  server: { name: 'versitygw', package: 'github.com/versity/versitygw/cmd/versitygw', minor: 26 },
  program: {
    environment: { ROOT_ACCESS_KEY: ACCESS_KEY_ID, ROOT_SECRET_KEY: SECRET_ACCESS_KEY },
    arguments(port, directory) {
      // Beside the files and not in their extended attributes, which not every temporary directory has.
      const [data, metadata] = [join(directory, 'data'), join(directory, 'metadata')];
      for (const path of [data, metadata]) mkdirSync(path, { recursive: true });
      return ['--port', `127.0.0.1:${port}`, '--region', REGION, 'posix', '--sidecar', metadata, data];
    },
    answers: (port) => answersHttp(`http://127.0.0.1:${port}/`),
  },
  image: {
    image: 'versity/versitygw:v1.8.0',
    arguments: (port) => ['--port', `127.0.0.1:${port}`, '--region', REGION, 'posix', '/tmp'],
  },
};

/**
 * A versitygw, the S3 gateway over a folder: signatures, checksums, conditional puts and multipart uploads are real. It takes
 * the headers of SSE-KMS and does nothing with them. @throws Error with its log when it does not come up, or why it cannot be had.
 */
export async function startS3(options: ServerOptions = {}): Promise<TestS3> {
  const server = await startGoObjectStore(VERSITYGW, options);
  return Object.assign(server, s3At(`http://127.0.0.1:${server.port}`));
}

/** Why `startS3` cannot start anything on this machine; undefined = it can. */
export function whyNoS3(): string | undefined {
  return whyNoGoObjectStore(VERSITYGW);
}

/** The same at an address: a server, or a proxy before it. */
export function s3At(url: string): S3Access {
  return {
    url,
    accessKeyId: ACCESS_KEY_ID,
    secretAccessKey: SECRET_ACCESS_KEY,
    region: REGION,
    async createBucket(bucket = newBucketName()) {
      const headers = signedPut(new URL(url).host, `/${bucket}`);
      await expectCreated(await fetch(`${url}/${bucket}`, { method: 'PUT', headers }));
      return bucket;
    },
    environment: (bucket) => ({
      WF_FILE_STORAGE_URI: `s3://${bucket}`,
      WF_FILE_STORAGE_AWS_ACCESS_KEY_ID: ACCESS_KEY_ID,
      WF_FILE_STORAGE_AWS_SECRET_ACCESS_KEY: SECRET_ACCESS_KEY,
      WF_FILE_STORAGE_AWS_REGION: REGION,
      WEFT_FILE_STORAGE_AWS_ENDPOINT: url,
    }),
  };
}

/** AWS Signature Version 4 of a PUT without body: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html */
function signedPut(host: string, path: string): Record<string, string> {
  const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');
  const hmac = (key: string | Buffer, text: string) => createHmac('sha256', key).update(text).digest();
  const time = new Date().toISOString().replace(/[-:]|\.\d+/g, '');
  const scope = `${time.slice(0, 8)}/${REGION}/s3/aws4_request`;
  const names = 'host;x-amz-content-sha256;x-amz-date';
  const request = `PUT\n${path}\n\nhost:${host}\nx-amz-content-sha256:${sha256('')}\nx-amz-date:${time}\n\n${names}\n${sha256('')}`;
  const key = scope.split('/').reduce<string | Buffer>(hmac, `AWS4${SECRET_ACCESS_KEY}`);
  const signature = hmac(key, `AWS4-HMAC-SHA256\n${time}\n${scope}\n${sha256(request)}`).toString('hex');
  return {
    'x-amz-content-sha256': sha256(''),
    'x-amz-date': time,
    authorization: `AWS4-HMAC-SHA256 Credential=${ACCESS_KEY_ID}/${scope}, SignedHeaders=${names}, Signature=${signature}`,
  };
}
