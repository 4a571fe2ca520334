import { kafkaEnv, openKafkaEventLog, openKafkaTopics, type EventLog } from '@weft/event-log';
import { loadConfig, type Logger } from '@weft/runtime';
import { eventually } from '@weft/testkit';
import { z } from 'zod';
import type { Cluster } from '../cluster/cluster.ts';

function kafkaConfig(cluster: Cluster) {
  return loadConfig(z.object(kafkaEnv), cluster.env);
}

/** The cluster's log, for one who looks at it beside the services. */
export function openClusterLog(cluster: Cluster, logger: Logger): Promise<EventLog> {
  return openKafkaEventLog({ config: kafkaConfig(cluster), clientId: 'chaos', logger });
}

/** Has fresh writers read everything that was ever accepted from the first offset into an empty database, which reads see from now on. */
export async function replayAll(cluster: Cluster, logger: Logger): Promise<void> {
  await cluster.scale('query', 0);
  await cluster.scale('writer', 0);
  const topics = await openKafkaTopics({ config: kafkaConfig(cluster), logger });
  await eventually(() => topics.rewind('trace-events', 'writer').then(() => true, () => undefined), 60_000); // prettier-ignore
  await topics.close();
  const { WF_CLICKHOUSE_USER, WF_CLICKHOUSE_PASS } = cluster.env;
  cluster.setEnv({
    WF_CLICKHOUSE_DATABASE: 'replayed',
    WF_CLICKHOUSE_USER: WF_CLICKHOUSE_USER!,
    WF_CLICKHOUSE_PASS: WF_CLICKHOUSE_PASS!,
  });
  await cluster.scale('writer', 2);
  await cluster.scale('query', 1);
}
