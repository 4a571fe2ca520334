import { fileTypeFromBuffer } from 'file-type';
import { extensionOf } from './extensions.ts';

/** As much as is looked at (https://mimesniff.spec.whatwg.org/ wants 1445). Bytes. */
export const DETECTED_BYTES = 2048;

export interface FileType {
  readonly mimeType: string;
  /** With its dot, or `''`. */
  readonly extension: string;
}

/** W&B's names for what the detector calls otherwise. */
const NAMES = new Map([
  ['application/rtf', 'text/rtf'],
  ['application/x-sqlite3', 'application/vnd.sqlite3'],
  ['application/xml', 'text/xml'],
  ['audio/vnd.wave', 'audio/wav'],
  ['audio/x-wav', 'audio/wav'],
  ['image/x-icon', 'image/vnd.microsoft.icon'],
  ['video/matroska', 'video/x-matroska'],
  ['video/vnd.avi', 'video/x-msvideo'],
]);

/** Told by two bytes or fewer, so that each ten thousandth vector of an embedding would be one. */
const WEAK = new Set([
  'application/x-compress',
  'application/x-msdownload',
  'audio/vnd.dolby.dd-raw',
  'image/jxl',
  'image/x-xcf',
  'video/mp2t',
]);

const PNG = Buffer.from('89504e470d0a1a0a', 'hex');
const UTF8_MARK = '\u00ef\u00bb\u00bf';

/**
 * What bytes are that nobody has named. Undefined for plain text and for what is not known (W&B: `text/plain`,
 * `application/octet-stream`).
 * @param head the first DETECTED_BYTES of them.
 */
export async function detectType(head: Buffer): Promise<FileType | undefined> {
  // The detector goes through a PNG's chunks, which may go on behind the head.
  if (head.indexOf(PNG) === 0) return typeOf('image/png');
  const found = markupOf(head) ?? (await byMagicNumber(head));
  if (found === undefined || WEAK.has(found.mimeType) || !isPlausible(found.mimeType, head)) return undefined;
  return found;
}

async function byMagicNumber(head: Buffer): Promise<FileType | undefined> {
  try {
    const found = await fileTypeFromBuffer(head);
    if (found === undefined) return undefined;
    const [said = ''] = found.mime.split(';');
    const mimeType = NAMES.get(said) ?? said;
    return { mimeType, extension: extensionOf(mimeType) || `.${found.ext}` };
  } catch {
    // Cut off, or made to be unreadable: then it is not known.
    return undefined;
  }
}

function markupOf(head: Buffer): FileType | undefined {
  const text = head.toString('latin1');
  const start = (text.startsWith(UTF8_MARK) ? text.slice(UTF8_MARK.length) : text).trimStart().toLowerCase();
  const isSvg = start.startsWith('<svg') || (start.startsWith('<?xml') && start.includes('<svg'));
  if (isSvg) return typeOf('image/svg+xml');
  return start.startsWith('<!doctype html') || start.startsWith('<html') ? typeOf('text/html') : undefined;
}

function typeOf(mimeType: string): FileType {
  return { mimeType, extension: extensionOf(mimeType) };
}

function isPlausible(mimeType: string, head: Buffer): boolean {
  switch (mimeType) {
    case 'image/bmp':
      return head.readUInt32LE(6) === 0 && BITMAP_HEADERS.has(head.readUInt32LE(14));
    case 'audio/mpeg':
      return head.toString('latin1', 0, 3) === 'ID3' || hasSecondFrame(head, mpegFrameBytes(head));
    case 'audio/aac':
      return hasSecondFrame(head, adtsFrameBytes(head));
    default:
      return true;
  }
}

/** Sizes of the header behind the first 14 bytes. */
const BITMAP_HEADERS = new Set([12, 40, 52, 56, 64, 108, 124]);

/** Frames of sound follow each other: where the first ends the next begins alike. */
function hasSecondFrame(head: Buffer, at: number | undefined): boolean {
  return at !== undefined && at + 1 < head.length && head[at] === head[0] && head[at + 1] === head[1];
}

/** Of layers I to III, by version bit and layer: kbit/s, from index 1 on. */
const KBITS: Readonly<Record<string, readonly number[]>> = {
  '1-3': [32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448],
  '1-2': [32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384],
  '1-1': [32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320],
  '2-3': [32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256],
  '2-2': [8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160],
  '2-1': [8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160],
};
const HERTZ = [44_100, 48_000, 32_000];

/** ISO/IEC 11172-3, 2.4.1.3: how long the first frame is; undefined where the header is none. */
function mpegFrameBytes(head: Buffer): number | undefined {
  const version = (head[1]! >> 3) & 3; // 3 = 1, 2 = 2, 0 = 2.5
  const layer = (head[1]! >> 1) & 3; // 3 = I, 2 = II, 1 = III
  const kbits = KBITS[`${version === 3 ? 1 : 2}-${layer}`]?.[(head[2]! >> 4) - 1];
  const hertz = HERTZ[(head[2]! >> 2) & 3];
  if (version === 1 || kbits === undefined || hertz === undefined) return undefined;
  const rate = version === 3 ? hertz : version === 2 ? hertz / 2 : hertz / 4;
  const isPadded = (head[2]! >> 1) & 1;
  if (layer === 3) return (Math.floor((12_000 * kbits) / rate) + isPadded) * 4;
  const perFrame = layer === 1 && version !== 3 ? 72_000 : 144_000;
  return Math.floor((perFrame * kbits) / rate) + isPadded;
}

/** ISO/IEC 13818-7, 6.2. */
function adtsFrameBytes(head: Buffer): number | undefined {
  const length = ((head[3]! & 3) << 11) | (head[4]! << 3) | (head[5]! >> 5);
  return length < 7 ? undefined : length;
}
