import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { loadConfig } from '@weft/runtime';
import { blobStoreEnv, openBlobStore } from '@weft/blob-store';
import { requireBackend, sharedAzure, sharedGcs, sharedS3 } from '@weft/testkit';
import { z } from 'zod';
import { bytesOf, checkNpm, checkPython, checkRawBytes, digestOf, download, upload } from './files.ts';
import { NPM_TIMEOUT_MS } from './npm.ts';
import { baseUrl, newProject, openStack, type ReadCall, type Stack } from './stack.ts';

/** What clients send is what they read, whichever store has it: each is a server of its own, before a stack started here. */

interface Store {
  /** The variables that send blobs there. */
  readonly env: Record<string, string>;
  stop(): Promise<void>;
}

const STORES = {
  s3: async (): Promise<Store> => {
    const server = await sharedS3();
    return { env: server.environment(await server.createBucket()), stop: () => server.stop() };
  },
  gcs: async (): Promise<Store> => {
    const server = await sharedGcs();
    return { env: server.environment(await server.createBucket()), stop: () => server.stop() };
  },
  azure: async (): Promise<Store> => {
    const server = await sharedAzure();
    return { env: server.environment(await server.createContainer()), stop: () => server.stop() };
  },
  disk: async (): Promise<Store> => {
    const folder = await temporaryFolder();
    return {
      env: { WF_FILE_STORAGE_URI: pathToFileURL(folder).href },
      stop: () => rm(folder, { recursive: true, force: true }),
    };
  },
} as const;

const MIB = 1024 * 1024;
/** A running stack has a store of its own. */
const here = baseUrl === undefined ? describe : describe.skip;

const temporaryFolder = () => mkdtemp(join(tmpdir(), 'weft-storage-'));

/** What the store has of all projects. */
async function keysIn(env: Record<string, string>): Promise<string[]> {
  const config = loadConfig(z.object(blobStoreEnv), env);
  const store = openBlobStore(env['WF_FILE_STORAGE_URI']!, config);
  const keys: string[] = [];
  for await (const page of store.list('weave/projects/')) keys.push(...page.map(({ key }) => key));
  await store.close();
  return keys;
}

