import { eventually } from '../eventually.ts';
import { freePort } from '../ports.ts';
import { answers, redisArguments, type TestRedis } from './start-redis.ts';

const IMAGE = 'redis:7.4-alpine';

/**
 * The same in a container, for machines with Docker and no redis-server. It shares the host's network; its data lives and dies
 * with the container, and testcontainers' reaper removes it when this process is killed. Written after the image's
 * documentation, never run by this project's own CI.
 */
export async function startRedisContainer(settings?: Readonly<Record<string, string>>): Promise<TestRedis> {
  const { GenericContainer, getContainerRuntimeClient } = await import('testcontainers');
  const port = await freePort();
  const command = [
    'redis-server',
    '--port',
    String(port),
    '--bind',
    '127.0.0.1',
    ...redisArguments(settings),
  ];
  const container = await new GenericContainer(IMAGE).withNetworkMode('host').withCommand(command).start();
  const docker = async () => (await getContainerRuntimeClient()).container.getById(container.getId());
  const signal = async (name: NodeJS.Signals) => (await docker()).kill({ signal: name });
  let pid: number | undefined;
  const serves = async () => {
    await eventually(() => answers(port));
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
    url: `redis://127.0.0.1:${port}`,
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
