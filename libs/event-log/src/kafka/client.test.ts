import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { loadConfig, Secret } from '@weft/runtime';
import kafkajs from 'kafkajs';
import { z } from 'zod';
import { recorder } from '../testing/logs.ts';
import { clientLog } from './client-log.ts';
import { connectionOf } from './client.ts';
import { kafkaEnv, settingsOf } from './env.ts';

const load = (env: Record<string, string>) => loadConfig(z.object(kafkaEnv), env);

describe('the variables', () => {
  it('name one broker, or several', () => {
    expect(connectionOf(load({}))).toEqual({ brokers: ['localhost:9092'] });
    expect(connectionOf(load({ KAFKA_BROKER_HOST: 'kafka', KAFKA_BROKER_PORT: '9094' }))).toEqual({
      brokers: ['kafka:9094'],
    });
    const several = { KAFKA_BROKERS: 'a:1, b:2,[::1]:3', KAFKA_BROKER_HOST: 'ignored' };
    expect(connectionOf(load(several)).brokers).toEqual(['a:1', 'b:2', '[::1]:3']);
  });

  it.each([
    ['KAFKA_BROKERS', 'a,b:1'],
    ['KAFKA_BROKERS', 'http://a:1'],
    ['KAFKA_BROKER_PORT', '0'],
    ['KAFKA_SASL_MECHANISM', 'PLAIN'],
    ['KAFKA_TOPIC_PREFIX', 'a b'],
    ['KAFKA_TOPICS_AT_START', 'yes'],
    ['KAFKA_COMPRESSION', 'brotli'],
    ['KAFKA_TLS', '1'],
    ['WF_KAFKA_PROJECT_ID_BUCKET_COUNT', '0'],
  ])('stop the start when they are wrong: %s=%s', (name, value) => {
    expect(() => load({ [name]: value })).toThrow(name);
  });
});

describe('the connection', () => {
  it('authenticates when there is a user, and the password does not print', () => {
    const config = load({ KAFKA_CLIENT_USER: 'weft', KAFKA_CLIENT_PASSWORD: 'hunter2' });
    expect(connectionOf(config).sasl).toEqual({ mechanism: 'plain', username: 'weft', password: 'hunter2' });
    expect(JSON.stringify(config)).not.toContain('hunter2');
    const scram = settingsOf({
      KAFKA_CLIENT_USER: 'weft',
      KAFKA_CLIENT_PASSWORD: new Secret('x'),
      KAFKA_SASL_MECHANISM: 'scram-sha-512',
    });
    expect(connectionOf(scram).sasl).toMatchObject({ mechanism: 'scram-sha-512' });
  });

  it('is encrypted with the files that are named', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'kafka-tls-'));
    const path = (name: string) => join(dir, name);
    for (const name of ['ca', 'cert', 'key']) await writeFile(path(name), `the ${name}`);
    const files = {
      KAFKA_TLS_CA_FILE: path('ca'),
      KAFKA_TLS_CERT_FILE: path('cert'),
      KAFKA_TLS_KEY_FILE: path('key'),
    };
    expect(connectionOf(load({ KAFKA_TLS: 'true', ...files })).ssl).toEqual({
      ca: ['the ca'],
      cert: 'the cert',
      key: 'the key',
    });
    expect(connectionOf(load({ KAFKA_TLS: 'true' })).ssl).toEqual({});
    expect(connectionOf(load(files)).ssl).toBeUndefined();
    const missing = load({ KAFKA_TLS: 'true', KAFKA_TLS_CA_FILE: path('nobody') });
    expect(() => connectionOf(missing)).toThrow('KAFKA_TLS_CA_FILE');
    await rm(dir, { recursive: true });
  });
});

describe("the client's log", () => {
  it('says a warning once, and only what is known to be harmless', () => {
    const logger = recorder();
    const say = clientLog(logger)(kafkajs.logLevel.WARN);
    const entry = (message: string, level = kafkajs.logLevel.ERROR) => ({
      namespace: 'Connection',
      level,
      label: 'ERROR',
      log: { timestamp: '', message, broker: 'kafka:9092', password: 'hunter2', stack: 'far' } as never,
    });
    for (let i = 0; i < 3; i++) say(entry('Connection error'));
    say(entry('Starting', kafkajs.logLevel.INFO));
    expect(logger.lines).toEqual([
      {
        level: 'warn',
        fields: { part: 'Connection', broker: 'kafka:9092', groupId: undefined, error: undefined },
        message: 'kafka client: Connection error',
      },
    ]);
  });
});
