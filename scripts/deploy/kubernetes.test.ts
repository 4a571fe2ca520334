import { beforeAll, describe, expect, it } from '@jest/globals';
import { drainEnv } from '@weft/http';

import { createKubernetesCheck } from './kubernetes-schema.ts';
import { OVERLAYS, pick, render, workloads, type Manifest } from './kubernetes.ts';
import { hasProgram } from './root.ts';

const SERVICES = ['gateway', 'query', 'writer', 'scoring-worker'];
/** Images that are not ours run as their own users and write into their own folders. */
const FOREIGN = ['kafka', 'clickhouse', 'redis'];

const describeRendered = hasProgram('kubectl', { promised: true }) ? describe : describe.skip;

describe('the schema check', () => {
  const check = createKubernetesCheck();
  const deployment = (): Manifest => ({
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'x' },
    spec: {
      selector: { matchLabels: { a: 'b' } },
      template: { metadata: { labels: { a: 'b' } }, spec: { containers: [{ name: 'c', image: 'i' }] } },
    },
  });

  it('passes what the API server passes, and refuses a member it does not know at any depth', () => {
    expect(check(deployment())).toEqual([]);
    const wrong = deployment();
    wrong.spec.replicaz = 2;
    wrong.spec.template.spec.containers[0].livenessProb = {};
    expect(check(wrong)).toEqual([
      expect.stringContaining('replicaz'),
      expect.stringContaining('livenessProb'),
    ]);
    const typed = deployment();
    typed.spec.replicas = 'two';
    expect(check(typed)).toEqual([expect.stringContaining('/spec/replicas must be integer')]);
    expect(check({ apiVersion: 'v1', kind: 'Nonsense' })).toEqual([expect.stringContaining('no schema')]);
  });
});

