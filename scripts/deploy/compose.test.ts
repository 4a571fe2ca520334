import { describe, expect, it } from '@jest/globals';
import { kafkaEnv } from '@weft/event-log';
import { fileStorageEnv } from '@weft/file-storage';
import { drainEnv, keyringEnv } from '@weft/http';
import { jobQueueEnv } from '@weft/job-queue';
import { queryEnv } from '@weft/query';
import { onlineEvalEnv, startEnv } from '@weft/runtime';
import { traceStoreEnv } from '@weft/trace-store';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { parse, parseAllDocuments } from 'yaml';

import type { Manifest } from './kubernetes.ts';
import { readText, root } from './root.ts';

const SERVICES = ['gateway', 'query', 'writer', 'scoring-worker'];
const OURS = [...SERVICES, 'keys', 'topics', 'weft', 'proxy'];
const ONCE = ['keys', 'topics', 'weft'];
const BACKENDS = ['kafka', 'clickhouse', 'redis', 'object-store'];

const file: Manifest = parse(readText('docker-compose.yml'), { merge: true });
const services: Record<string, Manifest> = file.services;

/** `${NAME:-fallback}` and `${NAME-fallback}` as compose reads them when nothing is set. */
function withDefaults(value: string): string {
  return value.replace(/\$\{\w+:?-([^}]*)\}/g, '$1');
}

