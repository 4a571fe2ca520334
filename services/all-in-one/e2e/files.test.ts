import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { requireBackend } from '@weft/testkit';
import { bytesOf, checkNpm, checkPython, checkRawBytes, download, upload } from './files.ts';
import { NPM_SDKS, NPM_TIMEOUT_MS } from './npm.ts';
import { newProject, openStack, type Stack } from './stack.ts';

const KIB = 1024;
const MIB = KIB * KIB;

let stack: Stack;
beforeAll(async () => {
  stack = await openStack();
});
afterAll(() => stack.stop());

describe('files over HTTP', () => {
  it.each([0, 1, 256 * KIB, 256 * KIB + 1, 3 * MIB])('of %d bytes come back as they were', async (size) => {
    const project = newProject('files');
    const bytes = randomBytes(size);
    const digest = await upload(stack, project, bytes);
    expect((await bytesOf(stack, project, digest)).equals(bytes)).toBe(true);
  });

  it('of 20 MB: whole, in ranges, known, counted once', async () => {
    await checkRawBytes(stack, randomBytes(20_000_000));
  }, 120_000);

  it('are the project’s own: another project has none of them', async () => {
    const project = newProject('files');
    const digest = await upload(stack, project, randomBytes(MIB));
    const missing = await download(stack, project, 'x'.repeat(43));
    const foreign = await download(stack, newProject('other'), digest);
    const bodies = await Promise.all([missing, foreign].map((res) => res.json() as Promise<{ reason: string }>)); // prettier-ignore
    expect([missing.status, foreign.status]).toEqual([404, 404]);
    expect(bodies.map(({ reason }) => reason)).toEqual([
      `File ${'x'.repeat(43)} not found`,
      `File ${digest} not found`,
    ]);
  });

  it('of ten clients at once are all there', async () => {
    const project = newProject('files');
    const files = Array.from({ length: 10 }, () => randomBytes(2 * MIB));
    const digests = await Promise.all(files.map((bytes) => upload(stack, project, bytes)));
    for (const [i, digest] of digests.entries())
      expect((await bytesOf(stack, project, digest)).equals(files[i]!)).toBe(true);
    // The same bytes at once.
    const same = await Promise.all(Array.from({ length: 10 }, () => upload(stack, project, files[0]!)));
    expect(new Set(same)).toEqual(new Set([digests[0]]));
    expect(await stack.post('/files/query_stats', { project_id: project })).toEqual({ total_size_bytes: 20 * MIB }); // prettier-ignore
  }, 120_000);
});

requireBackend('python', describe)('Python weave', () => {
  it(
    'sends pictures, sound, documents and 30 MB of text and reads the same bytes',
    () => checkPython(stack),
    120_000,
  );
});

describe.each(NPM_SDKS)('npm %s', (sdk) => {
  it('sends pictures, sound and 30 MB of text, which are read as the same bytes', () => checkNpm(stack, sdk), NPM_TIMEOUT_MS); // prettier-ignore
});
