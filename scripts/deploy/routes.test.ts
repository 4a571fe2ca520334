import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { gatewayPathPatterns } from '@weft/gateway';
import { pathPatterns } from '@weft/http';
import { createQuery } from '@weft/query';
import { createLogger, createMetrics } from '@weft/runtime';
import { freePort } from '@weft/testkit';
import { SCORING_ROUTES } from '@weft/weave-api';
import { createWriter } from '@weft/writer';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, request, type IncomingMessage, type Server } from 'node:http';
import { connect, createServer as createHttp2Server, type ServerHttp2Session } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

import { pick, render } from './kubernetes.ts';
import { hasProgram, readText } from './root.ts';

type Service = 'gateway' | 'query' | 'writer' | 'scoring-worker';

const PORTS: readonly (readonly [Service, number])[] = [
  ['gateway', 6345],
  ['query', 6346],
  ['writer', 6347],
  ['scoring-worker', 6348],
];

/** Paths of every registered route, at both bases, with and without a slash at the end, and whom they belong to. */
function expectedRoutes(): [path: string, service: Service][] {
  const deps = { logger: createLogger({ name: 'x', level: 'silent' }), metrics: createMetrics('x_', { processMetrics: false }) };
  // Only asked for their routes.
  const idle = {} as never;
  const query = createQuery({ ...deps, eventLog: idle, reader: idle, llm: idle, freshnessMaxWaitMs: 0 });
  const writer = createWriter({ ...deps, eventLog: idle, store: idle, config: { WRITER_REJECTED_MAX_PERCENT: 1 } as never });
  const scoring = new Set(SCORING_ROUTES.map(({ path }) => path.replace(/\{\w+\}/g, '*')));
  const patterns: [string, Service][] = [
    ...gatewayPathPatterns().map((pattern): [string, Service] => [pattern, 'gateway']),
    // Query says of the routes of scoring why they are not served, where there are no workers.
    ...pathPatterns(query.routes).map((pattern): [string, Service] => [pattern, scoring.has(pattern) ? 'scoring-worker' : 'query']),
    ...pathPatterns(writer.routes).map((pattern): [string, Service] => [pattern, 'writer']),
    ...['/health', '/readyz', '/metrics', '/', '/unknown'].map((path): [string, Service] => [path, 'query']),
  ];
  return patterns.flatMap(([pattern, service]) => {
    const path = pattern.replace('/**', '/v1/traces').replaceAll('*', 'a-b.c');
    const paths = path === '/' ? [path] : [path, `/traces${path}`, `${path}/`, `/traces${path}/`];
    return paths.map((one): [string, Service] => [one, service]);
  });
} // prettier-ignore

