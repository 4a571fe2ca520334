import { setTimeout as sleep } from 'node:timers/promises';
import type { EventLog } from '@weft/event-log';
import { nowUs, type TraceEvent } from '@weft/model';
import type { Cluster } from '../cluster/cluster.ts';
import type { Pool } from '../cluster/proxy.ts';

/** What can be killed. */
export type Victim = Exclude<Pool, 'scoring-worker'> | 'clickhouse' | 'broker';

/** Of the long outages: ClickHouse away, Kafka away, a writer that sleeps through its session. 0 = without them. */
export interface OutageSeconds {
  readonly clickHouse: number;
  readonly kafka: number;
  readonly zombie: number;
}

/** Kills something, and has it started again where nobody else does. Undefined when what was chosen did not run just then. */
export async function killOne(cluster: Cluster, random: () => number): Promise<Victim | undefined> {
  const dice = random();
  if (dice < 0.1 && cluster.kafka.ports.length === 3 && cluster.kafka.pids().length === 3) {
    const broker = 1 + Math.floor(random() * 3);
    await cluster.kafka.kill(broker);
    setTimeout(() => void cluster.kafka.start(broker).catch(() => undefined), 1_000 + random() * 4_000);
    return 'broker';
  }
  if (dice < 0.25) return cluster.killClickHouse() ? 'clickhouse' : undefined;
  const pool = dice < 0.55 ? 'gateway' : dice < 0.88 ? 'writer' : 'query';
  const instances = cluster.instances(pool);
  const chosen = instances[Math.floor(random() * instances.length)];
  return chosen?.signal('SIGKILL') === true ? pool : undefined;
}

/** Something done to the cluster beside the kills; `run` resolves when it is over. */
export interface Fault {
  readonly name: string;
  readonly run: () => Promise<void>;
}

export interface FaultOptions {
  readonly project: string;
  readonly brokers: 1 | 3;
  readonly outageS: OutageSeconds;
}

/** In the order in which they are to happen. `poisoned` gets the ids of events that no writer can store, once they are sent. */
export function createFaults(
  cluster: Cluster,
  log: EventLog,
  { project, outageS, brokers }: FaultOptions,
): { planned: Fault[]; poisoned: ReadonlySet<string> } {
  const poisoned = new Set<string>();
  const all: (Fault | false)[] = [
    {
      name: 'poison: 300 events that nobody can decode',
      run: () => log.append('trace-events', poison(project, 300, poisoned)),
    },
    { name: 'writers 2 → 3', run: () => cluster.scale('writer', 3) },
    outageS.clickHouse > 0 && {
      name: `ClickHouse away for ${outageS.clickHouse} s`,
      run: () => cluster.clickHouseLink.cut(outageS.clickHouse * 1000),
    },
    {
      name: 'ClickHouse 300 ms slower for 15 s',
      run: () => during(15, () => cluster.clickHouseLink.set({ latencyMs: 300 }), () => cluster.clickHouseLink.set({})), // prettier-ignore
    },
    { name: 'writers 3 → 1', run: () => cluster.scale('writer', 1) },
    { name: 'writers 1 → 2', run: () => cluster.scale('writer', 2) },
    outageS.zombie > 0 && {
      name: `a writer sleeps for ${outageS.zombie} s, past its session`,
      run: async () => {
        const [writer] = cluster.instances('writer');
        await during(outageS.zombie, () => writer?.signal('SIGSTOP'), () => writer?.signal('SIGCONT')); // prettier-ignore
      },
    },
    outageS.kafka > 0 && {
      name: `Kafka away for ${outageS.kafka} s`,
      run: async () => {
        const each = Array.from({ length: brokers }, (_, i) => i + 1);
        await during(
          outageS.kafka,
          () => Promise.all(each.map((broker) => cluster.kafka.kill(broker))),
          () => Promise.all(each.map((broker) => cluster.kafka.start(broker))),
        );
      },
    },
  ];
  return { planned: all.filter((fault): fault is Fault => fault !== false), poisoned };
}

async function during(seconds: number, begin: () => unknown, end: () => unknown): Promise<void> {
  await begin();
  await sleep(seconds * 1000);
  await end();
}

/** As a broken producer would write: the gateway lets none of these through. */
function poison(project: string, count: number, ids: Set<string>): TraceEvent[] {
  const kinds = ['call.completed', 'otlp.spans', 'object.created', 'feedback.created'] as const;
  return Array.from({ length: count }, (_, i) => {
    const id = `poison-${ids.size}-${i}`;
    ids.add(id);
    return {
      kind: kinds[i % kinds.length]!,
      projectId: project,
      id,
      userId: '',
      receivedAtUs: nowUs(),
      note: 'protobuf',
      payload: Buffer.from(`{"started_at": "never", "nr": ${i}`),
    };
  });
}
