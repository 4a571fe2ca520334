import { asBuffer, parseRef, type Ref } from '@weft/model';
import type { Arguments } from '../arguments.ts';
import { valueAt } from '../scorer-object.ts';
import type { MediaSettings } from './media.ts';
import { MAX_MEDIA, MAX_MEDIA_CHARS, MAX_MEDIUM_BYTES, TOO_MUCH } from './media-bounds.ts';
import { mapPlaces } from './media-places.ts';
import { mediaFilesOf, mediaRefOf, type MediaFiles, type MediaRef } from './media-ref.ts';
import type { LeftOutMedium, MediaKind, MediaSource, ReadMedia, ReadMedium, Unread } from './media-source.ts';

/** Refs that are looked at; most lead to no medium. */
const MAX_REFS = 100;
/** Of an object that a medium may be in. */
const MAX_OBJECT_BYTES = 1024 * 1024;
const MAX_METADATA_BYTES = 64 * 1024;

const WHY: Readonly<Record<Unread, string>> = {
  missing: 'it is not there',
  gone: 'it is not there',
  too_large: TOO_MUCH,
};
const MIME_TYPE = /^(image|audio|video)\/[\w.+-]{1,100}$/;

/** Media of the kinds that are asked for, which the variables refer to. @throws what `source` throws */
export async function readMedia(
  variables: Arguments,
  settings: MediaSettings,
  source: MediaSource,
): Promise<ReadMedia> {
  const refs = new Map<string, MediaRef>();
  mapPlaces(variables, settings.paths, (value) => {
    const ref = mediaRefOf(value);
    if (ref !== undefined && (ref.as === undefined || settings[ref.as]) && refs.size < MAX_REFS)
      refs.set(ref.key, ref);
    return ref?.key;
  });
  const reading = new Reading(settings, source);
  const found = new Map<string, ReadMedium | LeftOutMedium>();
  for (const ref of refs.values()) {
    const medium = await reading.medium(ref);
    if (medium !== undefined) found.set(ref.key, medium);
  }
  return { found, isMissing: reading.isMissing };
}

/** Of one target, one after the other: together they are bounded. */
class Reading {
  isMissing = false;
  private readonly settings: MediaSettings;
  private readonly source: MediaSource;
  /** By digest. */
  private readonly read = new Map<string, Pick<ReadMedium, 'base64'>>();
  private chars = 0;

  constructor(settings: MediaSettings, source: MediaSource) {
    this.settings = settings;
    this.source = source;
  }

  /** Undefined: what it leads to is not known, no medium or of a kind that is not asked for. */
  async medium({ at, as }: MediaRef): Promise<ReadMedium | LeftOutMedium | undefined> {
    const leftOut = (why: Unread) => as && { kind: as, leftOut: WHY[why] };
    const files = 'ref' in at ? await this.filesAt(at.ref) : at;
    if (typeof files === 'string') return leftOut(files);
    const mimeType = await this.mimeTypeOf(files);
    if (mimeType === undefined) return leftOut('gone');
    const kind = kindAt(mimeType, as);
    if (kind === undefined || !this.settings[kind]) return leftOut('gone');
    const read = await this.bytesOf(files.digest);
    return typeof read === 'string' ? { kind, leftOut: WHY[read] } : { kind, mimeType, ...read };
  }

  private async filesAt(text: string): Promise<MediaFiles | Unread> {
    const ref = parsed(text);
    if (ref?.kind !== 'object' || ref.projectId !== this.source.projectId) return 'gone';
    const val = this.told(await this.source.readObject(ref.name, ref.version, MAX_OBJECT_BYTES));
    if (typeof val === 'string') return val;
    return mediaFilesOf(valueAt(jsonOf(val), ref.extra)) ?? 'gone';
  }

  private async mimeTypeOf({ type }: MediaFiles): Promise<string | undefined> {
    if ('mimeType' in type) return type.mimeType;
    const metadata = this.told(await this.source.readFile(type.metadata, MAX_METADATA_BYTES));
    if (typeof metadata === 'string') return undefined;
    const { mimetype } = (jsonOf(metadata) ?? {}) as { readonly mimetype?: unknown };
    return typeof mimetype === 'string' ? mimetype.split(';')[0]!.trim().toLowerCase() : undefined;
  }

  private async bytesOf(digest: string): Promise<Pick<ReadMedium, 'base64'> | Unread> {
    const before = this.read.get(digest);
    if (before !== undefined) return before;
    if (this.read.size >= MAX_MEDIA) return 'too_large';
    const room = Math.floor(((MAX_MEDIA_CHARS - this.chars) * 3) / 4);
    const bytes = this.told(await this.source.readFile(digest, Math.min(MAX_MEDIUM_BYTES, room)));
    if (typeof bytes === 'string') return bytes;
    if (bytes.length === 0) return 'gone';
    const medium = { base64: asBuffer(bytes).toString('base64') };
    this.chars += medium.base64.length;
    this.read.set(digest, medium);
    return medium;
  }

  private told(read: Uint8Array | Unread): Uint8Array | Unread {
    if (read === 'missing') this.isMissing = true;
    return read;
  }
}

/** Sound is recorded in files of films too (WebM, MP4): the part of a message tells. */
function kindAt(mimeType: string, as: MediaKind | undefined): MediaKind | undefined {
  const [, kind] = MIME_TYPE.exec(mimeType) ?? [];
  const isAsSaid = as === undefined || kind === as || (as === 'audio' && kind === 'video');
  return isAsSaid ? (as ?? (kind as MediaKind | undefined)) : undefined;
}

function parsed(text: string): Ref | undefined {
  try {
    return parseRef(text);
  } catch {
    return undefined;
  }
}

function jsonOf(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(asBuffer(bytes).toString('utf8')) as unknown;
  } catch {
    return undefined;
  }
}
