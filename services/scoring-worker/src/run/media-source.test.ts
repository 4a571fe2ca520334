import { Readable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { AppError, parseRef } from '@weft/model';
import { openParts, type Parts } from '../testing/open-parts.ts';
import { createMediaSource, type MediaSourceDeps } from './media-source.ts';

/** Files and objects of one project, as judges read them. */

let parts: Parts;
beforeAll(async () => {
  parts = await openParts();
}, 60_000);
afterAll(() => parts?.close(), 60_000);

const PROJECT = 'acme/media';
const large = Buffer.alloc(2 * 1024 * 1024 + 5, 'abcdefg');
const digests = { small: 's'.repeat(43), large: 'l'.repeat(43), blob: 'b'.repeat(43) };

const open = (fileStorage?: MediaSourceDeps['fileStorage'], projectId = PROJECT) =>
  createMediaSource({ reader: parts.reader, fileStorage }, projectId, new AbortController().signal);

async function writeFiles(): Promise<void> {
  const common = { projectId: PROJECT, name: 'image.png', createdAtUs: 1 };
  await parts.write({
    files: [
      { ...common, digest: digests.small, bytes: Buffer.from('small') },
      { ...common, digest: digests.large, bytes: large },
      { ...common, digest: digests.blob, blob: { uri: 's3://bucket/x', sizeBytes: 4 } },
    ],
  });
}

describe('media of a project', () => {
  beforeAll(writeFiles);

  it('are files, whole, of that project only', async () => {
    expect(await open().readFile(digests.small, 5)).toEqual(Buffer.from('small'));
    expect(large.equals((await open().readFile(digests.large, large.length)) as Buffer)).toBe(true);
    expect(await open(undefined, 'acme/other').readFile(digests.small, 5)).toBe('missing');
  });

  it('are not read where they are too large or not there', async () => {
    expect(await open().readFile(digests.small, 4)).toBe('too_large');
    expect(await open().readFile('n'.repeat(43), 4)).toBe('missing');
  });

  it('are blobs where their row says so', async () => {
    const opened: unknown[] = [];
    const storage = (bytes: string | undefined): MediaSourceDeps['fileStorage'] => ({
      openFile: async (projectId, file) => {
        opened.push([projectId, file]);
        return bytes === undefined ? undefined : Readable.from([Buffer.from(bytes)]);
      },
    });
    expect(await open(storage('blob')).readFile(digests.blob, 4)).toEqual(Buffer.from('blob'));
    expect(opened).toEqual([[PROJECT, { digest: digests.blob, sizeBytes: 4, uri: 's3://bucket/x' }]]);
    expect(await open(storage('more than its row says')).readFile(digests.blob, 4)).toBe('too_large');
    expect(await open(storage(undefined)).readFile(digests.blob, 4)).toBe('gone');
  });

  it('cannot be had while their store is away', async () => {
    const away = new AppError('storage_unavailable', 'away');
    const refused = open({ openFile: () => Promise.reject(away) }).readFile(digests.blob, 4);
    await expect(refused).rejects.toBe(away);
    await expect(open().readFile(digests.blob, 4)).rejects.toMatchObject({ code: 'storage_unavailable' });
  });

  it('are objects that are there and not too large', async () => {
    const ref = parseRef(await parts.publish(PROJECT, 'picture', { a: 1 }));
    if (ref.kind !== 'object') throw new Error('no object');
    const read = (name: string, version: string, maxBytes = 100, projectId = PROJECT) =>
      open(undefined, projectId).readObject(name, version, maxBytes);
    expect(Buffer.from((await read('picture', ref.version)) as Uint8Array).toString()).toBe('{"a":1}');
    expect(await read('picture', ref.version, 3)).toBe('too_large');
    expect(await read('none', ref.version)).toBe('missing');
    expect(await read('picture', ref.version, 100, 'acme/other')).toBe('missing');
    const { userId, val, refs } = { userId: 'ada', val: Buffer.from('{"a":1}'), refs: [] };
    await parts.write({
      objects: [{ projectId: PROJECT, objectId: 'picture', digest: ref.version, kind: 'object', baseObjectClass: null, leafObjectClass: null, val, refs, userId, createdAtUs: Date.now() * 1000 + 10_000_000, deletedAtUs: Date.now() * 1000 + 10_000_000 }],
    }); // prettier-ignore
    expect(await read('picture', ref.version)).toBe('gone');
  });
});
