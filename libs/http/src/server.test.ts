import { once } from 'node:events';
import { Agent, get } from 'node:http';
import { connect } from 'node:net';
import { afterEach, describe, expect, it } from '@jest/globals';
import { createRouter } from './router.ts';
import { startApp, stopApps, type TestApp } from './test-app.ts';

afterEach(stopApps);

interface Answer {
  readonly status: number;
  readonly connection: string | undefined;
  readonly text: string;
}

function fetchWith(agent: Agent | undefined, port: number, path: string): Promise<Answer> {
  return new Promise((resolve, reject) => {
    get({ agent, port, path, host: '127.0.0.1' }, (res) => {
      let text = '';
      res.on('error', reject).on('data', (chunk) => (text += String(chunk)));
      res.on('end', () => resolve({ status: res.statusCode!, connection: res.headers.connection, text }));
    }).on('error', reject);
  });
}

/** `/slow` answers when released, `/stream` sends its head first. */
function slowRoutes() {
  const router = createRouter();
  let release = () => {};
  const released = new Promise<void>((resolve) => (release = resolve));
  let entered = () => {};
  const isEntered = new Promise<void>((resolve) => (entered = resolve));
  router.get('/slow', async (_req, res) => {
    entered();
    await released;
    res.end('done');
  });
  router.get('/stream', async (_req, res) => {
    res.write('head ');
    entered();
    await released;
    res.end('tail');
  });
  return { routes: [{ router }], release, isEntered };
}

describe('stop', () => {
  it.each([
    ['/slow', 'done'],
    ['/stream', 'head tail'],
  ])('finishes %s, which was under way', async (path, text) => {
    const { routes, release, isEntered } = slowRoutes();
    const { app, port } = await startApp({ routes });
    const agent = new Agent({ keepAlive: true });
    const answer = fetchWith(agent, port, path);
    await isEntered;
    const stopped = app.stop();
    release();
    expect(await answer).toMatchObject({ status: 200, text });
    await stopped;
    agent.destroy();
    await expect(fetchWith(undefined, port, '/health')).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  });

  it('turns readiness off at once, still answers, and closes each connection after its answer', async () => {
    const { app, port } = await startApp({ routes: [], limits: { drainDelayMs: 200 } });
    const agent = new Agent({ keepAlive: true });
    expect((await fetchWith(agent, port, '/readyz')).connection).toBe('keep-alive');
    const stopped = app.stop();
    expect(await fetchWith(agent, port, '/readyz')).toMatchObject({ status: 503, connection: 'close' });
    expect(await fetchWith(agent, port, '/health')).toMatchObject({ status: 200, connection: 'close' });
    await stopped;
  });

  it('closes idle connections', async () => {
    const { app, port } = await startApp({ routes: [] });
    const idle = connect(port, '127.0.0.1');
    await once(idle, 'connect');
    const agent = new Agent({ keepAlive: true });
    await fetchWith(agent, port, '/health');
    await app.stop();
    idle.destroy();
  });

  it('cuts what does not end within the deadline', async () => {
    const { routes, isEntered } = slowRoutes();
    const { app, port } = await startApp({ routes, limits: { stopTimeoutMs: 50 } });
    const answer = fetchWith(undefined, port, '/slow').catch((error: unknown) => error);
    await isEntered;
    await app.stop();
    expect(await answer).toMatchObject({ code: 'ECONNRESET' });
  });

  it('is harmless when repeated and before listen', async () => {
    const { app } = await startApp({ routes: [] });
    await Promise.all([app.stop(), app.stop()]);
    await app.stop();
  });

  it('costs keep-alive clients of two servers no request over several restarts', async () => {
    const router = createRouter();
    router.get('/work', async (_req, res) => {
      await new Promise((resolve) => setTimeout(resolve, 3));
      res.end('ok');
    });
    // Many times the balancer's interval: on a busy machine it looks late.
    const start = () => startApp({ routes: [{ router }], limits: { drainDelayMs: 1000 } });
    const servers: { now: TestApp; ready: boolean }[] = [];
    for (let i = 0; i < 2; i++) servers.push({ now: await start(), ready: true });

    let [running, answered] = [true, 0];
    const failures: unknown[] = [];
    // What a load balancer does: asks each server for its readiness and sends requests to those that are ready.
    const balancer = (async () => {
      while (running) {
        for (const server of servers) {
          const answer = await fetchWith(undefined, server.now.port, '/readyz').catch(() => undefined);
          server.ready = answer?.status === 200;
        }
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    })();
    const client = async () => {
      const agent = new Agent({ keepAlive: true, maxSockets: 1 });
      while (running) {
        const ready = servers.filter((server) => server.ready);
        const { port } = ready[answered % ready.length]!.now;
        try {
          expect(await fetchWith(agent, port, '/work')).toMatchObject({ status: 200, text: 'ok' });
          answered++;
        } catch (error) {
          failures.push(error);
        }
      }
      agent.destroy();
    };
    const clients = Array.from({ length: 6 }, client);
    for (let round = 0; round < 4; round++) {
      const server = servers[round % 2]!;
      await server.now.app.stop();
      server.now = await start();
      const before = answered;
      while (!server.ready || answered < before + 20) await new Promise((resolve) => setTimeout(resolve, 5));
    }
    running = false;
    await Promise.all([...clients, balancer]);
    expect(failures).toEqual([]);
    expect(answered).toBeGreaterThan(80);
  });
});
