import { AppError } from '@weft/model';
import type protobuf from 'protobufjs/minimal.js';
import { halves } from './int64.ts';
import { MAX_DEPTH } from './wire.ts';

/* Single fields of OTLP/JSON messages, written as protobuf; tags are given with their wire type. */

export type Json = Record<string, unknown>;
export type Writer = protobuf.Writer;

/** A KeyValue list, or leniently a plain object of plain values. */
export function writeAttributes(writer: Writer, tag: number, value: unknown): void {
  if (absent(value)) return;
  if (Array.isArray(value)) {
    for (const item of value) {
      const pair = object(item, 'attribute');
      writer.uint32(tag).fork();
      writeText(writer, 0x0a, pair['key']);
      if (!absent(pair['value'])) {
        writer.uint32(0x12).fork();
        writeAnyValue(writer, pair['value'], 1);
        writer.ldelim();
      }
      writer.ldelim();
    }
    return;
  }
  for (const [key, plain] of Object.entries(object(value, 'attributes'))) {
    writer.uint32(tag).fork();
    writeText(writer, 0x0a, key);
    writer.uint32(0x12).fork();
    if (isAnyValue(plain)) writeAnyValue(writer, plain, 1);
    else writePlain(writer, plain, 1);
    writer.ldelim();
    writer.ldelim();
  }
}

/** An AnyValue, or leniently a plain JSON value. */
export function writeBody(writer: Writer, tag: number, value: unknown): void {
  writer.uint32(tag).fork();
  if (isAnyValue(value)) writeAnyValue(writer, value, 1);
  else if (!isEmptyObject(value)) writePlain(writer, value, 1);
  writer.ldelim();
}

/** An AnyValue that has no value. */
function isEmptyObject(value: unknown): boolean {
  return (
    typeof value === 'object' && value !== null && Object.keys(value).length === 0 && !Array.isArray(value)
  );
}

const ANY_VALUE = /^(?:string|bool|int|double|array|kvlist|bytes)Value$/;

function isAnyValue(value: unknown): boolean {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  const keys = Object.keys(value);
  return keys.length === 1 && ANY_VALUE.test(keys[0]!);
}

function writeAnyValue(writer: Writer, value: unknown, depth: number): void {
  if (depth > MAX_DEPTH) throw invalid(`values nested deeper than ${MAX_DEPTH}`);
  if (typeof value !== 'object' || Array.isArray(value)) return writePlain(writer, value, depth);
  const any = value as Json;
  const { stringValue, boolValue, intValue, doubleValue, arrayValue, kvlistValue, bytesValue } = any;
  if (!absent(stringValue))
    writer.uint32(0x0a).string(typeof stringValue === 'string' ? stringValue : String(stringValue));
  else if (!absent(boolValue)) writer.uint32(0x10).bool(boolValue === true || boolValue === 'true');
  else if (!absent(intValue)) writeInt(writer, intValue);
  else if (!absent(doubleValue)) writeDouble(writer, doubleValue);
  else if (!absent(bytesValue)) writer.uint32(0x3a).bytes(Buffer.from(String(bytesValue), 'base64'));
  else if (!absent(arrayValue)) {
    writer.uint32(0x2a).fork();
    const values = Array.isArray(arrayValue)
      ? arrayValue
      : list((arrayValue as Json)['values'], 'arrayValue.values');
    for (const item of values) {
      writer.uint32(0x0a).fork();
      if (!absent(item)) writeAnyValue(writer, item, depth + 1);
      writer.ldelim();
    }
    writer.ldelim();
  } else if (!absent(kvlistValue)) writeKeyValueList(writer, kvlistValue as Json, depth);
}

function writeKeyValueList(writer: Writer, kvlist: Json, depth: number): void {
  writer.uint32(0x32).fork();
  for (const item of list(kvlist['values'], 'kvlistValue.values')) {
    const pair = object(item, 'kvlistValue');
    writer.uint32(0x0a).fork();
    writeText(writer, 0x0a, pair['key']);
    if (!absent(pair['value'])) {
      writer.uint32(0x12).fork();
      writeAnyValue(writer, pair['value'], depth + 1);
      writer.ldelim();
    }
    writer.ldelim();
  }
  writer.ldelim();
}

