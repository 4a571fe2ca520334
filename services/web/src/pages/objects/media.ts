import { membersOf } from '../../api/objects.ts';

/** A file inside a value, as SDKs publish pictures, sounds and documents. */
export interface Media {
  readonly digest: string;
  /** As the SDK calls it: `PIL.Image.Image`. */
  readonly type: string;
  readonly file: string;
}

/** Undefined for a value that is no file. */
export function mediaIn(value: unknown): Media | undefined {
  const members = membersOf(value);
  if (members.get('_type') !== 'CustomWeaveType') return undefined;
  const type = membersOf(members.get('weave_type')).get('type');
  const files = [...membersOf(members.get('files'))].filter(([name]) => name !== 'metadata.json');
  const [file, digest] = files[0] ?? [];
  if (typeof type !== 'string' || file === undefined || typeof digest !== 'string' || type === 'Op')
    return undefined;
  return { digest, type, file };
}

/** Files that are shown; larger ones are downloaded. */
export const SHOWN_BYTES = 20_000_000;

const SIGNATURES: readonly (readonly [type: string, bytes: readonly number[], at: number])[] = [
  ['image/png', [0x89, 0x50, 0x4e, 0x47], 0],
  ['image/jpeg', [0xff, 0xd8, 0xff], 0],
  ['image/gif', [0x47, 0x49, 0x46, 0x38], 0],
  ['image/webp', [0x57, 0x45, 0x42, 0x50], 8],
  ['audio/wav', [0x57, 0x41, 0x56, 0x45], 8],
  ['audio/mpeg', [0x49, 0x44, 0x33], 0],
  ['audio/ogg', [0x4f, 0x67, 0x67, 0x53], 0],
  ['audio/flac', [0x66, 0x4c, 0x61, 0x43], 0],
];

/** What bytes are by their first ones, whatever they claim: only types that hold no scripts. Undefined for all others. */
export async function mediaType(blob: Blob): Promise<string | undefined> {
  const head = new Uint8Array(await blob.slice(0, 16).arrayBuffer());
  return SIGNATURES.find(([, bytes, at]) => bytes.every((byte, i) => head[at + i] === byte))?.[0];
}
