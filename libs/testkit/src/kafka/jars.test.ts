import { once } from 'node:events';
import { createReadStream, existsSync, readdirSync, statSync, truncateSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { requireBackend } from '../backends.ts';
import { kafkaClassPath } from './jars.ts';

/** A Maven repository that serves what the real one has sent before. */
requireBackend('kafka', describe)('kafkaClassPath', () => {
  const NAMES = ['WEFT_CACHE', 'WEFT_MAVEN_REPOSITORY'] as const;
  const before = NAMES.map((name) => process.env[name]);
  let kept: Map<string, string>;
  let repository: Server;
  let cache: string;
  let asked: string[];
  /** Name of a jar that is sent with a bit too much. */
  let forged: string | undefined;

  beforeEach(async () => {
    kept = new Map((await kafkaClassPath()).split(':').map((path) => [basename(path), path]));
    asked = [];
    repository = createServer((req, res) => {
      const name = basename(req.url ?? '');
      asked.push(req.url ?? '');
      const path = kept.get(name);
      if (path === undefined) res.writeHead(404).end();
      else if (name === forged) res.end('not a jar');
      else createReadStream(path).pipe(res);
    }).listen(0, '127.0.0.1');
    await once(repository, 'listening');
    cache = await mkdtemp(join(tmpdir(), 'weft-cache-'));
    process.env.WEFT_CACHE = cache;
    process.env.WEFT_MAVEN_REPOSITORY = `http://127.0.0.1:${(repository.address() as AddressInfo).port}/maven/`;
  });
  afterEach(async () => {
    for (const [i, name] of NAMES.entries())
      if (before[i] === undefined) delete process.env[name];
      else process.env[name] = before[i];
    repository.close();
    repository.closeAllConnections();
    await rm(cache, { recursive: true, force: true });
  });

  it('fetches by coordinates what is missing, for two runs at once, and only then', async () => {
    const [first, second] = await Promise.all([kafkaClassPath(), kafkaClassPath()]);
    expect(second).toBe(first);
    expect(asked).toContain('/maven/org/apache/kafka/kafka_2.13/4.3.1/kafka_2.13-4.3.1.jar');
    const paths = first.split(':');
    expect(paths).toHaveLength(kept.size);
    for (const path of paths) expect(statSync(path).size).toBe(statSync(kept.get(basename(path))!).size);
    expect(readdirSync(join(cache, 'kafka-4.3.1/jars'))).toHaveLength(kept.size);

    asked = [];
    await kafkaClassPath();
    expect(asked).toEqual([]);
    truncateSync(paths[3]!, 10);
    expect(await kafkaClassPath()).toBe(first);
    expect(asked.map((path) => basename(path))).toEqual([basename(paths[3]!)]);
    expect(statSync(paths[3]!).size).toBeGreaterThan(10);
  }, 60_000);

  it('refuses a jar that is not the pinned one', async () => {
    forged = 'lz4-java-1.10.2.jar';
    await expect(kafkaClassPath()).rejects.toThrow(
      /at\.yawk\.lz4:lz4-java:1\.10\.2 has the SHA-256 .*, not the pinned/,
    );
    expect(existsSync(join(cache, 'kafka-4.3.1/jars', forged))).toBe(false);
  }, 60_000);
});
