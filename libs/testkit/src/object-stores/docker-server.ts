import { eventually } from '../eventually.ts';
import { freePort } from '../ports.ts';
import type { ServerProcess, ServerProgram } from './server-process.ts';

export interface ServerImage {
  readonly image: string;
  /** Of the image's entry point. */
  arguments(port: number): readonly string[];
}

/**
 * The same server in a container, for machines with Docker and no Go. It shares the host's network; its data lives and dies
 * with the container, and testcontainers' reaper removes it when this process is killed. Written after the images'
 * documentation, never run by this project's own CI.
 */
export async function startServerContainer(
  program: Pick<ServerProgram, 'environment' | 'answers'>,
  image: ServerImage,
): Promise<ServerProcess> {
  const { GenericContainer, getContainerRuntimeClient } = await import('testcontainers');
  const port = await freePort();
  const container = await new GenericContainer(image.image)
    .withNetworkMode('host')
    .withEnvironment({ ...program.environment })
    .withCommand([...image.arguments(port)])
    .start();
  const docker = async () => (await getContainerRuntimeClient()).container.getById(container.getId());
  const signal = async (name: NodeJS.Signals) => (await docker()).kill({ signal: name });
  let pid: number | undefined;
  const serves = async () => {
    await eventually(() => program.answers(port));
    pid = (await (await docker()).inspect()).State.Pid;
  };
  const kill = async () => {
    if (pid === undefined) return;
    const ended = (await docker()).wait();
    await signal('SIGKILL');
    await ended;
    pid = undefined;
  };
  await serves();
  return {
    port,
    get pid() {
      return pid;
    },
    kill,
    pause: () => void signal('SIGSTOP'),
    resume: () => void signal('SIGCONT'),
    async restart() {
      await kill();
      await container.restart();
      await serves();
    },
    stop: async () => void (await container.stop()),
  };
}
