import { closeSync, copyFileSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, describe, expect, it } from '@jest/globals';

import { engineFiles, launcherSettings, newCredentials, writeEngineConfig } from './engine-config.ts';
import { findFreePort } from './engine-http.ts';
import { findEngineLibrary } from './engine-library.ts';
import { superviseEngine } from './supervise.ts';

const root = mkdtempSync(join(tmpdir(), 'supervise-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

describe('superviseEngine', () => {
  it('gives up after too many quick failures in a row', async () => {
    const library = findEngineLibrary({});
    const files = engineFiles(root);
    const port = await findFreePort();
    const [writer, reader] = [newCredentials('w'), newCredentials('r')];
    writeEngineConfig(files, { port, maxMemoryBytes: 1 << 30, writer, reader });
    const launcherPath = join(root, 'launcher.mjs');
    copyFileSync(library.launcherPath, launcherPath);
    const outputFd = openSync(files.outputPath, 'a');
    const launch = {
      launcherPath,
      settings: launcherSettings(library, files),
      workingDir: files.tablesDir,
      outputFd,
      port,
      requestEnd: () => Promise.reject(new Error('not asked')),
    };
    const ends: number[] = [];
    let running = 0;
    let failed: (error: Error) => void = () => undefined;
    const failure = new Promise<Error>((resolve) => (failed = resolve));
    const supervisor = await superviseEngine(
      launch,
      (cause) => new Error('described', { cause }),
      {
        onRunning: () => (running += 1),
        onEnded: (_how, backoffMs) => ends.push(backoffMs),
        onFailed: failed,
      },
      {
        firstBackoffMs: 1,
        maxBackoffMs: 4,
        settledAfterMs: 60_000,
        maxQuickFailures: 4,
        maxFirstFailures: 1,
      },
    );
    writeFileSync(launcherPath, 'process.exit(3)');
    process.kill(supervisor.pid!, 'SIGKILL');
    const error = await failure;
    expect(error.cause).toMatchObject({ message: expect.stringContaining('exit code 3') });
    expect({ running, ends }).toEqual({ running: 1, ends: [1] });
    expect(supervisor.pid).toBeUndefined();
    await supervisor.stop();
    closeSync(outputFd);
  });
});