/** A plain JSON value where an AnyValue belongs. */
function writePlain(writer: Writer, value: unknown, depth: number): void {
  if (depth > MAX_DEPTH) throw invalid(`values nested deeper than ${MAX_DEPTH}`);
  if (typeof value === 'string') writer.uint32(0x0a).string(value);
  else if (typeof value === 'boolean') writer.uint32(0x10).bool(value);
  else if (typeof value === 'number') {
    if (Number.isSafeInteger(value)) writeInt(writer, value);
    else writeDouble(writer, value);
  } else if (Array.isArray(value)) {
    writer.uint32(0x2a).fork();
    for (const item of value) {
      writer.uint32(0x0a).fork();
      writePlain(writer, item, depth + 1);
      writer.ldelim();
    }
    writer.ldelim();
  } else if (typeof value === 'object' && value !== null) {
    writer.uint32(0x32).fork();
    for (const [key, item] of Object.entries(value)) {
      writer.uint32(0x0a).fork();
      writeText(writer, 0x0a, key);
      writer.uint32(0x12).fork();
      writePlain(writer, item, depth + 1);
      writer.ldelim();
      writer.ldelim();
    }
    writer.ldelim();
  }
}

/** What is no 64-bit int is kept as the text it is. */
function writeInt(writer: Writer, value: unknown): void {
  const text = String(value).trim();
  const int = /^[+-]?\d{1,20}$/.test(text) ? BigInt(text.replace(/^\+/, '')) : null;
  if (int === null || int < -(2n ** 63n) || int >= 2n ** 63n) {
    const number = typeof value === 'number' ? value : NaN;
    if (Number.isFinite(number)) writeDouble(writer, number);
    else writer.uint32(0x0a).string(text);
  } else writer.uint32(0x18).int64(halves(int) as never);
}

function writeDouble(writer: Writer, value: unknown): void {
  const number = Number(value);
  if (Number.isNaN(number) && value !== 'NaN') writer.uint32(0x0a).string(String(value));
  else writer.uint32(0x21).double(number);
}

export function writeNanos(writer: Writer, tag: number, value: unknown): void {
  if (absent(value)) return;
  const text = String(value).trim();
  const nanos = /^\d{1,20}$/.test(text)
    ? BigInt(text)
    : typeof value === 'number' && value >= 0
      ? BigInt(Math.trunc(value))
      : null;
  if (nanos === null || nanos >= 2n ** 64n) throw invalid('a time is not a number of nanoseconds');
  writer.uint32(tag).fixed64(halves(nanos) as never);
}

/**
 * Hex, or the base64 that generic protobuf printers make (24 characters for 16 bytes, 12 for 8). Anything else is
 * written as it is, of a wrong length, so that it is reported as an invalid id.
 */
export function writeId(writer: Writer, tag: number, value: unknown, sizeBytes: number): void {
  if (absent(value) || value === '') return;
  const text = typeof value === 'string' ? value : String(value);
  if (/^(?:[0-9a-fA-F]{2})+$/.test(text)) {
    writer.uint32(tag).bytes(Buffer.from(text.slice(0, 128), 'hex'));
    return;
  }
  const bytes = Buffer.from(text.slice(0, 128), 'base64');
  const isBase64 = bytes.length === sizeBytes && /^[A-Za-z0-9+/_-]+={0,2}$/.test(text);
  writer.uint32(tag).bytes(isBase64 ? bytes : Buffer.from(text.slice(0, 6)));
}

export function writeEnum(writer: Writer, tag: number, value: unknown, names: readonly string[]): void {
  if (absent(value)) return;
  let number = Number(value);
  if (typeof value === 'string' && Number.isNaN(number)) {
    number = names.indexOf(value.toUpperCase().replace(/^(?:SPAN_KIND|STATUS_CODE|SEVERITY_NUMBER)_/, ''));
  }
  if (Number.isInteger(number) && number > 0 && number <= 0x7fffffff) writer.uint32(tag).int32(number);
}

export function writeText(writer: Writer, tag: number, value: unknown): void {
  if (absent(value) || value === '') return;
  writer.uint32(tag).string(typeof value === 'string' ? value : JSON.stringify(value));
}

export function writeUint32(writer: Writer, tag: number, value: unknown): void {
  const number = Number(value);
  if (Number.isInteger(number) && number > 0) writer.uint32(tag).uint32(Math.min(number, 0xffffffff));
}

export function writeFixed32(writer: Writer, tag: number, value: unknown): void {
  const number = Number(value);
  if (Number.isInteger(number) && number > 0) writer.uint32(tag).fixed32(Math.min(number, 0xffffffff));
}

export function absent(value: unknown): value is null | undefined {
  return value === undefined || value === null;
}

export function list(value: unknown, path: string): unknown[] {
  if (absent(value)) return [];
  if (!Array.isArray(value)) throw invalid(`${path}: expected an array`);
  return value;
}

export function object(value: unknown, path: string): Json {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw invalid(`${path}: expected an object`);
  return value as Json;
}

function invalid(message: string): AppError {
  return new AppError('invalid_request', message);
}
