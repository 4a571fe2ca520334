const MIB = 1024 * 1024;

/** Where the nodes of a cluster listen; index = node id − 1. */
export interface Ports {
  readonly client: number;
  readonly controller: number;
  readonly secure: number;
}

/**
 * `server.properties` of one node: broker and controller in one JVM, replication as in production where there are three of
 * them, and everything that costs start time or delays a test (50 offsets partitions, rebalance delays, long sessions) small.
 */
export function propertiesOf(
  nodeId: number,
  ports: readonly Ports[],
  dataDirectory: string,
  secure: Readonly<Record<string, string>> | undefined,
  more: Readonly<Record<string, string | number>> = {},
): Map<string, string> {
  const { client, controller, secure: securePort } = ports[nodeId - 1]!;
  const replicas = ports.length;
  const inSync = replicas > 1 ? replicas - 1 : 1;
  const properties: Record<string, string | number> = {
    'process.roles': 'broker,controller',
    'node.id': nodeId,
    listeners: `PLAINTEXT://127.0.0.1:${client},CONTROLLER://127.0.0.1:${controller}${secure ? `,SECURE://127.0.0.1:${securePort}` : ''}`,
    'controller.listener.names': 'CONTROLLER',
    'controller.quorum.voters': ports.map((at, i) => `${i + 1}@127.0.0.1:${at.controller}`).join(','),
    'log.dirs': dataDirectory,
    'auto.create.topics.enable': 'false',
    'num.partitions': 1,
    'default.replication.factor': replicas,
    'min.insync.replicas': inSync,
    'offsets.topic.replication.factor': replicas,
    'offsets.topic.num.partitions': 3,
    'transaction.state.log.replication.factor': replicas,
    'transaction.state.log.min.isr': inSync,
    'transaction.state.log.num.partitions': 3,
    'share.coordinator.state.topic.replication.factor': replicas,
    'share.coordinator.state.topic.min.isr': inSync,
    'share.coordinator.state.topic.num.partitions': 3,
    'group.initial.rebalance.delay.ms': 0,
    'group.min.session.timeout.ms': 1000,
    // A node that was killed counts as up until its session ends, and cannot come back before that.
    'broker.session.timeout.ms': 3000,
    'broker.heartbeat.interval.ms': 500,
    'message.max.bytes': 100 * MIB,
    'replica.fetch.max.bytes': 100 * MIB,
    'replica.fetch.response.max.bytes': 100 * MIB,
    'socket.request.max.bytes': 150 * MIB,
    'num.network.threads': 2,
    'num.io.threads': 2,
    'background.threads': 2,
    'log.cleaner.dedupe.buffer.size': 4 * MIB,
    'log.index.size.max.bytes': MIB,
    ...secure,
    ...more,
  };
  return new Map(Object.entries(properties).map(([key, value]) => [key, String(value)]));
}