describe('docker-compose.yml', () => {
  it('is what the Compose Specification allows', () => {
    const ajv = new Ajv2020({ strict: false, validateFormats: false, allErrors: true });
    const check = ajv.compile(JSON.parse(readText('scripts/deploy/fixtures/compose-spec.json')));
    expect(check(file) ? [] : check.errors).toEqual([]);
    expect(check({ services: { a: { imaqe: 'x' } } })).toBe(false);
  });

  it('has the whole pipeline, and the ports of HTTP and OTLP/gRPC on this machine only', () => {
    expect(Object.keys(services).sort()).toEqual([...OURS, ...BACKENDS].sort());
    const published = Object.entries(services).flatMap(([name, { ports = [] }]) =>
      ports.map((port: string) => `${name} ${withDefaults(port)}`),
    );
    expect(published).toEqual(['proxy 127.0.0.1:6345:8080', 'proxy 127.0.0.1:4317:4317']);
  });

  it.each(Object.keys(services))('gives %s no right that it does not need', (name) => {
    expect(services[name]).toMatchObject({
      cap_drop: ['ALL'],
      security_opt: ['no-new-privileges:true'],
      mem_limit: expect.stringMatching(/^\d+[mg]$/),
      restart: expect.stringMatching(ONCE.includes(name) ? /^(no|on-failure:\d+)$/ : /^unless-stopped$/),
    });
    if (OURS.includes(name))
      expect(services[name]).toMatchObject({
        read_only: true,
        user: '65532:65532',
        tmpfs: expect.any(Array),
      });
    expect(services[name]!.privileged).toBeUndefined();
    for (const volume of services[name]!.volumes ?? []) expect(volume).not.toContain('docker.sock');
  });

  it.each(Object.keys(services).filter((name) => !ONCE.includes(name)))('knows when %s is healthy', (name) => {
    expect(services[name]!.healthcheck).toMatchObject({ test: expect.any(Array), retries: expect.any(Number) });
  }); // prettier-ignore

  it('leaves out of `docker compose up` what nothing uses yet', () => {
    const optional = Object.entries(services).filter(([, { profiles }]) => profiles !== undefined);
    expect(Object.fromEntries(optional.map(([name, { profiles }]) => [name, profiles]))).toEqual({
      weft: ['tools'],
    });
  });

  it('scores calls, unless it is told not to, from a queue that forgets nothing', () => {
    const told = SERVICES.map((name) => services[name]!.environment.WEAVE_ENABLE_ONLINE_EVAL);
    expect(new Set(told)).toEqual(new Set(['${WEAVE_ENABLE_ONLINE_EVAL:-true}']));
    expect(services['scoring-worker']!.environment.WEAVE_REDIS_URL).toBe('redis://redis:6379');
    const settings = services.redis!.command.join(' ');
    for (const one of ['--appendonly yes', '--appendfsync always', '--maxmemory-policy noeviction'])
      expect(settings).toContain(one);
    // All else works without it.
    expect(services.proxy!.depends_on['scoring-worker']).toMatchObject({ required: false });
  });

  it('starts nothing before what it needs is there', () => {
    for (const { depends_on = {} } of Object.values(services))
      for (const [other, { condition }] of Object.entries<Manifest>(depends_on))
        expect({ other, condition }).toEqual({
          other,
          condition: ONCE.includes(other) ? 'service_completed_successfully' : 'service_healthy',
        });
    // Nothing waits for itself, directly or not.
    const reach = (name: string, path: readonly string[]): void => {
      expect(path).not.toContain(name);
      for (const next of Object.keys(services[name]!.depends_on ?? {})) reach(next, [...path, name]);
    };
    reach('proxy', []);
  });

  it('builds the images that the Dockerfile has, and mounts files that are there', () => {
    const dockerfile = readText('Dockerfile');
    for (const { build, image, volumes = [] } of Object.values(services)) {
      if (build !== undefined) expect(dockerfile).toMatch(new RegExp(` AS ${build.target}$`, 'm'));
      else expect(image).toMatch(/:(\d|RELEASE)[\w.-]*$/);
      for (const volume of volumes.filter((one: string) => one.startsWith('./')))
        expect(existsSync(join(root, volume.split(':')[0]))).toBe(true);
      for (const volume of volumes.filter((one: string) => !one.startsWith('./')))
        expect(file.volumes).toHaveProperty([volume.split(':')[0]]);
    }
  });

  it('sets variables that the services know to values that they accept', () => {
    const schema = {
      ...startEnv,
      ...drainEnv,
      ...keyringEnv,
      ...kafkaEnv,
      ...traceStoreEnv,
      ...onlineEvalEnv,
      ...queryEnv,
      ...jobQueueEnv,
      ...fileStorageEnv,
    };
    for (const name of [...SERVICES, 'topics', 'weft']) {
      const given = Object.entries<string>(services[name]!.environment).filter(
        // Of the command alone: where its server is.
        ([key]) => !(name === 'weft' && ['WEFT_URL', 'WEFT_API_KEY'].includes(key)),
      );
      expect(given.length).toBeGreaterThan(1);
      for (const [key, value] of given)
        expect({ key, ...schema[key as keyof typeof schema]?.safeParse(withDefaults(value)) }).toMatchObject({
          key,
          success: true,
        });
      // One broker can keep one copy.
      expect(services[name]!.environment.KAFKA_TOPIC_REPLICATION).toBe('1');
    }
    for (const name of ['query', 'scoring-worker'])
      expect(services[name]!.environment.WF_CLICKHOUSE_USER).toBe('weft_reader');
    expect(services.writer!.environment.WF_CLICKHOUSE_USER).toBe('weft_writer');
  });

  it('runs the same backends as the dev overlay of Kubernetes, set alike', () => {
    for (const name of ['kafka', 'clickhouse', 'redis']) {
      const documents = parseAllDocuments(readText(`k8s/overlays/dev/${name}.yaml`)).map(
        (one) => one.toJS() as Manifest,
      );
      const [container] = documents.find(({ kind }) => kind === 'StatefulSet').spec.template.spec.containers;
      expect(container.image).toBe(services[name]!.image);
      if (name === 'redis') expect(container.command).toEqual(services.redis!.command);
      if (name === 'kafka')
        expect(new Map(container.env.map((one: Manifest) => [one.name, one.value]))).toEqual(
          new Map([...Object.entries(services.kafka!.environment), ['KAFKA_HEAP_OPTS', expect.any(String)]]),
        );
    }
    const proxy = parseAllDocuments(readText('k8s/base/proxy.yaml')).map((one) => one.toJS() as Manifest);
    const [{ image, command }] = proxy.find(({ kind }) => kind === 'Deployment').spec.template.spec
      .containers;
    expect({ image, command }).toEqual({ image: services.proxy!.image, command: services.proxy!.entrypoint });
  });

  it('gives processes more time to stop than they take', () => {
    const stopMs = Object.values(drainEnv).reduce((sum, type) => sum + Number(type.parse(undefined)), 0);
    for (const name of SERVICES)
      expect(parseInt(services[name]!.stop_grace_period, 10) * 1000).toBeGreaterThan(stopMs);
  });
});
