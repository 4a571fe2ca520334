import { asBuffer, JsonScanner, REF_SCHEME } from '@weft/model';
import { parseFieldPath, type PathPart } from '@weft/query-language';
import type { CallPayload, StoredCall, TraceReader } from '@weft/trace-store';
import { RefValues } from './ref-values.ts';

/** Payloads of a call as they are shown instead of the stored ones. */
export type Shown = Partial<Record<CallPayload, Uint8Array>>;

interface ExpandColumn {
  readonly payload: CallPayload;
  readonly parts: readonly PathPart[];
}

const PAYLOADS: readonly string[] = ['attributes', 'inputs', 'output', 'summary'];
/** Calls whose refs are read together. */
const CALLS_AT_ONCE = 100;
/** Payloads with expanded values that are in memory together; one call's may be more. */
const MAX_SHOWN_BYTES = 32 * 1024 * 1024;

/**
 * `expand_columns` (weave-api §7.8): a ref at one of the paths is replaced by its value, an object with its ref in `_ref`.
 * Shorter paths come first, so that a ref within what was put there can be replaced too. Where there is no ref, or nothing
 * behind it, everything stays as it is.
 */
export class Expander {
  private readonly levels: readonly (readonly ExpandColumn[])[];
  private readonly values: RefValues;

  constructor(
    reader: Pick<TraceReader, 'statObjects' | 'readValues' | 'tableRows'>,
    projectId: string,
    paths: readonly string[],
  ) {
    this.values = new RefValues(reader, projectId);
    this.levels = levelsOf(paths);
  }

  /** The calls in their order, each with what is shown of it; in pieces that memory holds. */
  async *expand(calls: readonly StoredCall[]): AsyncGenerator<(readonly [StoredCall, Shown])[]> {
    let size = CALLS_AT_ONCE;
    for (let from = 0; from < calls.length;) {
      const piece = calls.slice(from, from + size);
      const shown = await this.expandPiece(piece);
      if (shown === undefined) {
        size = Math.max(1, size >> 2);
        continue;
      }
      from += piece.length;
      yield shown;
    }
  }

  /** Undefined: they are too large together. */
  private async expandPiece(calls: readonly StoredCall[]) {
    const shown = calls.map((call) => [call, {} as Shown] as const);
    let bytes = 0;
    for (const level of this.levels) {
      const places = shown.flatMap(([call, own]) => placesOf(call, own, level));
      const values = await this.values.of(places.map((place) => place.ref));
      for (const { own, payload, edits } of groupByPayload(places, values)) {
        const before = own[payload]?.length ?? 0;
        own[payload] = splice(edits[0]!.json, edits);
        bytes += own[payload].length - before;
        if (bytes > MAX_SHOWN_BYTES && calls.length > 1) return undefined;
      }
    }
    return shown;
  }
}

function levelsOf(paths: readonly string[]): ExpandColumn[][] {
  const columns = [...new Set(paths)].flatMap((path): ExpandColumn[] => {
    const [payload, ...parts] = parseFieldPath(path);
    return PAYLOADS.includes(payload!.key) ? [{ payload: payload!.key as CallPayload, parts }] : [];
  });
  const depths = [...new Set(columns.map(({ parts }) => parts.length))].sort((a, b) => a - b);
  return depths.map((depth) => columns.filter(({ parts }) => parts.length === depth));
}

/** A ref inside a payload: `at` is the value's bytes within `json`. */
interface RefPlace {
  readonly own: Shown;
  readonly payload: CallPayload;
  readonly json: Buffer;
  readonly at: Buffer;
  readonly ref: string;
}

function placesOf(call: StoredCall, own: Shown, columns: readonly ExpandColumn[]): RefPlace[] {
  return columns.flatMap(({ payload, parts }) => {
    // Of stubs nothing is looked for.
    if (call.claims.some(({ column }) => column === payload)) return [];
    const json = asBuffer(own[payload] ?? call[payload]);
    const at = json.length === 0 ? null : valueAt(json, parts);
    const ref = at === null ? undefined : refIn(at);
    return ref === undefined ? [] : [{ own, payload, json, at: at!, ref }];
  });
}

function valueAt(json: Buffer, parts: readonly PathPart[]): Buffer | null {
  let value: Buffer | null = json;
  for (const part of parts) value = value === null ? null : memberOf(value, part);
  return value;
}

const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const OPEN_BRACKET = 0x5b;
const QUOTE = 0x22;
/** Longer texts are no refs. */
const MAX_REF_BYTES = 4096;

/** The member of an object, of duplicates the last, or the element of a list. */
function memberOf(json: Buffer, { key, index }: PathPart): Buffer | null {
  const scanner = new JsonScanner(json);
  const from = scanner.ws(0);
  let found: Buffer | null = null;
  if (json[from] === OPEN_BRACE) {
    scanner.members(from, (name, start, end) => {
      if (name === key) found = json.subarray(start, end);
    });
  } else if (json[from] === OPEN_BRACKET && index !== undefined) {
    let i = 0;
    scanner.elements(from, (start, end) => {
      if (i++ === index) found = json.subarray(start, end);
    });
  }
  return found;
}

/** The ref that the JSON value is, if it is a string with one. */
function refIn(json: Buffer): string | undefined {
  if (json[0] !== QUOTE || json.length > MAX_REF_BYTES) return undefined;
  const text = new JsonScanner(json).stringValue(0, json.length);
  return text.startsWith(REF_SCHEME) ? text : undefined;
}

interface Edit {
  readonly json: Buffer;
  readonly start: number;
  readonly end: number;
  readonly value: Buffer;
}

interface Group {
  readonly own: Shown;
  readonly payload: CallPayload;
  readonly edits: Edit[];
}

function groupByPayload(places: readonly RefPlace[], values: ReadonlyMap<string, Uint8Array>): Group[] {
  const groups: Group[] = [];
  for (const { own, payload, json, at, ref } of places) {
    const value = values.get(ref);
    if (value === undefined || isNull(value)) continue;
    const start = at.byteOffset - json.byteOffset;
    const edit = { json, start, end: start + at.length, value: withRef(asBuffer(value), ref) };
    // Those of one call come one after the other.
    const group = groups.findLast((each) => each.own === own && each.payload === payload);
    if (group === undefined) groups.push({ own, payload, edits: [edit] });
    else group.edits.push(edit);
  }
  return groups;
}

function splice(json: Buffer, edits: readonly Edit[]): Buffer {
  const pieces: Buffer[] = [];
  let from = 0;
  for (const { start, end, value } of [...edits].sort((a, b) => a.start - b.start)) {
    pieces.push(json.subarray(from, start), value);
    from = end;
  }
  return Buffer.concat([...pieces, json.subarray(from)]);
}

const NULL = Buffer.from('null');

function isNull(value: Uint8Array): boolean {
  return NULL.equals(value);
}

/** An object says where it came from, unless it does already. */
function withRef(value: Buffer, ref: string): Buffer {
  if (value[0] !== OPEN_BRACE || memberOf(value, { key: '_ref' }) !== null) return value;
  const close = value.lastIndexOf(CLOSE_BRACE);
  const isEmpty = value.toString('latin1', 1, close).trim() === '';
  return Buffer.concat([
    value.subarray(0, close),
    Buffer.from(`${isEmpty ? '' : ','}"_ref":${JSON.stringify(ref)}`),
    value.subarray(close),
  ]);
}
