import { readKeyValue } from './read-values.ts';
import { KeyValues, type OtlpResource, type OtlpScope } from './span.ts';
import { WireReader } from './wire.ts';

/** Given the reader at the item's first byte; where it leaves the reader does not matter. */
export type OnItem = (reader: WireReader, end: number, resource: OtlpResource, scope: OtlpScope) => void;

/**
 * Every span or log record of an export request with its resource and scope: the envelopes of all signals have the same
 * field numbers.
 * @throws AppError `invalid_request` when an envelope cannot be read.
 */
export function readEnvelopes(payload: Uint8Array, onItem: OnItem): void {
  const reader = new WireReader(payload);
  const end = reader.buf.length;
  while (reader.pos < end) {
    const tag = reader.tag(end);
    if (tag === 0x0a) readOfResource(reader, reader.limit(end), onItem);
    else reader.skip(tag, end);
  }
}

/** Resource and schema URL may follow the items, so the envelope is crossed twice. */
function readOfResource(reader: WireReader, end: number, onItem: OnItem): void {
  const from = reader.pos;
  const resource: OtlpResource = { attributes: new KeyValues(), droppedAttributes: 0, schemaUrl: '' };
  while (reader.pos < end) {
    const tag = reader.tag(end);
    if (tag === 0x0a) readResource(reader, reader.limit(end), resource);
    else if (tag === 0x1a) resource.schemaUrl = reader.text(end);
    else reader.skip(tag, end);
  }
  reader.pos = from;
  while (reader.pos < end) {
    const tag = reader.tag(end);
    if (tag === 0x12) readOfScope(reader, reader.limit(end), resource, onItem);
    else reader.skip(tag, end);
  }
}

function readResource(reader: WireReader, end: number, resource: OtlpResource): void {
  while (reader.pos < end) {
    const tag = reader.tag(end);
    if (tag === 0x0a) readKeyValue(reader, reader.limit(end), resource.attributes, 0);
    else if (tag === 0x10) resource.droppedAttributes = reader.varint(end);
    else reader.skip(tag, end);
  }
}

function readOfScope(reader: WireReader, end: number, resource: OtlpResource, onItem: OnItem): void {
  const from = reader.pos;
  const scope: OtlpScope = {
    name: '',
    version: '',
    attributes: new KeyValues(),
    droppedAttributes: 0,
    schemaUrl: '',
  };
  while (reader.pos < end) {
    const tag = reader.tag(end);
    if (tag === 0x0a) readScope(reader, reader.limit(end), scope);
    else if (tag === 0x1a) scope.schemaUrl = reader.text(end);
    else reader.skip(tag, end);
  }
  reader.pos = from;
  while (reader.pos < end) {
    const tag = reader.tag(end);
    if (tag !== 0x12) {
      reader.skip(tag, end);
      continue;
    }
    const itemEnd = reader.limit(end);
    onItem(reader, itemEnd, resource, scope);
    reader.pos = itemEnd;
  }
}

function readScope(reader: WireReader, end: number, scope: OtlpScope): void {
  while (reader.pos < end) {
    const tag = reader.tag(end);
    if (tag === 0x0a) scope.name = reader.text(end);
    else if (tag === 0x12) scope.version = reader.text(end);
    else if (tag === 0x1a) readKeyValue(reader, reader.limit(end), scope.attributes, 0);
    else if (tag === 0x20) scope.droppedAttributes = reader.varint(end);
    else reader.skip(tag, end);
  }
}
