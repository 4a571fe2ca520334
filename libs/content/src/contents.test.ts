import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { findContent, withRefs } from './find-content.ts';

/** What W&B's own implementation made of each text; `null` = it left it where it was. */
interface Case {
  readonly name: string;
  readonly prefix: string;
  readonly suffix: string;
  /** Base64: how the bytes begin, and either how they go on or zeros up to the size. */
  readonly head: string;
  readonly repeat: boolean;
  readonly size: number;
  readonly expected: {
    readonly ref: string;
    readonly metadata: string;
    readonly files: Record<string, string>;
    readonly val: string;
  } | null;
}

const cases = JSON.parse(
  readFileSync(new URL('../fixtures/contents.json', import.meta.url), 'utf8'),
) as Case[];

/** Where we decide otherwise, and what comes of it: the object's name, or null. */
const OURS = new Map<string, string | null>([
  // Its detector fails on these.
  ['bare jpeg-exif', 'image-ac88.jpg'],
  ['bare mp3-id3', 'audio-baf2.mp3'],
  ['bare html', 'text-9dd4.html'],
  // A name that a player opens.
  ['bare m4a', 'audio-5d82.m4a'],
  ['bare mkv', 'video-aca1.mkv'],
  // Program text is plain text.
  ['bare python', null],
  // No base64 data URIs.
  ['data URI of image/png,x', null],
  ['data URI with a character after padding', null],
]);

describe('contents, as W&B makes them', () => {
  it.each(cases.map((each) => [each.name, each] as const))('%s', async (name, each) => {
    const json = Buffer.from(JSON.stringify({ a: [textOf(each)] }));
    const found = await findContent(json, { projectId: 'acme/vision' });
    if (OURS.has(name)) {
      expect(found[0]?.content?.objectId ?? null).toBe(OURS.get(name));
      return;
    }
    if (each.expected === null) {
      expect(found).toEqual([]);
      return;
    }
    const { ref, metadata, files, val } = each.expected;
    const [{ content }] = found as [(typeof found)[0]];
    expect(content).toMatchObject({
      ref: `weave:///acme/vision/object/${ref}`,
      objectId: ref.slice(0, ref.lastIndexOf(':')),
    });
    expect(content!.files.map(({ name: file, digest }) => [file, digest])).toEqual(Object.entries(files));
    expect(content!.files[1]!.bytes.toString()).toBe(metadata);
    expect(JSON.parse(content!.val.toString())).toEqual(JSON.parse(val));
    expect(JSON.parse(Buffer.from(withRefs(json, found)).toString())).toEqual({ a: [content!.ref] });
  });
});

function textOf({ prefix, suffix, head, repeat, size }: Case): string {
  const begin = Buffer.from(head, 'base64');
  const bytes = Buffer.alloc(size);
  if (repeat) bytes.fill(begin);
  else begin.copy(bytes);
  return prefix + bytes.toString('base64') + suffix;
}
