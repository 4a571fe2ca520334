import { beforeAll, describe, expect, it } from '@jest/globals';
import { BlockList } from 'node:net';

import { OVERLAYS, render, workloads, type Manifest } from './kubernetes.ts';
import { hasProgram } from './root.ts';

const describeRendered = hasProgram('kubectl', { promised: true }) ? describe : describe.skip;

/** Who may open a connection to whom; everything else is refused. `anyone` = not only pods of this namespace. */
const BETWEEN_PODS = [
  'anyone → proxy:8080',
  'anyone → proxy:4317',
  'proxy → gateway:6345',
  'proxy → gateway:4317',
  'proxy → query:6346',
  'proxy → writer:6347',
  'proxy → scoring-worker:6348',
  ...['scoring-worker', 'gateway', 'query', 'writer'].flatMap((name) => [
    `${name} → 0.0.0.0/0:443`,
    `${name} → 2000::/3:443`,
  ]),
];
const EDGES: Readonly<Record<(typeof OVERLAYS)[number], readonly string[]>> = {
  dev: [
    ...BETWEEN_PODS,
    'gateway → kafka:9092',
    'query → kafka:9092',
    'writer → kafka:9092',
    'scoring-worker → kafka:9092',
    'topics → kafka:9092',
    'query → clickhouse:8123',
    'writer → clickhouse:8123',
    'scoring-worker → clickhouse:8123',
    'scoring-worker → redis:6379',
    'migrate → clickhouse:8123',
  ],
  production: [
    ...BETWEEN_PODS,
    'monitoring → gateway:9464',
    'monitoring → query:9464',
    'monitoring → writer:9464',
    'monitoring → scoring-worker:9464',
    'gateway → 10.0.0.0/8:9093',
    'query → 10.0.0.0/8:9093',
    'writer → 10.0.0.0/8:9093',
    'scoring-worker → 10.0.0.0/8:9093',
    'topics → 10.0.0.0/8:9093',
    'query → 10.0.0.0/8:8443',
    'writer → 10.0.0.0/8:8443',
    'scoring-worker → 10.0.0.0/8:8443',
    'scoring-worker → 10.0.0.0/8:6379',
    'migrate → 10.0.0.0/8:8443',
  ],
};

interface Pod {
  readonly name: string;
  readonly labels: Record<string, string>;
  readonly ports: ReadonlyMap<string, number>;
}

describeRendered.each(OVERLAYS)('network policies of k8s/overlays/%s', (overlay) => {
  let pods: Pod[];
  let policies: Manifest[];
  beforeAll(() => {
    const manifests = render(overlay);
    policies = manifests.filter(({ kind }) => kind === 'NetworkPolicy').map(({ spec }) => spec);
    pods = workloads(manifests).map(({ name, pod }) => ({
      name,
      labels: pod.metadata.labels,
      ports: new Map(
        pod.spec.containers.flatMap(({ ports = [] }: Manifest) =>
          ports.map((port: Manifest) => [port.name, port.containerPort]),
        ),
      ),
    }));
  });

  it('deny what they do not name, both ways', () => {
    expect(policies).toContainEqual({ podSelector: {}, policyTypes: ['Ingress', 'Egress'] });
  });

  it('let every pod ask for names', () => {
    const dns = policies.find(({ egress }) =>
      egress?.some(({ ports }: Manifest) => ports.some(({ port }: Manifest) => port === 53)),
    );
    expect(dns.podSelector).toEqual({});
  });

  it.each(['127.0.0.1', '10.1.2.3', '100.64.0.1', '169.254.169.254', '172.31.0.1', '192.168.0.1', '::1', 'fd00:ec2::254', 'fe80::1', '64:ff9b::a9fe:a9fe', '2002:a9fe:a9fe::1'])(
    'keep judges out of this network: %s', (address) => {
    const family = address.includes(':') ? 'ipv6' : 'ipv4';
    const judges = policies.filter(({ podSelector, egress }) =>
        podSelector.matchLabels?.['app.kubernetes.io/name'] === 'scoring-worker' &&
        egress?.some(({ ports }: Manifest) => ports.some(({ port }: Manifest) => port === 443)));
    const blocks = judges.flatMap(({ egress }) => egress.flatMap(({ to }: Manifest) => to.map(({ ipBlock }: Manifest) => ipBlock)));
    expect(blocks).toHaveLength(2);
    const holds = (cidr: string) => {
      const [net, bits] = cidr.split('/') as [string, string];
      const list = new BlockList();
      list.addSubnet(net, Number(bits), net.includes(':') ? 'ipv6' : 'ipv4');
      return list.check(address, family);
    };
    expect(blocks.some(({ cidr, except }) => holds(cidr) && !except.some(holds))).toBe(false);
  }); // prettier-ignore

  it('allow these connections and no others', () => {
    expect(connections(pods, policies).sort()).toEqual([...EDGES[overlay]].sort());
  });
});

