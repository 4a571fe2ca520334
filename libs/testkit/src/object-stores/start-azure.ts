import { createHmac } from 'node:crypto';
import { fileURLToPath } from 'node:url';

import { expectCreated, newBucketName } from './bucket-name.ts';
import {
  answersHttp,
  startServer,
  type ServerOptions,
  type ServerProcess,
  type ServerProgram,
} from './server-process.ts';

/** How to speak with the Azure Blob Storage of the tests. */
export interface AzureAccess {
  /** Of the account. */
  readonly url: string;
  readonly account: string;
  readonly accessKey: string;
  readonly connectionString: string;
  /** Makes one and resolves to its name; default: one that nobody has. @throws Error when there is one of that name. */
  createContainer(name?: string): Promise<string>;
  /** The variables that send Weft's blobs to `container`. */
  environment(container: string): Record<string, string>;
}

export type TestAzure = AzureAccess & ServerProcess;

// What every Azurite has: https://learn.microsoft.com/azure/storage/common/storage-connect-azurite
const ACCOUNT = 'devstoreaccount1';
const ACCESS_KEY = 'Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==';
const API_VERSION = '2025-11-05';

const AZURITE: ServerProgram = {
  name: 'azurite',
  command: process.execPath,
  arguments: (port, directory) => [
    fileURLToPath(new URL('./azurite.mjs', import.meta.url)),
    ...['--blobHost', '127.0.0.1', '--blobPort', String(port), '--location', directory],
    ...['--silent', '--skipApiVersionCheck', '--disableTelemetry'],
  ],
  killSignal: 'SIGUSR2',
  answers: (port) => answersHttp(`http://127.0.0.1:${port}/${ACCOUNT}`),
};

/** Microsoft's Azurite. Needs nothing but Node. @throws Error with its log when it does not come up. */
export async function startAzure(options: ServerOptions = {}): Promise<TestAzure> {
  const server = await startServer(AZURITE, options);
  return Object.assign(server, azureAt(`http://127.0.0.1:${server.port}/${ACCOUNT}`));
}

/** The same at an address: a server, or a proxy before it. The account ends the path. */
export function azureAt(url: string): AzureAccess {
  const connectionString = `DefaultEndpointsProtocol=http;AccountName=${ACCOUNT};AccountKey=${ACCESS_KEY};BlobEndpoint=${url};`;
  return {
    url,
    account: ACCOUNT,
    accessKey: ACCESS_KEY,
    connectionString,
    async createContainer(container = newBucketName()) {
      const headers = signedPut(container);
      await expectCreated(await fetch(`${url}/${container}?restype=container`, { method: 'PUT', headers }));
      return container;
    },
    environment: (container) => ({
      WF_FILE_STORAGE_URI: `az://${ACCOUNT}/${container}`,
      WF_FILE_STORAGE_AZURE_CONNECTION_STRING: connectionString,
    }),
  };
}

/** https://learn.microsoft.com/rest/api/storageservices/authorize-with-shared-key; the account stands in its resource twice, as it does in the path. */
function signedPut(container: string): Record<string, string> {
  const date = new Date().toUTCString();
  const text = `PUT${'\n'.repeat(12)}x-ms-date:${date}\nx-ms-version:${API_VERSION}\n/${ACCOUNT}/${ACCOUNT}/${container}\nrestype:container`;
  const signature = createHmac('sha256', Buffer.from(ACCESS_KEY, 'base64')).update(text).digest('base64');
  return {
    'x-ms-date': date,
    'x-ms-version': API_VERSION,
    authorization: `SharedKey ${ACCOUNT}:${signature}`,
  };
}