/** `location` blocks of the proxy's server, as nginx picks them: the first expression that matches, else the longest prefix. */
function readNginx(conf: string): (path: string) => string | undefined {
  const blocks = [...conf.matchAll(/location (~ )?(\S+) \{\s*proxy_pass http:\/\/(\w+);/g)].map((one) => [one[0], one[1], one[2], one[3]!.replace('_', '-')]);
  const expressions = blocks.filter(([, regex]) => regex !== undefined).map(([, , text, to]) => [new RegExp(text!), to!] as const);
  const rest = blocks.find(([, regex, text]) => regex === undefined && text === '/')?.[3];
  return (path) => expressions.find(([regex]) => regex.test(path))?.[1] ?? rest;
} // prettier-ignore

describe('deploy/nginx/weft.conf', () => {
  const conf = readText('deploy/nginx/weft.conf');

  it('sends every registered route to its service', () => {
    const route = readNginx(conf);
    const routes = expectedRoutes();
    expect(new Set(routes.map(([, service]) => service)).size).toBe(4);
    expect(routes.length).toBeGreaterThan(300);
    for (const [path, service] of routes) expect({ path, to: route(path) }).toEqual({ path, to: service });
  });

  it('talks to the ports that the images serve on', () => {
    const start = readText('deploy/nginx/start.sh');
    for (const [service, port] of PORTS)
      if (service === 'scoring-worker') expect(start).toContain(`address=${service}:${port}\n`);
      else expect(conf).toContain(`server ${service}:${port} `);
  });
});

const describeRendered = hasProgram('kubectl', { promised: true }) ? describe : describe.skip;

describeRendered('k8s/components/split-ingress', () => {
  it('sends every registered route to its service, by the longest expression as its controller does', () => {
    const { rules, tls } = pick(render('production', ['split-ingress']), 'Ingress', 'weft').spec;
    expect(tls).toHaveLength(1);
    const [{ http }] = rules;
    const paths: [RegExp, string][] = http.paths
      .map(({ path, backend }: { path: string; backend: { service: { name: string } } }) => [path, backend.service.name])
      .sort(([a]: [string], [b]: [string]) => b.length - a.length)
      .map(([path, name]: [string, string]) => [new RegExp(`^${path}`), name]);
    for (const [path, service] of expectedRoutes())
      expect({ path, to: paths.find(([regex]) => regex.test(path))?.[1] }).toEqual({ path, to: service });
  }); // prettier-ignore
});

const withNginx = hasProgram('nginx', { promised: false }) ? describe : describe.skip;

withNginx('deploy/nginx/weft.conf in a real nginx (skipped where there is none)', () => {
  let dir: string;
  let nginx: ChildProcess;
  let url: string;
  let grpcPort: number;
  let grpcGateway: Awaited<ReturnType<typeof startGrpcGateway>>;
  const services = new Map<Service, Server>();
  const seen: IncomingMessage[] = [];

  beforeAll(async () => {
    dir = mkdtempSync(join(tmpdir(), 'weft-nginx-'));
    for (const [name] of PORTS) {
      const server = createServer((req, res) => answer(name, req, res)).listen(0, '127.0.0.1');
      await once(server, 'listening');
      services.set(name, server);
    }
    grpcGateway = await startGrpcGateway();
    ({ nginx, url, grpcPort } = await startNginx(dir));
  }, 20_000);
  afterAll(async () => {
    if (nginx !== undefined) await stopNginx(nginx);
    for (const server of services.values()) server.close();
    await grpcGateway?.stop();
    rmSync(dir, { recursive: true, force: true });
  });

  /** As the container does, but for addresses and folders. @param lacks a service that has no address. */
  async function startNginx(folder: string, { lacks }: { readonly lacks?: Service } = {}) {
    const [port, probePort, grpcPort] = [await freePort(), await freePort(), await freePort()];
    const addressOf = (name: Service) => `127.0.0.1:${(services.get(name)!.address() as AddressInfo).port}`;
    let conf = readText('deploy/nginx/weft.conf')
      .replace('listen 8080;', `listen 127.0.0.1:${port};`)
      .replace('listen 8081;', `listen 127.0.0.1:${probePort};`)
      // As nginx up to 1.25 says it.
      .replace(/listen 4317;\s+http2 on;/, `listen 127.0.0.1:${grpcPort} http2;`)
      .replace('server gateway:4317 ', `server ${grpcGateway.address} `);
    let start = readText('deploy/nginx/start.sh');
    for (const [name, at] of PORTS) {
      conf = conf.replace(`server ${name}:${at} `, `server ${addressOf(name)} `);
      if (name !== lacks)
        start = start
          .replace(`getent hosts ${name} `, 'getent hosts localhost ')
          .replace(`address=${name}:${at}\n`, `address=${addressOf(name)}\n`);
    }
    const here = (text: string) =>
      text.replaceAll('/tmp/', `${folder}/`).replaceAll('/etc/weft/', `${folder}/`);
    writeFileSync(join(folder, 'weft.conf'), here(conf));
    writeFileSync(join(folder, 'start.sh'), here(start));
    const nginx = spawn('sh', [join(folder, 'start.sh')], { stdio: ['ignore', 'ignore', 'inherit'] });
    while (!(await isUp(`http://127.0.0.1:${probePort}/livez`))) {
      if (nginx.exitCode !== null) throw new Error('nginx did not start');
      await delay(20);
    }
    return { nginx, url: `http://127.0.0.1:${port}`, grpcPort };
  }

  async function stopNginx(nginx: ChildProcess): Promise<void> {
    const ended = once(nginx, 'exit');
    nginx.kill('SIGQUIT');
    await ended;
  }

  function answer(name: Service, req: IncomingMessage, res: import('node:http').ServerResponse): void {
    seen.push(req);
    if (req.url === '/endless') return void res.writeHead(200).write('first line\n');
    req.resume().on('end', () => res.writeHead(200, { 'x-service': name }).end(req.url));
  }

  async function isUp(address: string): Promise<boolean> {
    return fetch(address).then((res) => res.ok, () => false);
  } // prettier-ignore

  it('routes as the tests of its text say', async () => {
    for (const [path, service] of expectedRoutes().filter((_, index) => index % 7 === 0)) {
      const res = await fetch(url + path, { method: 'POST', body: '{}' });
      expect({ path, to: res.headers.get('x-service'), url: await res.text() }).toEqual({ path, to: service, url: path });
    }
    const collapsed = await fetch(`${url}//call//start`, { method: 'POST', body: '{}' });
    expect(collapsed.headers.get('x-service')).toBe('gateway');
  }); // prettier-ignore

  it('hands a body on while it arrives, and an answer while it is made', async () => {
    const upload = request(`${url}/call/upsert_batch`, { method: 'POST' });
    const before = seen.length;
    upload.write('{"batch":');
    while (seen.length === before) await delay(5);
    expect(seen.at(-1)!.complete).toBe(false);
    upload.end('[]}');
    const [sent] = (await once(upload, 'response')) as [IncomingMessage];
    expect(sent.resume().statusCode).toBe(200);

    const stream = await fetch(`${url}/endless`);
    const reader = stream.body!.getReader();
    expect(Buffer.from((await reader.read()).value!).toString()).toBe('first line\n');
    await reader.cancel();
  });

  it('lets 64 MiB in and no more', async () => {
    const sizes = { 'content-type': 'application/x-protobuf' };
    const full = await fetch(`${url}/otel/v1/traces`, { method: 'POST', headers: sizes, body: Buffer.alloc(64 << 20) });
    expect(full.status).toBe(200);
    // Announced only: the answer comes before the body.
    for (const [path, type, body] of [
      ['/call/start', 'application/json', '{"reason":"Payload Too Large"}'],
      ['/otel/v1/traces', 'application/json', '{"code":8,"message":"Payload Too Large"}'],
      ['/v1/logs', 'application/x-protobuf', ''],
    ] as const) {
      const upload = request(url + path, { method: 'POST', headers: { 'content-length': (64 << 20) + 1, 'content-type': type } });
      upload.on('error', () => undefined).flushHeaders();
      const [refused] = (await once(upload, 'response')) as [IncomingMessage];
      expect([refused.statusCode, refused.headers['content-type']]).toEqual([413, type]);
      expect((await refused.setEncoding('utf8').toArray()).join('')).toBe(body);
      upload.destroy();
    }
  }); // prettier-ignore

  it('keeps the header that names the project of an OTLP request', async () => {
    await fetch(`${url}/otel/v1/traces`, { method: 'POST', body: 'x', headers: { project_id: 'a/b' } });
    expect(seen.at(-1)!.headers['project_id']).toBe('a/b');
  });

  it('gives each request an id, keeps one that is given, and says nothing of itself', async () => {
    await fetch(`${url}/call/read`);
    expect(seen.at(-1)!.headers['x-request-id']).toMatch(/^[0-9a-f]{32}$/);
    await fetch(`${url}/call/read`, { headers: { 'x-request-id': 'mine-1' } });
    expect(seen.at(-1)!.headers['x-request-id']).toBe('mine-1');
    await fetch(`${url}/call/read`, { headers: { 'x-request-id': 'no id: a sentence' } });
    expect(seen.at(-1)!.headers['x-request-id']).toMatch(/^[0-9a-f]{32}$/);
    expect((await fetch(`${url}/call/read`)).headers.get('server')).toBe('nginx');
  });

  it('starts without scoring workers, and says of their routes that there are none', async () => {
    const folder = mkdtempSync(join(dir, 'without-'));
    const without = await startNginx(folder, { lacks: 'scoring-worker' });
    for (const path of ['/calls/score', '/traces/monitors/ledger', '/weft/v1/scoring/jobs/1']) {
      const res = await fetch(without.url + path, { method: 'POST', body: '{}' });
      expect([res.status, res.headers.get('retry-after'), await res.json()]).toEqual([
        503,
        '2',
        { reason: 'Service Unavailable: no scoring worker answers' },
      ]);
    }
    const res = await fetch(`${without.url}/calls/query`, { method: 'POST', body: '{}' });
    expect(res.headers.get('x-service')).toBe('query');
    await stopNginx(without.nginx);
  });

  it('says 503 and when to come back while a service is away', async () => {
    const writer = services.get('writer')!;
    writer.closeAllConnections();
    await new Promise((resolve) => writer.close(resolve));
    const res = await fetch(`${url}/weft/v1/dead-letters`);
    expect([res.status, res.headers.get('retry-after'), await res.json()]).toEqual([
      503,
      '2',
      { reason: 'Service Unavailable' },
    ]);
  });

  it('says it in the words of OTLP below its paths', async () => {
    const gateway = services.get('gateway')!;
    gateway.closeAllConnections();
    await new Promise((resolve) => gateway.close(resolve));
    for (const [type, body] of [
      ['application/json; charset=utf-8', '{"code":14,"message":"Service Unavailable"}'],
      ['application/x-protobuf', ''],
    ] as const) {
      const headers = { 'content-type': type };
      const res = await fetch(`${url}/v1/traces`, { method: 'POST', headers, body: '{}' });
      expect([res.status, res.headers.get('retry-after'), await res.text()]).toEqual([503, '2', body]);
      expect(res.headers.get('content-type')).toBe(type.split(';')[0]);
    }
  });

  it('hands gRPC calls on with their metadata and trailers, and says UNAVAILABLE while no gateway is there', async () => {
    const session = connect(`http://127.0.0.1:${grpcPort}`);
    const call = async () => {
      const stream = session.request({
        ':method': 'POST',
        ':path': '/a.B/C',
        'content-type': 'application/grpc',
        te: 'trailers',
        project_id: 'a/b',
      });
      const trailers = once(stream, 'trailers').then(([one]) => one as Record<string, string>);
      const response = once(stream, 'response').then(([one]) => one as Record<string, string>);
      stream.end(Buffer.alloc(5)).resume();
      await once(stream, 'close');
      return { response, trailers };
    };
    const { trailers } = await call();
    expect(await trailers).toMatchObject({ 'grpc-status': '0' });
    expect(grpcGateway.projects).toEqual(['a/b']);
    await grpcGateway.stop();
    const { response } = await call();
    expect(await response).toMatchObject({
      ':status': 200,
      'content-type': 'application/grpc',
      'grpc-status': '14',
    });
    session.close();
  });
});

/** Answers every gRPC call with one empty message. */
async function startGrpcGateway() {
  const projects: unknown[] = [];
  const sessions = new Set<ServerHttp2Session>();
  const server = createHttp2Server().listen(0, '127.0.0.1');
  server.on('session', (session) => sessions.add(session));
  server.on('stream', (stream, headers) => {
    projects.push(headers['project_id']);
    stream.once('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
    stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
    stream.resume().on('end', () => stream.end(Buffer.alloc(5)));
  });
  await once(server, 'listening');
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    projects,
    stop: async () => {
      for (const session of sessions) session.destroy();
      if (server.listening) await new Promise((resolve) => server.close(resolve));
    },
  };
}