/** A connection between two pods needs the policies of both sides; one over the border those of the pod. */
function connections(pods: readonly Pod[], policies: readonly Manifest[]): string[] {
  const found: string[] = [];
  for (const to of pods)
    for (const port of to.ports.values()) {
      const ingress = rules(policies, to, 'ingress').filter((rule) => allowsPort(rule, port, to));
      for (const from of pods) {
        const out = rules(policies, from, 'egress').filter((rule) => allowsPort(rule, port, to));
        const leaves = out.some((rule) => peers(rule, 'to').some((peer) => isPod(peer, to)));
        if (leaves && ingress.some((rule) => peers(rule, 'from').some((peer) => isPod(peer, from))))
          found.push(`${from.name} → ${to.name}:${port}`);
      }
      for (const rule of ingress)
        for (const { namespaceSelector } of peers(rule, 'from'))
          if (namespaceSelector !== undefined)
            found.push(`${namespaceSelector.matchLabels?.['kubernetes.io/metadata.name'] ?? 'anyone'} → ${to.name}:${port}`);
    } // prettier-ignore
  for (const from of pods)
    for (const rule of rules(policies, from, 'egress'))
      for (const { ipBlock } of peers(rule, 'to'))
        if (ipBlock !== undefined)
          for (const { port } of rule.ports) found.push(`${from.name} → ${ipBlock.cidr}:${port}`);
  return found;
}

function rules(policies: readonly Manifest[], pod: Pod, side: 'ingress' | 'egress'): Manifest[] {
  const type = side === 'ingress' ? 'Ingress' : 'Egress';
  return policies
    .filter(({ podSelector, policyTypes }) => policyTypes.includes(type) && selects(podSelector, pod.labels))
    .flatMap((policy) => policy[side] ?? []);
}

/** A rule without peers means everyone. */
function peers(rule: Manifest, side: 'from' | 'to'): Manifest[] {
  return rule[side] ?? [{ namespaceSelector: {} }];
}

function isPod(peer: Manifest, pod: Pod): boolean {
  return peer.namespaceSelector === undefined && peer.podSelector !== undefined && selects(peer.podSelector, pod.labels);
} // prettier-ignore

function allowsPort(rule: Manifest, port: number, to: Pod): boolean {
  if (rule.ports === undefined) return true;
  return rule.ports.some((one: Manifest) => one.port === port || to.ports.get(one.port) === port);
}

function selects(selector: Manifest, labels: Record<string, string>): boolean {
  const { matchLabels = {}, matchExpressions = [], ...rest } = selector;
  if (Object.keys(rest).length > 0) throw new Error(`unknown selector: ${Object.keys(rest)}`);
  return (
    Object.entries(matchLabels).every(([key, value]) => labels[key] === value) &&
    matchExpressions.every(({ key, operator, values }: Manifest) => {
      if (operator !== 'In') throw new Error(`unknown operator: ${operator}`);
      return values.includes(labels[key]);
    })
  );
}
