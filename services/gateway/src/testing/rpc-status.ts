/** google.rpc.Status read by hand: this package has no protobuf of its own. */
export interface ReadStatus {
  readonly code: number;
  readonly message: string;
  /** Type names without their prefix, e.g. `BadRequest`. */
  readonly details: readonly string[];
}

/** @throws Error when `bytes` is no Status with code and message. */
export function readStatus(contentType: string | null, bytes: Buffer): ReadStatus {
  if (contentType === 'application/json') {
    const {
      code,
      message,
      details = [],
      ...rest
    } = JSON.parse(bytes.toString()) as {
      code: number;
      message: string;
      details?: { '@type': string }[];
    };
    if (Object.keys(rest).length > 0) throw new Error(`no Status: ${bytes.toString()}`);
    return { code, message, details: details.map((one) => nameOf(one['@type'])) };
  }
  if (contentType !== 'application/x-protobuf') throw new Error(`an answer of type ${contentType}`);
  const fields = readFields(bytes);
  return {
    code: Number(fields.find(([number]) => number === 1)?.[1]),
    message: String(fields.find(([number]) => number === 2)?.[1]),
    details: fields
      .filter(([number]) => number === 3)
      .map(([, any]) => nameOf(String(readFields(any as Buffer)[0]![1]))),
  };
}

function nameOf(typeUrl: string): string {
  return typeUrl.replace('type.googleapis.com/google.rpc.', '');
}

function readFields(bytes: Buffer): (readonly [number: number, value: number | Buffer])[] {
  const fields: [number, number | Buffer][] = [];
  let at = 0;
  const varint = () => {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = bytes[at++];
      if (byte === undefined) throw new Error('cut off');
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
  };
  while (at < bytes.length) {
    const tag = varint();
    const value = varint();
    if ((tag & 7) === 0) fields.push([tag >> 3, value]);
    else if ((tag & 7) === 2) {
      if (at + value > bytes.length) throw new Error('cut off');
      fields.push([tag >> 3, bytes.subarray(at, (at += value))]);
    } else throw new Error(`wire type ${tag & 7}`);
  }
  return fields;
}
