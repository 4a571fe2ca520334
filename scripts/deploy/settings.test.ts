import { beforeAll, describe, expect, it } from '@jest/globals';
import { kafkaEnv } from '@weft/event-log';
import { fileStorageEnv } from '@weft/file-storage';
import { gatewayEnv } from '@weft/gateway';
import { drainEnv, keyringEnv, probesEnv } from '@weft/http';
import { queryEnv } from '@weft/query';
import { envBoolean, Secret, startEnv } from '@weft/runtime';
import { scoringEnv } from '@weft/scoring-worker';
import { traceStoreEnv } from '@weft/trace-store';
import { WRITER_GROUP, writerEnv } from '@weft/writer';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';

import { OVERLAYS, render, type Manifest } from './kubernetes.ts';
import { hasProgram, readText, root } from './root.ts';

interface Variable {
  parse(value: unknown): unknown;
  safeParse(value: unknown): { success: boolean; data?: unknown };
}

/** What the processes of a cluster read. Their addresses are set by the images. */
const SCHEMA: Readonly<Record<string, Variable>> = {
  ...startEnv,
  ...drainEnv,
  ...probesEnv,
  ...keyringEnv,
  ...kafkaEnv,
  ...traceStoreEnv,
  ...fileStorageEnv,
  ...gatewayEnv,
  ...queryEnv,
  ...writerEnv,
  ...scoringEnv,
  // Of the writer as a process of its own.
  WRITER_MIGRATE: envBoolean(true),
};
const CREDENTIALS = [
  'KAFKA_CLIENT_USER',
  'KAFKA_CLIENT_PASSWORD',
  'WF_CLICKHOUSE_USER',
  'WF_CLICKHOUSE_PASS',
  // Keys of models and what goes with them; Redis, which may have a password in its URL.
  ...Object.entries({ ...queryEnv, ...scoringEnv, ...fileStorageEnv })
    .filter(([, type]) => (type as Variable).safeParse('x').data instanceof Secret)
    .map(([name]) => name),
];

interface Line {
  readonly name: string;
  readonly value: string;
  readonly isSet: boolean;
}

