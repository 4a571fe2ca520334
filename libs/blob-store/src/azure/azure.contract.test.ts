import { describe } from '@jest/globals';
import { requireBackend, startAzure } from '@weft/testkit';
import { Secret } from '@weft/runtime';
import { describeBlobStore } from '../blob-store.contract.ts';
import { openAzureStore } from './azure-store.ts';

const NOBODYS_KEY = Buffer.alloc(64, 7).toString('base64');

requireBackend('azure', describe)('Azure Blob Storage', () => {
  describeBlobStore('az:// on Azurite', async () => {
    const server = await startAzure();
    return {
      address: { host: '127.0.0.1', port: server.port },
      createBucket: () => server.createContainer(),
      open(container, { through, as, ...options } = {}) {
        const url = through === undefined ? server.url : `http://127.0.0.1:${through.port}/${server.account}`;
        const key = as === 'wrong_credentials' ? NOBODYS_KEY : server.accessKey;
        const config = {
          WF_FILE_STORAGE_AZURE_ACCESS_KEY: new Secret(key),
          WF_FILE_STORAGE_AZURE_ACCOUNT_URL: url,
        };
        return openAzureStore(`az://${server.account}/${container}`, config, options);
      },
      secrets: [server.accessKey, NOBODYS_KEY],
      stop: () => server.stop(),
    };
  });
});