describeRendered.each([
  ...OVERLAYS.map((overlay) => [overlay, []] as const),
  ['production', ['storage-gc']] as const,
])('k8s/overlays/%s %s', (overlay, components) => {
  let manifests: Manifest[];
  beforeAll(() => {
    manifests = render(overlay, components);
  });
  const ours = () => workloads(manifests).filter(({ name }) => !FOREIGN.includes(name));

  it('is what Kubernetes and its operators accept', () => {
    const check = createKubernetesCheck();
    expect(manifests.length).toBeGreaterThan(20);
    expect(manifests.flatMap((manifest) => check(manifest))).toEqual([]);
  });

  it('puts everything into the namespace, which enforces the restricted profile', () => {
    const outside = manifests.filter(({ kind, metadata }) => kind !== 'Namespace' && metadata.namespace !== 'weft');
    expect(outside.map(({ kind, metadata }) => `${kind} ${metadata.name}`)).toEqual([]);
    expect(pick(manifests, 'Namespace', 'weft').metadata.labels).toMatchObject({
      'pod-security.kubernetes.io/enforce': 'restricted',
    });
  }); // prettier-ignore

  it('asks for nothing that the restricted profile refuses', () => {
    for (const { name, pod } of workloads(manifests)) {
      expect({ name, pod: pod.spec }).toMatchObject({
        name,
        pod: {
          automountServiceAccountToken: false,
          // A Service named gateway would set GATEWAY_PORT to an address.
          enableServiceLinks: false,
          securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
        },
      });
      expect(pod.spec.securityContext.runAsUser).toBeGreaterThan(0);
      for (const member of ['hostNetwork', 'hostPID', 'hostIPC', 'initContainers'])
        expect(pod.spec[member]).toBeUndefined();
      for (const volume of pod.spec.volumes ?? []) expect(volume.hostPath).toBeUndefined();
      for (const container of pod.spec.containers) {
        expect(container.securityContext).toMatchObject({
          allowPrivilegeEscalation: false,
          capabilities: { drop: ['ALL'] },
          ...(FOREIGN.includes(name) ? {} : { readOnlyRootFilesystem: true }),
        });
        for (const side of ['requests', 'limits'])
          expect(Object.keys(container.resources[side]).sort()).toEqual(['cpu', 'memory']);
      }
    }
  });

  it('mounts nothing writable but empty folders of a bounded size', () => {
    for (const { name, pod } of ours()) {
      const writable = pod.spec.containers
        .flatMap(({ volumeMounts = [] }: Manifest) => volumeMounts)
        .filter(({ readOnly }: Manifest) => readOnly !== true)
        .map(({ name: volume }: Manifest) => pod.spec.volumes.find((one: Manifest) => one.name === volume));
      for (const volume of writable) expect({ name, volume }).toMatchObject({ volume: { emptyDir: {} } });
      for (const volume of writable) expect(volume.emptyDir.sizeLimit).toMatch(/^\d+[MG]i$/);
    }
  });

  it('pins every image to a tag', () => {
    const images = workloads(manifests).flatMap(({ pod }) => pod.spec.containers.map((one: Manifest) => one.image));
    for (const image of images) expect(image).toMatch(/:[\w.-]+$/);
    expect(images.filter((image: string) => image.endsWith(':latest'))).toEqual([]);
  }); // prettier-ignore

  it.each([
    ['gateway', 45],
    ['query', 45],
    ['proxy', 45],
    ['writer', 60],
    ['scoring-worker', 60],
  ])('rolls %s without a gap and gives it %d s to stop', (name, graceSeconds) => {
    const { spec } = pick(manifests, 'Deployment', name);
    expect(spec.strategy).toEqual({ rollingUpdate: { maxUnavailable: 0, maxSurge: 1 } });
    const pod = spec.template.spec;
    expect(pod.terminationGracePeriodSeconds).toBe(graceSeconds);
    const [{ lifecycle, livenessProbe, readinessProbe, startupProbe }] = pod.containers;
    expect(lifecycle).toEqual({ preStop: { sleep: { seconds: 5 } } });
    expect(livenessProbe.httpGet).toEqual({ path: '/livez', port: 'probes' });
    expect(startupProbe.httpGet).toEqual({ path: '/livez', port: 'probes' });
    expect(readinessProbe.httpGet).toEqual({ path: name === 'proxy' ? '/livez' : '/readyz', port: 'probes' });
    // A pod that is busy for 10 s is not dead.
    expect(livenessProbe.periodSeconds * livenessProbe.failureThreshold).toBeGreaterThan(30);
    const keys = pod.topologySpreadConstraints.map((one: Manifest) => one.topologyKey);
    expect(keys).toContain('kubernetes.io/hostname');
    expect(pick(manifests, 'PodDisruptionBudget', name).spec).toEqual({
      maxUnavailable: 1,
      selector: { matchLabels: { 'app.kubernetes.io/name': name } },
    });
  });

  it('leaves a service more time to stop than it takes', () => {
    const settings = manifests.find(
      ({ kind, metadata }) => kind === 'ConfigMap' && metadata.name.startsWith('weft-settings'),
    ).data;
    const stopMs = Object.keys(drainEnv).reduce((sum, name) => sum + Number(settings[name]), 0);
    for (const name of SERVICES) {
      const pod = pick(manifests, 'Deployment', name).spec.template.spec;
      const preStopMs = pod.containers[0].lifecycle.preStop.sleep.seconds * 1000;
      expect(preStopMs + stopMs).toBeLessThan(pod.terminationGracePeriodSeconds * 1000 - 5000);
    }
  });

  it('gives the writer the writer, query and scoring workers the reader, and the gateway no ClickHouse at all', () => {
    const secretsOf = (name: string): string[] =>
      pick(manifests, 'Deployment', name)
        .spec.template.spec.containers[0].envFrom.flatMap((one: Manifest) => one.secretRef?.name ?? [])
        .map((secret: string) => secret.replace(/-[a-z0-9]{10}$/, ''));
    expect(secretsOf('gateway')).toEqual(['weft-kafka', 'weft-file-storage']);
    expect(secretsOf('query')).toEqual([
      'weft-kafka',
      'weft-file-storage',
      'weft-clickhouse-reader',
      'weft-llm',
    ]);
    expect(secretsOf('writer')).toEqual(['weft-kafka', 'weft-file-storage', 'weft-clickhouse-writer']);
    expect(secretsOf('scoring-worker')).toEqual([
      'weft-kafka',
      'weft-file-storage',
      'weft-clickhouse-reader',
      'weft-redis',
      'weft-llm',
    ]);
  });

  it('points every Service and every reference at something that is there', () => {
    const pods = workloads(manifests).map(({ pod }) => pod);
    for (const service of manifests.filter(({ kind }) => kind === 'Service')) {
      const behind = pods.filter(({ metadata }) =>
        Object.entries(service.spec.selector).every(([key, value]) => metadata.labels[key] === value),
      );
      expect({ service: service.metadata.name, pods: behind.length }).toEqual({
        service: service.metadata.name,
        pods: 1,
      });
      const ports = behind[0].spec.containers.flatMap(({ ports = [] }: Manifest) => ports.map((one: Manifest) => one.name));
      for (const { targetPort } of service.spec.ports) expect(ports).toContain(targetPort);
    }
    const accounts = manifests.filter(({ kind }) => kind === 'ServiceAccount').map(({ metadata }) => metadata.name);
    for (const { spec } of pods)
      if (spec.serviceAccountName !== undefined) expect(accounts).toContain(spec.serviceAccountName);
    const maps = manifests.filter(({ kind }) => kind === 'ConfigMap').map(({ metadata }) => metadata.name);
    for (const { spec } of pods) {
      for (const { configMap } of spec.volumes ?? []) if (configMap !== undefined) expect(maps).toContain(configMap.name);
      for (const { envFrom = [] } of spec.containers)
        for (const { configMapRef } of envFrom) if (configMapRef !== undefined) expect(maps).toContain(configMapRef.name);
    }
  }); // prettier-ignore

  it('prepares topics and schema with Jobs that may run again', () => {
    expect(pick(manifests, 'Job', 'topics').spec.template.spec.containers[0].args).toEqual([
      'topics',
      'apply',
    ]);
    expect(pick(manifests, 'Job', 'migrate').spec.template.spec.containers[0].args).toEqual([
      'migrate',
      'up',
    ]);
    for (const name of ['topics', 'migrate'])
      expect(pick(manifests, 'Job', name).spec).toMatchObject({
        ttlSecondsAfterFinished: 600,
        template: { spec: { restartPolicy: 'OnFailure' } },
      });
  });
});

