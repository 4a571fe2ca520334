import { EVENT_KINDS, type EventKind, type TraceEvent } from '@weft/model';

/**
 * The value of a log record: the events of one request for one partition. Little-endian.
 *
 *     version u8 = 1 | events u32 | event × n | payload × n
 *     event: kind u16 | flags u8 | receivedAtUs f64 | payloadBytes u32 | projectId? | id | userId? | note?
 *     string: length u16 (0xffff: u32 follows) | UTF-8
 *
 * A flag says that projectId, userId or note is that of the event before, which is the rule within a request. All
 * payloads stand at the end, so that they are written from, and read into, slices without a copy.
 */
const VERSION = 1;
const HEAD_BYTES = 5;
const FIXED_BYTES = 15;
const SAME_PROJECT = 1;
const SAME_USER = 2;
const SAME_NOTE = 4;
/** Payloads up to this size are copied together: cheaper than a system call's vector entry and a checksum call each. */
const COPY_BYTES = 8192;
const LONG_STRING = 0xffff;

const KIND_BY_NUMBER = new Map<number, EventKind>();
for (const kind of Object.keys(EVENT_KINDS) as EventKind[]) KIND_BY_NUMBER.set(EVENT_KINDS[kind], kind);

const UNKNOWN = 'unknown.';

export interface DecodedRecord {
  readonly events: readonly TraceEvent[];
  /**
   * What this version can't read, for the dead letters. The kind of such an event is not an `EventKind` but
   * `unknown.<number>` (0: the record itself is malformed and the payload is all of it); encoding keeps the number, so a newer version
   * can read it.
   */
  readonly undecodable: readonly { readonly event: TraceEvent; readonly reason: string }[];
}

/** The record's bytes in order. Large payloads are the callers' own buffers, not copies. */
export function encodeRecord(events: readonly TraceEvent[]): Buffer[] {
  let small = HEAD_BYTES;
  for (const event of events) {
    small +=
      FIXED_BYTES +
      24 +
      3 * (event.projectId.length + event.id.length + event.userId.length + event.note.length);
    if (event.payload.length <= COPY_BYTES) small += event.payload.length;
  }
  const buffer = Buffer.allocUnsafe(small);
  let at = writeEvents(buffer, events);
  const chunks: Buffer[] = [];
  let from = 0;
  for (const { payload } of events) {
    if (payload.length <= COPY_BYTES) {
      buffer.set(payload, at);
      at += payload.length;
      continue;
    }
    if (at > from) chunks.push(buffer.subarray(from, at));
    from = at;
    chunks.push(Buffer.from(payload.buffer as ArrayBuffer, payload.byteOffset, payload.length));
  }
  if (at > from) chunks.push(buffer.subarray(from, at));
  return chunks;
}

function writeEvents(buffer: Buffer, events: readonly TraceEvent[]): number {
  buffer[0] = VERSION;
  buffer.writeUInt32LE(events.length, 1);
  let at = HEAD_BYTES;
  let before: TraceEvent | undefined;
  for (const event of events) {
    const flags =
      (before?.projectId === event.projectId ? SAME_PROJECT : 0) |
      (before?.userId === event.userId ? SAME_USER : 0) |
      (before?.note === event.note ? SAME_NOTE : 0);
    buffer.writeUInt16LE(kindNumber(event.kind), at);
    buffer[at + 2] = flags;
    buffer.writeDoubleLE(event.receivedAtUs, at + 3);
    buffer.writeUInt32LE(event.payload.length, at + 11);
    at += FIXED_BYTES;
    if ((flags & SAME_PROJECT) === 0) at = writeString(buffer, event.projectId, at);
    at = writeString(buffer, event.id, at);
    if ((flags & SAME_USER) === 0) at = writeString(buffer, event.userId, at);
    if ((flags & SAME_NOTE) === 0) at = writeString(buffer, event.note, at);
    before = event;
  }
  return at;
}

function kindNumber(kind: string): number {
  const known = (EVENT_KINDS as Record<string, number>)[kind];
  if (known !== undefined) return known;
  if (kind.startsWith(UNKNOWN)) return Number(kind.slice(UNKNOWN.length)) & 0xffff;
  throw new TypeError(`no such event kind: ${kind}`);
}