function readSettings(path: string): Line[] {
  return readText(path)
    .split('\n')
    .flatMap((line) => {
      const [, comment, name, value] = /^(# )?([A-Z][A-Z0-9_]+)=(.*)$/.exec(line) ?? [];
      return name === undefined ? [] : [{ name, value: value!, isSet: comment === undefined }];
    });
}

/** Names that a Dockerfile stage sets. */
function imageEnv(): Map<string, string> {
  const lines = readText('Dockerfile').split('\n').filter((line) => line.startsWith('ENV '));
  return new Map(
    lines.flatMap((line) => [...line.matchAll(/([A-Z_]+)=(\S+)/g)].map(([, name, value]) => [name!, value!] as const)),
  );
} // prettier-ignore

/** Variables in the services' sources, as text: what a schema reads that no fragment above holds is found too. */
function namesInSources(): Set<string> {
  const files = ['gateway', 'query', 'writer', 'scoring-worker'].flatMap((name) =>
    readdirSync(join(root, 'services', name, 'src'))
      .filter((file) => file.endsWith('.ts') && !file.endsWith('.test.ts'))
      .map((file) => `services/${name}/src/${file}`),
  );
  return new Set(
    files.flatMap((file) =>
      [...readText(file).matchAll(/^\s+([A-Z][A-Z0-9_]+): (?:env|z|share)/gm)].map(([, name]) => name!),
    ),
  );
}

function textOf(value: unknown): string {
  if (value instanceof Map) return JSON.stringify(Object.fromEntries(value));
  return value === undefined ? '' : String(value);
}

describe('k8s/base/settings.env', () => {
  const lines = readSettings('k8s/base/settings.env');

  it('names every variable that the services read, and no other', () => {
    const named = [...lines.map(({ name }) => name), ...CREDENTIALS, ...imageEnv().keys()].filter((name) => name !== 'NODE_ENV');
    const read = new Set([...Object.keys(SCHEMA), ...namesInSources()]);
    expect(new Set(named)).toEqual(read);
    expect(lines.length).toBe(new Set(lines.map(({ name }) => name)).size);
  }); // prettier-ignore

  it('gives the default of what it does not set', () => {
    for (const { name, value, isSet } of lines.filter((line) => !line.isSet)) {
      const fallback: unknown = SCHEMA[name]!.parse(undefined);
      expect({ name, value, isSet }).toEqual({ name, value: textOf(fallback), isSet });
    }
  }); // prettier-ignore

  it('keeps credentials out', () => {
    expect(lines.filter(({ name }) => CREDENTIALS.includes(name))).toEqual([]);
    for (const [name, type] of Object.entries(SCHEMA)) {
      const { success, data } = type.safeParse('x');
      if (success && data instanceof Secret) expect(CREDENTIALS).toContain(name);
    }
  });
});

const describeRendered = hasProgram('kubectl', { promised: true }) ? describe : describe.skip;

describeRendered.each(OVERLAYS)('settings of k8s/overlays/%s', (overlay) => {
  let manifests: Manifest[];
  beforeAll(() => {
    manifests = render(overlay);
  });

  it('are values that the services accept', () => {
    const { data } = manifests.find(
      ({ kind, metadata }) => kind === 'ConfigMap' && metadata.name.startsWith('weft-settings'),
    );
    for (const [name, value] of Object.entries<string>(data)) {
      expect({ name, known: name in SCHEMA }).toEqual({ name, known: true });
      expect({ name, ...SCHEMA[name]!.safeParse(value) }).toMatchObject({ name, success: true });
    }
  });

  it.each([
    ['writer', 'trace-events', WRITER_GROUP],
    ['scoring-worker', 'stored-calls', SCHEMA.SCORING_WORKER_KAFKA_CONSUMER_GROUP_ID!.parse(undefined)],
  ])('let KEDA ask for the group and topic that the %s reads, and no more of them than partitions', (name, topic, group) => {
    const scaled = manifests.find(({ kind, metadata }) => kind === 'ScaledObject' && metadata.name === name);
    if (overlay === 'dev') return expect(scaled).toBeUndefined();
    const { consumerGroup, topic: asked } = scaled.spec.triggers[0].metadata;
    expect(scaled.spec.scaleTargetRef.name).toBe(name);
    expect(asked).toBe(topic);
    expect(readText('libs/event-log/src/topics.ts')).toContain(`'${topic}': `);
    expect(readText('libs/event-log/src/kafka/names.ts')).toContain('return `${prefix}${topic}.${group}`;');
    expect(consumerGroup).toBe(`${topic}.${group}`);
    expect(scaled.spec.maxReplicaCount).toBe(SCHEMA.KAFKA_TOPIC_PARTITIONS!.parse(undefined));
    expect(scaled.spec.cooldownPeriod).toBe(300);
    expect(scaled.spec.minReplicaCount).toBeGreaterThanOrEqual(2);
  }); // prettier-ignore
});

describe('the images', () => {
  it('are built for every deployable', () => {
    const targets = [...readText('Dockerfile').matchAll(/ AS ([a-z-]+)$/gm)].map(([, name]) => name!);
    const deployables = readdirSync(join(root, 'services')).filter((name) =>
      readdirSync(join(root, 'services', name, 'src')).includes('main.ts'),
    );
    expect(targets).toEqual(expect.arrayContaining(deployables));
  });

  it('have addresses that the services accept and that the manifests count on', () => {
    expect(Object.fromEntries(imageEnv())).toEqual({
      NODE_ENV: 'production',
      WEFT_METRICS_HOST: '0.0.0.0',
      WEFT_METRICS_PORT: '9464',
      GATEWAY_HOST: '0.0.0.0',
      GATEWAY_PORT: '6345',
      QUERY_HOST: '0.0.0.0',
      QUERY_PORT: '6346',
      WRITER_HOST: '0.0.0.0',
      WRITER_PORT: '6347',
      SCORING_WORKER_HOST: '0.0.0.0',
      SCORING_WORKER_PORT: '6348',
    });
  });
});
