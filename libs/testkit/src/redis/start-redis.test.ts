import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { connect } from 'node:net';
import { requireBackend } from '../backends.ts';
import { isAlive } from '../processes.ts';
import { answers, startRedis, type TestRedis } from './start-redis.ts';

/** What the server answers to one line. */
async function ask(port: number, line: string): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  socket.write(`${line}\r\n`);
  const answer = await new Promise<string>((resolve) =>
    socket.once('data', (data: Buffer) => resolve(String(data))),
  );
  socket.destroy();
  return answer;
}

requireBackend('redis', describe)('startRedis', () => {
  let redis: TestRedis;
  beforeAll(async () => {
    redis = await startRedis();
  });
  afterAll(() => redis.stop());

  it('keeps what it was told when it is killed', async () => {
    expect(await ask(redis.port, 'SET a b')).toBe('+OK\r\n');
    const pid = redis.pid!;
    await redis.kill();
    expect(isAlive(pid)).toBe(false);
    expect(redis.pid).toBeUndefined();
    expect(await answers(redis.port)).toBe(false);
    await redis.restart();
    expect(await ask(redis.port, 'GET a')).toBe('$1\r\nb\r\n');
  });

  it('evicts nothing', async () => {
    expect(await ask(redis.port, 'CONFIG GET maxmemory-policy')).toContain('noeviction');
  });
});