function writeString(buffer: Buffer, text: string, at: number): number {
  const long = text.length * 3 >= LONG_STRING;
  const start = at + (long ? 6 : 2);
  const length = buffer.write(text, start, 'utf8');
  if (long) {
    buffer.writeUInt16LE(LONG_STRING, at);
    buffer.writeUInt32LE(length, at + 2);
  } else {
    buffer.writeUInt16LE(length, at);
  }
  return start + length;
}

/** Bytes of what `encodeRecord` returned. */
export function sizeOf(chunks: readonly Buffer[]): number {
  let bytes = 0;
  for (const chunk of chunks) bytes += chunk.length;
  return bytes;
}

/** Never throws: what can't be read comes back as `undecodable`. Payloads are slices of `value`, not copies. */
export function decodeRecord(value: Buffer): DecodedRecord {
  try {
    return new RecordReader(value).read();
  } catch (error) {
    const event = { ...EMPTY, kind: unknownKind(0), payload: value };
    return {
      events: [],
      undecodable: [{ event, reason: `undecodable record: ${(error as Error).message}` }],
    };
  }
}

const EMPTY = { projectId: '', id: '', userId: '', receivedAtUs: 0, note: '' };

function unknownKind(number: number): EventKind {
  return `${UNKNOWN}${number}` as EventKind;
}

class RecordReader {
  readonly #value: Buffer;
  #at = HEAD_BYTES;

  constructor(value: Buffer) {
    this.#value = value;
  }

  read(): DecodedRecord {
    const value = this.#value;
    if (value.length < HEAD_BYTES) throw new Error('shorter than its head');
    if (value[0] !== VERSION) throw new Error(`unknown version ${value[0]}`);
    const count = value.readUInt32LE(1);
    if (count === 0 || count * (FIXED_BYTES + 2) > value.length - HEAD_BYTES)
      throw new Error(`says ${count} events in ${value.length} bytes`);
    const heads = this.#readHeads(count);
    const events: TraceEvent[] = [];
    const undecodable: { event: TraceEvent; reason: string }[] = [];
    let at = this.#at;
    for (const { number, payloadBytes, ...rest } of heads) {
      if (at + payloadBytes > value.length) throw new Error('ends within a payload');
      const kind = KIND_BY_NUMBER.get(number);
      const event: TraceEvent = {
        kind: kind ?? unknownKind(number),
        ...rest,
        payload: value.subarray(at, at + payloadBytes),
      };
      at += payloadBytes;
      if (kind === undefined)
        undecodable.push({ event, reason: `unknown event kind ${number}: written by another version` });
      else events.push(event);
    }
    if (at !== value.length) throw new Error(`${value.length - at} bytes too many`);
    return { events, undecodable };
  }

  #readHeads(count: number) {
    const value = this.#value;
    const heads = new Array<typeof EMPTY & { number: number; payloadBytes: number }>(count);
    let before = EMPTY;
    for (let i = 0; i < count; i++) {
      const at = this.#at;
      const number = value.readUInt16LE(at);
      const flags = value[at + 2]!;
      const receivedAtUs = value.readDoubleLE(at + 3);
      const payloadBytes = value.readUInt32LE(at + 11);
      this.#at = at + FIXED_BYTES;
      const projectId = (flags & SAME_PROJECT) === 0 ? this.#readString() : before.projectId;
      const id = this.#readString();
      const userId = (flags & SAME_USER) === 0 ? this.#readString() : before.userId;
      const note = (flags & SAME_NOTE) === 0 ? this.#readString() : before.note;
      heads[i] = { number, projectId, id, userId, receivedAtUs, note, payloadBytes };
      before = heads[i]!;
    }
    return heads;
  }

  #readString(): string {
    let length = this.#value.readUInt16LE(this.#at);
    this.#at += 2;
    if (length === LONG_STRING) {
      length = this.#value.readUInt32LE(this.#at);
      this.#at += 4;
    }
    const end = this.#at + length;
    if (end > this.#value.length) throw new Error('ends within a string');
    const text = this.#value.toString('utf8', this.#at, end);
    this.#at = end;
    return text;
  }
}
