import http from 'node:http';
import https from 'node:https';
import type { ContainerClient, RequestPolicyFactory } from '@azure/storage-blob';
import type { AzureAccount } from './account.ts';

export interface AzureContainer {
  readonly client: ContainerClient;
  /** Closes its connections, in use or not. */
  close(): void;
}

/** More requests than these wait for a connection. */
const MOST_SOCKETS = 128;

/** The vendor's client, without its retries. Its code is read when it is needed: few processes have their bucket here. */
export async function openContainer(account: AzureAccount): Promise<AzureContainer> {
  const { BlobServiceClient, StorageSharedKeyCredential, AnonymousCredential, newPipeline } =
    await import('@azure/storage-blob');
  const { credential, serviceUrl } = account;
  const agentOptions = { keepAlive: true, maxSockets: MOST_SOCKETS };
  const agent = serviceUrl.startsWith('https:')
    ? new https.Agent(agentOptions)
    : new http.Agent(agentOptions);
  const pipeline = newPipeline(
    credential.kind === 'key'
      ? new StorageSharedKeyCredential(account.account, credential.key)
      : credential.kind === 'sas'
        ? new AnonymousCredential()
        : await ambientCredential(),
    { retryOptions: { maxTries: 1 } },
  );
  pipeline.factories.push(withAgent(agent));
  const url = credential.kind === 'sas' ? `${serviceUrl}?${credential.sas}` : serviceUrl;
  const service = new BlobServiceClient(url, pipeline);
  return { client: service.getContainerClient(account.container), close: () => agent.destroy() };
}

async function ambientCredential() {
  const { DefaultAzureCredential } = await import('@azure/identity');
  return new DefaultAzureCredential();
}

/** The client's own agent has no bound and is shared by the process. Where a proxy is set, the proxy's is kept. */
function withAgent(agent: http.Agent): RequestPolicyFactory {
  return {
    create: (next) => ({
      sendRequest(request) {
        request.agent ??= agent;
        return next.sendRequest(request);
      },
    }),
  };
}