here('files and payloads', () => {
  for (const [name, start] of Object.entries(STORES) as [keyof typeof STORES, () => Promise<Store>][]) {
    const suite = name === 'disk' ? describe : requireBackend(name, describe);
    suite(`in ${name}`, () => {
      let store: Store;
      let stack: Stack;
      beforeAll(async () => {
        store = await start();
        stack = await openStack({ env: store.env, logLevel: 'error' });
      }, 120_000);
      afterAll(async () => {
        await stack?.stop();
        await store?.stop();
      });

      it.each([0, 1, 300_000, 9 * MIB])('keeps files of %d bytes', async (size) => {
        const project = newProject(name);
        const bytes = randomBytes(size);
        const digest = await upload(stack, project, bytes);
        expect((await bytesOf(stack, project, digest)).equals(bytes)).toBe(true);
        const head = await download(stack, project, digest, { method: 'HEAD' });
        expect([head.status, head.headers.get('content-length')]).toEqual([200, String(size)]);
        // Nothing is put where there is nothing.
        const isThere = (await keysIn(store.env)).some((key) => key.endsWith(`/files/${digest}`));
        expect(isThere).toBe(size > 0);
      });

      it('gives ranges of 20 MB', () => checkRawBytes(stack, randomBytes(20_000_000)), 120_000);

      it('takes 40 MB, and gives a range of it', async () => {
        const project = newProject(name);
        const bytes = randomBytes(40_000_000);
        const digest = await upload(stack, project, bytes);
        const part = await download(stack, project, digest, {
          headers: { range: 'bytes=17777777-28888887' },
        });
        expect(Buffer.from(await part.arrayBuffer()).equals(bytes.subarray(17_777_777, 28_888_888))).toBe(
          true,
        );
        expect((await bytesOf(stack, project, digest)).equals(bytes)).toBe(true);
      }, 120_000);

      it('keeps payloads of calls that are too large for a row', async () => {
        const project = newProject(name);
        const payloads = { input: randomBytes(700_000).toString('hex'), output: randomBytes(3 * MIB).toString('hex') }; // prettier-ignore
        await sendCall(stack, project, payloads);
        expect(await readCalls(stack, project)).toEqual([payloads]);
        const digests = [{ input: payloads.input }, { output: payloads.output }].map((value) => digestOf(Buffer.from(JSON.stringify(value)))); // prettier-ignore
        const keys = await keysIn(store.env);
        for (const digest of digests)
          expect(keys).toContainEqual(expect.stringMatching(`/payloads/${digest}$`));
      }, 120_000);

      it('keeps media of npm weave', () => checkNpm(stack, 'weave'), NPM_TIMEOUT_MS);
      requireBackend('python', describe)('with Python', () => {
        it('keeps media of Python weave', () => checkPython(stack), 120_000);
      });
    });
  }

  requireBackend('s3', describe)('of a project that goes to a bucket and back', () => {
    it('are read wherever they are', async () => {
      const { env, stop } = await STORES.s3();
      const dataDir = await temporaryFolder();
      const project = newProject('moving');
      const files: { readonly digest: string; readonly bytes: Buffer }[] = [];
      const calls: Payloads[] = [];
      const run = async (settings: Record<string, string>) => {
        const stack = await openStack({ env: settings, dataDir, logLevel: 'error' });
        try {
          for (const size of [1000, 300_000, 2 * MIB]) {
            const bytes = randomBytes(size);
            files.push({ digest: await upload(stack, project, bytes), bytes });
          }
          const call = { input: randomBytes(400_000).toString('hex'), output: 'short' };
          calls.push(call);
          await sendCall(stack, project, call, calls.length);
          for (const { digest, bytes } of files)
            expect((await bytesOf(stack, project, digest)).equals(bytes)).toBe(true);
          expect(await readCalls(stack, project)).toEqual(calls);
        } finally {
          await stack.stop();
        }
        return (await keysIn(env)).map((key) => key.split('/').at(-1));
      };
      try {
        // Files of the third run, and the input of its call.
        const none = { ...env, WF_FILE_STORAGE_PROJECT_RAMP_PCT: '0' };
        expect(await run({})).toEqual([]);
        expect(await run(none)).toEqual([]);
        const moved = await run({ ...env, WF_FILE_STORAGE_PROJECT_RAMP_PCT: '100' });
        expect(moved).toHaveLength(4);
        expect(moved).toEqual(expect.arrayContaining(files.slice(6).map(({ digest }) => digest)));
        expect(await run(none)).toEqual(moved);
      } finally {
        await rm(dataDir, { recursive: true, force: true });
        await stop();
      }
    }, 180_000);
  });
});

interface Payloads {
  readonly input: string;
  readonly output: string;
}

/** @param nth its place among the project's. */
async function sendCall(stack: Stack, project: string, { input, output }: Payloads, nth = 1): Promise<void> {
  const id = `019f0000-0000-7000-8000-00000000000${nth}`;
  const started_at = `2026-01-02T03:04:0${nth}Z`;
  const call = { project_id: project, id, op_name: 'op', trace_id: id, parent_id: null, started_at, ended_at: started_at, attributes: {}, inputs: { input }, output: { output }, summary: {} }; // prettier-ignore
  const sent = await stack.send(`/v2/${project}/calls/complete`, { batch: [call] });
  expect([sent.status, await sent.text()]).toEqual([200, expect.any(String)]);
}

async function readCalls(stack: Stack, project: string): Promise<Payloads[]> {
  const sort_by = [{ field: 'started_at', direction: 'asc' }];
  const calls = await stack.lines<ReadCall>('/calls/stream_query', { project_id: project, sort_by });
  return calls.map((call) => ({ ...call.inputs, ...(call.output as object) }) as unknown as Payloads);
}
