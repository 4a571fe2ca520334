import type { Arguments } from '../arguments.ts';
import { MAX_MEDIA, MAX_MEDIA_CHARS, TOO_MUCH } from './media-bounds.ts';
import { mapPlaces } from './media-places.ts';
import { isObjectRef, mediaRefOf } from './media-ref.ts';
import type { LeftOutMedium, MediaKind, ReadMedia, ReadMedium } from './media-source.ts';

/** Pictures, sounds and films in what is judged, for models that can look at them. */

export interface MediaSettings {
  readonly image: boolean;
  readonly audio: boolean;
  readonly video: boolean;
  /** Where they are looked for; undefined = everywhere. `$.inputs.photo`, `inputs.photo`, `photo`, `output.image`. */
  readonly paths: readonly string[] | undefined;
}

/** A part of a message, in OpenAI's words. */
export type MediaPart = Readonly<Record<string, unknown>>;

export interface Separated {
  /** With `(image 1)` where a medium stood. */
  readonly variables: Arguments;
  readonly parts: readonly MediaPart[];
}

const DATA_URL = /^data:(image|audio|video)\/([\w.+-]+)(?:;[\w.=+-]+)*;base64,([A-Za-z0-9+/=\s]+)$/;

/**
 * Takes the media out of the variables. Those of kinds that are not asked for stay.
 * @param read what was found of those that the variables only refer to; others stay as they are.
 */
export function separateMedia(variables: Arguments, settings: MediaSettings, read?: ReadMedia): Separated {
  const parts: MediaPart[] = [];
  let chars = 0;
  const known = new Map<string, string>();

  function take({ kind, part, size, key }: Medium): string {
    const before = known.get(key);
    if (before !== undefined) return before;
    if (parts.length >= MAX_MEDIA || chars + size > MAX_MEDIA_CHARS) return leftOut({ kind, leftOut: TOO_MUCH });
    parts.push(part);
    chars += size;
    const name = `(${kind} ${parts.length})`;
    known.set(key, name);
    return name;
  }

  const separated = mapPlaces(variables, settings.paths, (value) => {
    const medium = readMediumOf(value, read) ?? mediumOf(value, settings);
    return medium && ('leftOut' in medium ? leftOut(medium) : take(medium));
  });
  return { variables: separated, parts };
} // prettier-ignore

function leftOut({ kind, leftOut: why }: LeftOutMedium): string {
  return `(${kind} left out: ${why})`;
}

interface Medium {
  readonly kind: MediaKind;
  readonly part: MediaPart;
  readonly size: number;
  /** The same medium has the same. */
  readonly key: string;
}

function readMediumOf(value: unknown, read: ReadMedia | undefined): Medium | LeftOutMedium | undefined {
  const ref = read && mediaRefOf(value);
  const found = ref && read.found.get(ref.key);
  return found === undefined || 'leftOut' in found ? found : ofFile(found, value);
}

/** A data URL, or a part of a message as OpenAI has them. An address is taken only where a part says that it is a picture. */
function mediumOf(value: unknown, settings: MediaSettings): Medium | undefined {
  if (typeof value === 'string') return ofDataUrl(value, settings);
  if (typeof value !== 'object' || value === null) return undefined;
  const { type, image_url: image, input_audio: audio } = value as Readonly<Record<string, unknown>>;
  if (type === 'image_url' && settings.image) {
    const url = typeof image === 'string' ? image : (image as { url?: unknown } | null)?.url;
    if (typeof url === 'string' && /^(?:https:|data:image\/)/.test(url)) return ofImage(url);
  }
  if (type === 'input_audio' && settings.audio) {
    const { data, format } = (audio ?? {}) as { data?: unknown; format?: unknown };
    if (typeof data === 'string' && typeof format === 'string' && !isObjectRef(data))
      return ofAudio(data, format);
  }
  return undefined;
}

function ofDataUrl(text: string, settings: MediaSettings): Medium | undefined {
  if (!text.startsWith('data:')) return undefined;
  const [, kind, subtype, data] = DATA_URL.exec(text) ?? [];
  if (kind === undefined || !settings[kind as MediaKind]) return undefined;
  if (kind === 'image') return ofImage(text);
  return kind === 'audio' ? ofAudio(data!, formatOf(subtype!)) : ofVideo(text);
}

/** @param value what refers to it: a part of a message says the format. */
function ofFile({ kind, mimeType, base64 }: ReadMedium, value: unknown): Medium {
  const url = `data:${mimeType};base64,${base64}`;
  if (kind !== 'audio') return kind === 'image' ? ofImage(url) : ofVideo(url);
  const { format } = (value as { input_audio?: { format?: unknown } }).input_audio ?? {};
  return ofAudio(base64, typeof format === 'string' ? format : formatOf(mimeType.split('/')[1]!));
}

function ofImage(url: string): Medium {
  return { kind: 'image', part: { type: 'image_url', image_url: { url } }, size: url.length, key: url };
}

function ofAudio(data: string, format: string): Medium {
  const part = { type: 'input_audio', input_audio: { data, format } };
  return { kind: 'audio', part, size: data.length, key: data };
}

function ofVideo(url: string): Medium {
  return { kind: 'video', part: { type: 'file', file: { file_data: url } }, size: url.length, key: url };
}

/** Of a media type without `audio/`, as models name it. */
function formatOf(subtype: string): string {
  if (subtype === 'mpeg') return 'mp3';
  const format = subtype.replace(/^x-/, '');
  return format === 'wave' || format === 'vnd.wave' ? 'wav' : format;
}
