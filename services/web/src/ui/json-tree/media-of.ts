import { isFields, member } from './json-value.ts';

/** A file that a value names: a picture, a sound, a document. */
export interface StoredMedia {
  readonly kind: 'image' | 'audio' | 'video' | 'content';
  readonly digest: string;
  readonly name: string;
  /** File with the type of a `Content` object. */
  readonly metadata?: string;
}

const DIGEST = /^[0-9A-Za-z]{43}$/;

/** Of values as the SDKs write them: pictures, sounds, videos, `Content`. */
export function mediaOf(value: unknown): StoredMedia | undefined {
  if (!isFields(value) || member(value, '_type') !== 'CustomWeaveType') return undefined;
  const files = member(value, 'files');
  if (!isFields(files)) return undefined;
  const digest = (name: string) => {
    const found = member(files, name);
    return typeof found === 'string' && DIGEST.test(found) ? found : undefined;
  };
  const content = digest('content');
  const metadata = digest('metadata.json');
  if (content !== undefined)
    return {
      kind: 'content',
      digest: content,
      name: 'content',
      ...(metadata !== undefined && { metadata }),
    };
  for (const name of Object.keys(files)) {
    const kind = kindOfName(name);
    const found = digest(name);
    if (kind !== undefined && found !== undefined) return { kind, digest: found, name };
  }
  return undefined;
}

function kindOfName(name: string): 'image' | 'audio' | 'video' | undefined {
  if (/\.(png|jpe?g|gif|webp|bmp|avif)$/i.test(name)) return 'image';
  if (/\.(wav|mp3|ogg|flac|m4a)$/i.test(name)) return 'audio';
  return /\.(mp4|webm|mov|gif)$/i.test(name) ? 'video' : undefined;
}

/** Whether a ref's object is one that was made of a picture or a sound inside a payload. */
export function isMediaRef(ref: string): boolean {
  return /^weave:\/\/\/[^/]+\/[^/]+\/object\/(image|audio|video)-[0-9a-f]{4}\.\w{2,5}:\w+$/.test(ref);
}
