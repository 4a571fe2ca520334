import { createHash } from 'node:crypto';
import { asBuffer, type Span } from '@weft/model';
import { createTurns } from '@weft/runtime';
import { decodeBase64, decodeHead, type Rest } from './base64.ts';
import { candidates, MIN_CHARS } from './candidates.ts';
import { contentObject, type Content, type Spelling } from './content-object.ts';
import { parseDataUri } from './data-uri.ts';
import { DETECTED_BYTES, detectType, type FileType } from './detect-type.ts';
import { extensionOf } from './extensions.ts';
import { asciiText } from './text.ts';

/** More of them in one payload stay in it. */
export const MAX_CONTENTS = 1000;
/** Characters hashed in one turn. */
const HASHED_CHARS = 256 * 1024;

/** One thing found in JSON. */
export interface FoundContent {
  /** The string literals that have it, quotes included, ascending. */
  readonly spans: readonly Span[];
  /** Of the text and the project, short: what `known` is asked for. */
  readonly key: string;
  readonly ref: string;
  /** Undefined where `known` had the ref. */
  readonly content: Content | undefined;
}

export interface FindContentOptions {
  readonly projectId: string;
  /** Bounds of the one value of `json` that is looked at. Default: all of it. */
  readonly within?: Span;
  /** The ref of a text that was found before; spares its decoding. */
  readonly known?: (key: string) => string | undefined;
}

/**
 * Media in string values of checked JSON: base64 and data URIs of more than MIN_CHARS characters, as W&B recognises them
 * (base64_content_conversion.py). Bare base64 of plain text or of unknown bytes is none. A pure function of its input: the
 * same text in the same project is always the same object. Never fails, whatever the JSON holds; rests for other work.
 */
export async function findContent(
  json: Uint8Array,
  { projectId, within, known }: FindContentOptions,
): Promise<FoundContent[]> {
  const spans = candidates(json, within?.start, within?.end);
  if (spans.length === 0) return [];
  const rest = createTurns();
  const found = new Map<string, FoundContent & { spans: Span[] }>();
  let count = 0;
  for (const span of spans) {
    const text = await asciiText(json, span, rest);
    if (text === undefined || text.length <= MIN_CHARS) continue;
    const described = await describe(text);
    if (described === undefined) continue;
    const key = await keyOf(projectId, text, rest);
    const before = found.get(key);
    const ref = before?.ref ?? known?.(key);
    const content = ref === undefined ? await toContent(projectId, described, rest) : undefined;
    if (ref === undefined && content === undefined) continue;
    if (before === undefined) found.set(key, { key, ref: ref ?? content!.ref, content, spans: [span] });
    else before.spans.push(span);
    if (++count === MAX_CONTENTS) break;
  }
  return [...found.values()];
}

/** `json` with refs in place of what was found; the same object when nothing was. All other bytes stay. */
export function withRefs(
  json: Uint8Array,
  found: readonly Pick<FoundContent, 'spans' | 'ref'>[],
): Uint8Array {
  if (found.length === 0) return json;
  const places = found
    .flatMap(({ spans, ref }) => spans.map((span) => ({ span, ref })))
    .sort((a, b) => a.span.start - b.span.start);
  const buf = asBuffer(json);
  const parts: Uint8Array[] = [];
  let from = 0;
  for (const { span, ref } of places) {
    parts.push(buf.subarray(from, span.start), Buffer.from(JSON.stringify(ref)));
    from = span.end;
  }
  parts.push(buf.subarray(from));
  return Buffer.concat(parts);
}

/** What a text says to be, by its beginning. */
interface Described {
  readonly base64: Buffer;
  readonly type: FileType;
  readonly spelling: Spelling;
}

async function describe(text: Buffer): Promise<Described | undefined> {
  const uri = parseDataUri(text);
  const base64 = uri?.base64 ?? text;
  const head = decodeHead(base64, DETECTED_BYTES);
  if (head === undefined) return undefined;
  if (uri === undefined) {
    const type = await detectType(head);
    return type && { base64, type, spelling: 'base64' };
  }
  const { mimeType } = uri;
  return { base64, type: { mimeType, extension: extensionOf(mimeType) }, spelling: 'data_url:base64' };
}

async function keyOf(projectId: string, text: Buffer, rest: Rest): Promise<string> {
  const hash = createHash('sha256').update(`${projectId}\0`);
  for (let at = 0; at < text.length; at += HASHED_CHARS) {
    hash.update(text.subarray(at, at + HASHED_CHARS));
    const pause = rest();
    if (pause !== undefined) await pause;
  }
  return hash.digest('base64url');
}

async function toContent(
  projectId: string,
  { base64, type, spelling }: Described,
  rest: Rest,
): Promise<Content | undefined> {
  const decoded = await decodeBase64(base64, spelling === 'base64' ? 2 : Infinity, rest);
  return decoded && contentObject(projectId, decoded, type, spelling);
}
