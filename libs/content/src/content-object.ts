import { createDigests, digestOfSha256, formatRef } from '@weft/model';
import { sha256 } from '@weft/runtime';
import type { Decoded } from './base64.ts';
import type { FileType } from './detect-type.ts';

const digests = createDigests(sha256);

export interface ContentFile {
  readonly name: 'content' | 'metadata.json';
  readonly bytes: Buffer;
  readonly digest: string;
  /** What the digest is made of: 32 bytes. */
  readonly sha256: Uint8Array;
}

/** An object of the SDKs' class `Content`, and the files that it names. */
export interface Content {
  /** `weave:///entity/project/object/<id>:<digest>` */
  readonly ref: string;
  readonly objectId: string;
  readonly digest: string;
  /** JSON. It holds no refs. */
  readonly val: Buffer;
  readonly files: readonly ContentFile[];
}

/** How the bytes were written. */
export type Spelling = 'base64' | 'data_url:base64';

/**
 * The object that the SDKs would have made of it (W&B: trace_server/content/content.py and store_content_object), so that
 * they open it.
 */
export function contentObject(
  projectId: string,
  { bytes, sha256: hash }: Decoded,
  { mimeType, extension }: FileType,
  spelling: Spelling,
): Content {
  const hex = hash.toString('hex');
  const [kind] = mimeType.split('/');
  const filename = `${kind === 'application' ? 'file' : kind}-${hex.slice(0, 4)}${extension}`;
  // As Python's json.dumps spaces it, in the order of the class's fields: its digest is part of the object's.
  const fields = [
    ['size', bytes.length],
    ['mimetype', mimeType],
    ['digest', hex],
    ['filename', filename],
    ['content_type', spelling],
    ['input_type', 'str'],
    ['encoding', spelling === 'base64' ? 'base64' : 'us-ascii'],
    ['metadata', null],
    ['extension', extension],
  ];
  const json = fields.map(([name, value]) => `"${name}": ${JSON.stringify(value)}`).join(', ');
  const content = file('content', bytes, hash);
  const metadata = file('metadata.json', Buffer.from(`{${json}}`));
  const val = Buffer.from(
    `{"_type": "CustomWeaveType", "weave_type": {"type": "weave.type_wrappers.Content.content.Content"}, "files": {"content": "${content.digest}", "metadata.json": "${metadata.digest}"}}`,
  );
  const objectId = objectIdOf(filename);
  const digest = digests.json(val);
  const ref = formatRef({ kind: 'object', projectId, name: objectId, version: digest, extra: [] });
  return { ref, objectId, digest, val, files: [content, metadata] };
}

function file(name: ContentFile['name'], bytes: Buffer, hash = sha256(bytes)): ContentFile {
  return { name, bytes, digest: digestOfSha256(hash), sha256: hash };
}

/** W&B: make_object_id. */
function objectIdOf(filename: string): string {
  return filename.replace(/[^\w.-]/g, '').toLowerCase();
}
