import { describe, expect, it } from '@jest/globals';
import { BLOB_KINDS, blobKey, hasKeys, parseBlobKey, projectPrefix, trashKey } from './keys.ts';

const digest = 'a1B2'.repeat(10) + 'xyz';

describe('blobKey', () => {
  it('is read back', () => {
    for (const projectId of ['e/p', 'é/😀 x', '???/>>>', `${'e'.repeat(128)}/${'p'.repeat(128)}`])
      for (const kind of BLOB_KINDS) {
        const name = { projectId, kind, digest };
        expect(parseBlobKey(blobKey(name))).toEqual(name);
      }
  });

  it('is the layout that buckets have', () => {
    const key = blobKey({ projectId: 'e/p', kind: 'files', digest });
    expect(key).toBe(`weave/projects/ZS9w/files/${digest}`);
    expect(trashKey(key)).toBe(`weave/trash/weave/projects/ZS9w/files/${digest}`);
  });
});

describe('projectPrefix', () => {
  it('is that of no other project, and has short segments', () => {
    const short = `${'e'.repeat(128)}/${'p'.repeat(21)}`;
    expect(projectPrefix(`${short}${'p'.repeat(107)}`).startsWith(projectPrefix(short))).toBe(false);
    const longest = `${'é'.repeat(128)}/${'é'.repeat(128)}`;
    expect(
      Math.max(
        ...projectPrefix(longest)
          .split('/')
          .map((part) => part.length),
      ),
    ).toBeLessThan(255);
    expect([hasKeys(longest), hasKeys(`${'😀'.repeat(64)}/${'中'.repeat(128)}`)]).toEqual([true, false]);
  });
});

describe('parseBlobKey', () => {
  it.each([
    '',
    'weave/projects/',
    `weave/projects/ZS9w/files/${digest}x`,
    `weave/projects/ZS9w/files/${digest.slice(1)}`,
    `weave/projects/ZS9w/files/${digest.slice(1)}-`,
    `weave/projects/ZS9w/other/${digest}`,
    `weave/projects/ZS9w/files/sub/${digest}`,
    `weave/projects/ZS~/9w/files/${digest}`,
    `weave/projects/ZS9w=/files/${digest}`,
    // Bits that decoding drops.
    `weave/projects/ZS9wcB/files/${digest}`,
    // No slash, and bytes that are no text.
    `weave/projects/${Buffer.from('ep').toString('base64url')}/files/${digest}`,
    `weave/projects/${Buffer.from([0x65, 0x2f, 0xff]).toString('base64url')}/files/${digest}`,
    `other/weave/projects/ZS9w/files/${digest}`,
    `weave/projects/ZS9w/files/${digest}\n`,
  ])('takes %j for somebody else’s', (key) => {
    expect(parseBlobKey(key)).toBeUndefined();
  });
});
