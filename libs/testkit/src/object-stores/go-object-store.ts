import { whyNoDocker } from '../kafka/docker-broker.ts';
import { startServerContainer, type ServerImage } from './docker-server.ts';
import { goServer, whyNoGoServer, type GoServer } from './go-server.ts';
import { startServer, type ServerOptions, type ServerProcess, type ServerProgram } from './server-process.ts';

/** An object store that Go builds; where there is no Go but a Docker, its image is taken. */
export interface GoObjectStore {
  readonly server: GoServer;
  readonly program: Omit<ServerProgram, 'name' | 'command'>;
  readonly image: ServerImage;
}

/** Why it cannot be started on this machine; undefined = it can. */
export function whyNoGoObjectStore({ server }: GoObjectStore): string | undefined {
  const noGo = whyNoGoServer(server);
  if (noGo === undefined) return undefined;
  const docker = whyNoDocker();
  return docker === undefined ? undefined : `${noGo}, and ${docker}`;
}

/** @throws Error with its log when it does not come up, or why nothing can be started. */
export async function startGoObjectStore(
  store: GoObjectStore,
  options: ServerOptions,
): Promise<ServerProcess> {
  const { server, program, image } = store;
  const missing = whyNoGoObjectStore(store);
  if (missing !== undefined) throw new Error(`no ${server.name} can be started: ${missing}`);
  if (whyNoGoServer(server) !== undefined) return startServerContainer(program, image);
  return startServer({ ...program, name: server.name, command: await goServer(server) }, options);
}
