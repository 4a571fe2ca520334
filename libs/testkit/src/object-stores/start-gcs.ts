import { join } from 'node:path';

import { expectCreated, newBucketName } from './bucket-name.ts';
import { startGoObjectStore, whyNoGoObjectStore, type GoObjectStore } from './go-object-store.ts';
import { answersHttp, type ServerOptions, type ServerProcess } from './server-process.ts';

/** How to speak with the GCS of the tests: it takes any credentials, and none. */
export interface GcsAccess {
  readonly url: string;
  /** Makes one and resolves to its name; default: one that nobody has. @throws Error when there is one of that name. */
  createBucket(name?: string): Promise<string>;
  /** The variables that send Weft's blobs to `bucket`. */
  environment(bucket: string): Record<string, string>;
}

export type TestGcs = GcsAccess & ServerProcess;

const flags = (port: number, root: string) => [
  ...['-scheme', 'http', '-host', '127.0.0.1', '-port', String(port), '-log-level', 'warn'],
  ...['-backend', 'filesystem', '-filesystem-root', root],
];

const FAKE_GCS_SERVER: GoObjectStore = {
  server: { name: 'fake-gcs-server', package: 'github.com/fsouza/fake-gcs-server', minor: 26 },
  program: {
    arguments: (port, directory) => flags(port, join(directory, 'data')),
    answers: (port) => answersHttp(`http://127.0.0.1:${port}/storage/v1/b`),
  },
  image: { image: 'fsouza/fake-gcs-server:1.56.1', arguments: (port) => flags(port, '/storage') },
};

/**
 * A fake-gcs-server that keeps its objects on disk; uploads in parts that are under way are lost with the process. It looks at
 * no credentials and forgets `kmsKeyName`. @throws Error with its log when it does not come up, or why it cannot be had.
 */
export async function startGcs(options: ServerOptions = {}): Promise<TestGcs> {
  const server = await startGoObjectStore(FAKE_GCS_SERVER, options);
  return Object.assign(server, gcsAt(`http://127.0.0.1:${server.port}`));
}

/** Why `startGcs` cannot start anything on this machine; undefined = it can. */
export function whyNoGcs(): string | undefined {
  return whyNoGoObjectStore(FAKE_GCS_SERVER);
}

/** The same at an address: a server, or a proxy before it. */
export function gcsAt(url: string): GcsAccess {
  return {
    url,
    async createBucket(name = newBucketName()) {
      const response = await fetch(`${url}/storage/v1/b?project=weft`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ name }),
      });
      await expectCreated(response);
      return name;
    },
    environment: (bucket) => ({
      WF_FILE_STORAGE_URI: `gs://${bucket}`,
      WEFT_FILE_STORAGE_GCP_ENDPOINT: url,
    }),
  };
}
