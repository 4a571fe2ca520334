import type { ChatPart, MediaPart } from '../chat.ts';
import { fields, filled, isFields, member, text, type Fields } from '../json.ts';
import { transcriptOf } from './text.ts';

type Medium = MediaPart['type'];

/** Images, sounds, films, files: where they are or what they are, as every library spells it. */
export function mediaReader(given?: Medium): (part: Fields) => ChatPart[] | undefined {
  return (part) => {
    const found = readMedia(part, given);
    return found === undefined ? undefined : [found];
  };
}

/**
 * Of an object that a server made of base64 in a payload; it has the medium's file. W&B names them by media type and hash
 * (`image-1a2b.png`).
 */
const CONTENT_REF =
  /^weave:\/\/\/[^/]+\/[^/]+\/object\/(([a-z]+)-[0-9a-f]{4}(?:\.[\w.+-]{1,20})?):[0-9A-Za-z]{43}$/;

/** The medium that a text stands for which is nothing but such a ref. */
export function liftedMedium(said: string): MediaPart | undefined {
  const found = said.length > 1000 ? null : CONTENT_REF.exec(said);
  return found === null ? undefined : { type: mediumOf(found[2]), url: said, name: found[1]! };
}

const INNER = ['image_url', 'image', 'input_audio', 'audio', 'audio_url', 'video', 'video_url', 'file', 'file_url', 'document', 'source', 'inlineData', 'inline_data', 'fileData', 'file_data'] as const; // prettier-ignore
const URLS = ['url', 'uri', 'fileUri', 'file_uri', 'image_url', 'audio_url', 'video_url', 'file_url', 's3Uri'] as const; // prettier-ignore
const DATA = ['data', 'base64', 'b64_json', 'bytes', 'content', 'file_data', 'image', 'audio', 'video', 'file'] as const; // prettier-ignore
const IDS = ['file_id', 'fileId', 'id'] as const;
const MIMES = ['mime_type', 'mimeType', 'media_type', 'mediaType', 'contentType'] as const;
const NAMES = ['filename', 'file_name', 'displayName', 'title', 'name'] as const;

/** What is said of one thing on up to three levels: `{type, image: {format, source: {bytes}}}`. The innermost wins. */
export function readMedia(part: Fields, given?: Medium): MediaPart | undefined {
  const levels = [part];
  for (let at: Fields | undefined = part; at !== undefined && levels.length < 4; ) {
    at = fields(at, ...INNER, 's3Location');
    if (at !== undefined) levels.unshift(at);
  }
  const first = (names: readonly string[]) => levels.map((level) => filled(level, ...names)).find(Boolean);
  const mime = first(MIMES) ?? mimeOf(first(['format']), given);
  const located = first(URLS) ?? first(DATA);
  const lifted = located === undefined ? undefined : liftedMedium(located);
  const type = given ?? mediumOf(first(['modality']) ?? mime ?? dataMime(located) ?? lifted?.type ?? keyOf(part));
  const transcript = levels.map(transcriptOf).find((found) => found !== undefined);
  const common = { name: first(NAMES) ?? lifted?.name, transcript };
  const make = (at: Partial<MediaPart>) => trimmed({ type, ...(mime !== undefined && { mimeType: mime }), ...at, ...common });
  if (located !== undefined) return make(place(located, mime));
  const fileId = first(IDS);
  return fileId === undefined ? undefined : make({ fileId });
} // prettier-ignore

/** Without members that are undefined. */
function trimmed(part: MediaPart): MediaPart {
  return Object.fromEntries(Object.entries(part).filter(([, value]) => value !== undefined)) as unknown as MediaPart;
} // prettier-ignore

const DATA_URL = /^data:([^;,]*)[^,]{0,200},/;

function dataMime(located: string | undefined): string | undefined {
  return located === undefined ? undefined : DATA_URL.exec(located.slice(0, 400))?.[1];
}

/** Addresses have a scheme; what has none is base64. */
function place(located: string, mime: string | undefined): Partial<MediaPart> {
  const head = DATA_URL.exec(located.slice(0, 400));
  if (head !== null)
    return { ...(mime === undefined && head[1] !== '' && { mimeType: head[1] }), data: located.slice(head[0].length) }; // prettier-ignore
  return /^[a-z][a-z0-9+.-]*:/i.test(located.slice(0, 40)) ? { url: located } : { data: located };
}

/** `png` → `image/png`, where only a format is said. */
function mimeOf(format: string | undefined, medium: Medium | undefined): string | undefined {
  if (format === undefined) return undefined;
  if (format.includes('/')) return format;
  return medium === undefined || medium === 'file' ? undefined : `${medium}/${format}`;
}

export function mediumOf(said: string | undefined): Medium {
  const word = said?.split('/')[0];
  return word === 'image' || word === 'audio' || word === 'video' ? word : 'file';
}

function keyOf(part: Fields): string | undefined {
  return ['image', 'audio', 'video'].find((medium) =>
    Object.keys(part).some((name) => name.includes(medium)),
  );
}

/** Beside the content of a message: `audio` of OpenAI, `images` of Ollama and of generated images. */
export function mediaBeside(message: Fields): ChatPart[] {
  const audio = fields(message, 'audio');
  const said = audio && readMedia(audio, 'audio');
  const images = member(message, 'images');
  const items = Array.isArray(images) ? (images as unknown[]) : [];
  return [...(said === undefined ? [] : [said]), ...items.map(image)];
}

function image(item: unknown): ChatPart {
  const found = typeof item === 'string' ? readMedia({ data: item }, 'image') : isFields(item) ? readMedia(item, 'image') : undefined;
  return found ?? { type: 'unknown', kind: isFields(item) ? (text(item, 'type') ?? 'image') : 'image', raw: item };
} // prettier-ignore
