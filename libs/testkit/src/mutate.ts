/** Words that decoders of each encoding stumble over. */
const TOKENS: Readonly<Record<'json' | 'protobuf', readonly Buffer[]>> = {
  json: [
    '{', '}', '[', ']', ',', ':', '"', '\\', '\\u', '\\ud800', 'null', 'true', '-', '-0', '1e999', '1E-400', '0x10',
    '99999999999999999999999', '1.5', '"NaN"', '"-Infinity"', '"__proto__":', '"constructor":', '"intValue":',
    '"kvlistValue":{"values":', '"arrayValue":{}', '"bytesValue":"=="', '"traceId":"00"', '"kind":"SPAN_KIND_NONE"',
    '"resourceSpans":', '"startTimeUnixNano":-1', ' ', '\n', '\0', '\ufeff', '[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[', '{"a":'.repeat(40),
  ].map((text) => Buffer.from(text)),
  protobuf: [
    // Varints that say too much: lengths and tags beyond the message, 2^63, ten bytes without an end.
    'ffffffff0f', 'ffffffffffffffffff01', 'ffffffffffffffffffff', '80808080808080808000', '00', '0a', '0a00', '12ffffff7f',
    // Groups, fixed types that are cut, field 0, the largest field number, other wire types under known fields.
    '0b', '0c', '0b0b0b0b0b0b0b0b', '09', '0d', '07', '06', 'faffffff0f', '48', '4d', '51',
    // AnyValue in AnyValue.
    '2a0a0a082a060a042a020a00', '32'.repeat(16), '2a'.repeat(64),
  ].map((hex) => Buffer.from(hex, 'hex')),
}; // prettier-ignore

/** A body that is wrong in one to four places; now and then cut off, doubled, or crossed with another one. */
export function mutate(
  body: Buffer,
  other: Buffer,
  encoding: 'json' | 'protobuf',
  random: () => number,
): Buffer {
  const below = (limit: number): number => Math.floor(random() * limit);
  let bytes = Buffer.from(body);
  for (let n = 1 + below(4); n > 0 && bytes.length > 0; n--) {
    const at = below(bytes.length);
    const token = TOKENS[encoding][below(TOKENS[encoding].length)]!;
    switch (below(9)) {
      case 0:
      case 1:
        bytes[at] = bytes[at]! ^ (1 << below(8));
        break;
      case 2:
        bytes[at] = below(256);
        break;
      case 3:
        bytes = bytes.subarray(0, at);
        break;
      case 4:
        bytes = Buffer.concat([bytes.subarray(0, at), token, bytes.subarray(at)]);
        break;
      case 5:
        bytes = Buffer.concat([bytes.subarray(0, at), token, bytes.subarray(at + token.length)]);
        break;
      case 6:
        bytes = Buffer.concat([
          bytes.subarray(0, at),
          bytes.subarray(Math.min(bytes.length, at + below(64))),
        ]);
        break;
      case 7: {
        const to = Math.min(bytes.length, at + below(256));
        bytes = Buffer.concat([bytes.subarray(0, to), bytes.subarray(at, to), bytes.subarray(to)]);
        break;
      }
      default:
        bytes = Buffer.concat([bytes.subarray(0, at), other.subarray(below(other.length + 1))]);
    }
  }
  return bytes;
}
