import { afterEach, describe, expect, it } from '@jest/globals';
import { createMetrics, type Stoppable } from '@weft/runtime';
import type { HttpApp } from './app.ts';
import { openProbes } from './probes.ts';
import { startApp, stopApps } from './test-app.ts';

const opened: Stoppable[] = [];
afterEach(async () => {
  await Promise.all(opened.splice(0).map((part) => part.stop()));
  await stopApps();
});

const config = { WEFT_METRICS_HOST: '127.0.0.1', WEFT_METRICS_PORT: 0 };

async function open(options: Omit<Parameters<typeof openProbes>[0], 'config' | 'metrics'>) {
  const metrics = createMetrics('test_', { processMetrics: false });
  metrics.counter({ name: 'things_total', help: 'Things.' }).inc(3);
  const probes = (await openProbes({ config, metrics, ...options }))!;
  opened.push(probes);
  const get = async (path: string) => {
    const res = await fetch(probes.url + path);
    return [res.status, await res.text()] as const;
  };
  return { get, url: probes.url };
}

describe('the probe listener', () => {
  it('is off without a port', async () => {
    const metrics = createMetrics('', { processMetrics: false });
    const none = { WEFT_METRICS_HOST: '127.0.0.1' };
    expect(await openProbes({ config: none, metrics, readiness: async () => ({}) })).toBeUndefined();
  });

  it('answers probes and metrics without a key, and nothing else', async () => {
    const { get } = await open({ readiness: async () => ({}) });
    expect(await get('/livez')).toEqual([200, '{"status":"alive"}']);
    expect(await get('/readyz?verbose')).toEqual([200, '{"status":"ready"}']);
    expect(await get('/metrics')).toEqual([200, expect.stringContaining('test_things_total 3')]);
    for (const path of ['/', '/health', '/call/read', '//readyz']) expect((await get(path))[0]).toBe(404);
  });

  it('says what is wrong', async () => {
    const { get } = await open({
      readiness: async () => ({ log: 'away' }),
      liveness: () => ({ work: () => 'stuck' }),
    });
    expect(await get('/readyz')).toEqual([503, '{"status":"not ready","reasons":{"log":"away"}}']);
    expect(await get('/livez')).toEqual([503, '{"status":"not alive","reasons":{"work":"stuck"}}']);
  });

  it('follows the service from its start to its end', async () => {
    const service: { app?: HttpApp } = {};
    const { get } = await open({ readiness: async () => service.app?.readiness() ?? { server: 'starting' } });
    expect(await get('/readyz')).toEqual([503, expect.stringContaining('starting')]);
    service.app = (await startApp({ routes: [] })).app;
    expect((await get('/readyz'))[0]).toBe(200);
    const stopped = service.app.stop();
    expect(await get('/readyz')).toEqual([503, expect.stringContaining('stopping')]);
    await stopped;
  });

  it('names its settings when it cannot listen', async () => {
    const { url } = await open({ readiness: async () => ({}) });
    const taken = { ...config, WEFT_METRICS_PORT: Number(new URL(url).port) };
    const metrics = createMetrics('', { processMetrics: false });
    const refused = openProbes({ config: taken, metrics, readiness: async () => ({}) });
    await expect(refused).rejects.toThrow('choose another port with WEFT_METRICS_PORT');
  });
});
