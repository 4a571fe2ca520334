import type { MediaKind } from './media-source.ts';

/** Files of a medium, as the SDKs' classes have them. */
export interface MediaFiles {
  readonly digest: string;
  /** What the file's name says, or the digest of a JSON file with `mimetype`. */
  readonly type: { readonly mimeType: string } | { readonly metadata: string };
}

/** What stands for a medium, or may. */
export interface MediaRef {
  readonly key: string;
  /** A ref of an object: only its value tells whether it is a medium. */
  readonly at: MediaFiles | { readonly ref: string };
  /** What the part of a message says that it is. */
  readonly as: MediaKind | undefined;
}

type Members = Readonly<Record<string, unknown>>;

const OBJECT_REF = /^weave:\/\/\/[^/]+\/[^/]+\/object\/[^/]/;
const MAX_REF_CHARS = 1000;

/**
 * A ref of an object, which media sent as base64 became; the same in a part of a message as OpenAI has them; or an object of
 * the SDKs' classes (PIL.Image.Image, wave.Wave_read, Audio, VideoClip, Content) where it stands.
 */
export function mediaRefOf(value: unknown): MediaRef | undefined {
  if (typeof value === 'string') return isObjectRef(value) ? { key: value, at: { ref: value }, as: undefined } : undefined; // prettier-ignore
  const members = membersOf(value);
  const files = mediaFilesOf(value);
  if (files !== undefined) return { key: `files ${JSON.stringify(files)}`, at: files, as: undefined };
  const { type, image_url: image, input_audio: audio } = members;
  if (type === 'image_url') return asPart('image', typeof image === 'string' ? image : membersOf(image).url);
  return type === 'input_audio' ? asPart('audio', membersOf(audio).data) : undefined;
} // prettier-ignore

function asPart(as: MediaKind, ref: unknown): MediaRef | undefined {
  return isObjectRef(ref) ? { key: `${as} ${ref}`, at: { ref }, as } : undefined;
}

export function isObjectRef(value: unknown): value is string {
  return typeof value === 'string' && value.length <= MAX_REF_CHARS && OBJECT_REF.test(value);
}

const FILE_NAME = /^(image|audio|video)\.(\w{1,8})$/;
const SUBTYPES: ReadonlyMap<string, string> = new Map([['jpg', 'jpeg'], ['mp3', 'mpeg']]); // prettier-ignore

/** Undefined for what is no object of these classes. */
export function mediaFilesOf(value: unknown): MediaFiles | undefined {
  const { _type: type, files } = membersOf(value);
  if (type !== 'CustomWeaveType') return undefined;
  const { content, 'metadata.json': metadata, ...named } = membersOf(files);
  if (isDigest(content) && isDigest(metadata)) return { digest: content, type: { metadata } };
  for (const [name, digest] of Object.entries(named)) {
    const [, kind, extension] = FILE_NAME.exec(name) ?? [];
    if (extension === undefined || !isDigest(digest)) continue;
    const subtype = SUBTYPES.get(extension.toLowerCase()) ?? extension.toLowerCase();
    return { digest, type: { mimeType: `${subtype === 'gif' ? 'image' : kind}/${subtype}` } };
  }
  return undefined;
}

function isDigest(value: unknown): value is string {
  return typeof value === 'string' && /^\w{43}$/.test(value);
}

function membersOf(value: unknown): Members {
  return typeof value === 'object' && value !== null ? (value as Members) : {};
}
