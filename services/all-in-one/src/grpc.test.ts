import { once } from 'node:events';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { EventLog } from '@weft/event-log';
import { createGateway } from '@weft/gateway';
import { createBodyBudget, createKeyring } from '@weft/http';
import { createLogger, createMetrics } from '@weft/runtime';
import { loadAllInOneConfig } from './config.ts';
import { addressOf, openGrpc } from './grpc.ts';

const host = '127.0.0.1';
let other: Server;
let takenPort: number;
beforeEach(async () => {
  other = createServer().listen(0, host);
  await once(other, 'listening');
  takenPort = (other.address() as AddressInfo).port;
});
afterEach(() => void other.close());

async function open(env: Record<string, string>, usualPort: number) {
  const said: string[] = [];
  const logger = createLogger({
    name: 't',
    level: 'warn',
    destination: { write: (line) => void said.push(line) },
  });
  const config = loadAllInOneConfig(env);
  const metrics = createMetrics('t_', { processMetrics: false });
  // Only asked to listen.
  const gateway = createGateway({
    eventLog: {} as EventLog,
    quarantine: async () => {},
    logger,
    metrics,
    config,
  });
  const auth = await createKeyring({ logger });
  const intake = { auth, budget: createBodyBudget(1), limits: { drainDelayMs: 0 } };
  return { said, opened: await openGrpc(gateway, { host, config, logger }, intake, usualPort) };
}

describe('OTLP/gRPC of the all-in-one', () => {
  it('takes a free port when told to', async () => {
    const { opened } = await open({ GATEWAY_OTLP_GRPC_PORT: '0' }, takenPort);
    expect(addressOf(opened!)).toMatch(/^127\.0\.0\.1:\d+$/);
    await opened!.stop();
  });

  it('is left out, with a word, when another process has the usual port', async () => {
    const { opened, said } = await open({}, takenPort);
    expect([opened, said.length]).toEqual([undefined, 1]);
    expect(said[0]).toContain('GATEWAY_OTLP_GRPC_PORT');
  });

  it('does not start when another process has the port that was set', async () => {
    await expect(open({ GATEWAY_OTLP_GRPC_PORT: String(takenPort) }, 0)).rejects.toThrow(
      'choose another port with GATEWAY_OTLP_GRPC_PORT',
    );
  });

  it('is off when told so', async () => {
    expect(await open({ GATEWAY_OTLP_GRPC_PORT: 'off' }, 0)).toEqual({ opened: undefined, said: [] });
  });
});