describeRendered('k8s/components/storage-gc', () => {
  it('collects garbage every night, one run at a time, as an admin of the one URL', () => {
    const manifests = render('production', ['storage-gc']);
    const { spec } = pick(manifests, 'CronJob', 'storage-gc');
    expect(spec.concurrencyPolicy).toBe('Forbid');
    const [container] = spec.jobTemplate.spec.template.spec.containers;
    expect(container).toMatchObject({
      image: expect.stringMatching(/^registry\.example\.com\/weft-cli:/),
      args: ['storage', 'gc'],
      envFrom: [{ secretRef: { name: 'weft-admin' } }],
    });
    const { hostname } = new URL(container.env[0].value);
    const port = pick(manifests, 'Service', hostname).spec.ports.find((one: Manifest) => one.port === 80);
    expect(pick(manifests, 'NetworkPolicy', 'storage-gc').spec.egress[0].ports).toEqual([
      { port: port.targetPort },
    ]);
  });
});

describeRendered('k8s/overlays/production', () => {
  let manifests: Manifest[];
  beforeAll(() => {
    manifests = render('production');
  });

  it('runs at least two of each and lets autoscalers decide on more', () => {
    expect(pick(manifests, 'Deployment', 'proxy').spec.replicas).toBe(2);
    for (const name of SERVICES)
      expect(pick(manifests, 'Deployment', name).spec.replicas).toBeUndefined();
    for (const name of ['gateway', 'query']) {
      const { spec } = pick(manifests, 'HorizontalPodAutoscaler', name);
      expect(spec.scaleTargetRef).toEqual({ apiVersion: 'apps/v1', kind: 'Deployment', name });
      expect(spec.minReplicas).toBeGreaterThanOrEqual(2);
      expect(spec.metrics).toEqual([
        { type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 60 } } },
      ]);
    }
  }); // prettier-ignore

  it('holds no secret: those are made beside it', () => {
    expect(manifests.filter(({ kind }) => kind === 'Secret')).toEqual([]);
  });

  it('speaks to Kafka and ClickHouse over TLS only', () => {
    const { data } = manifests.find(
      ({ kind, metadata }) => kind === 'ConfigMap' && metadata.name.startsWith('weft-settings'),
    );
    expect(data).toMatchObject({ KAFKA_TLS: 'true', WF_CLICKHOUSE_PORT: '8443' });
    expect(data.KAFKA_SASL_MECHANISM).toMatch(/^scram/);
    for (const name of ['writer', 'scoring-worker']) {
      const [trigger] = pick(manifests, 'ScaledObject', name).spec.triggers;
      expect(trigger.metadata).toMatchObject({
        bootstrapServers: data.KAFKA_BROKERS,
        tls: 'enable',
        sasl: data.KAFKA_SASL_MECHANISM.replaceAll('-', '_').replace('scram_sha_', 'scram_sha'),
      });
    }
  });
});
