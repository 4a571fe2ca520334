/** The reflected polynomial of CRC-32C (Castagnoli): https://www.rfc-editor.org/rfc/rfc3720#appendix-B.4 */
const POLYNOMIAL = 0x82f63b78;

/** Eight tables of 256: entry `256 * n + byte` is what `byte` does to the checksum n bytes later. */
const TABLES = makeTables();

function makeTables(): Int32Array {
  const tables = new Int32Array(8 * 256);
  for (let byte = 0; byte < 256; byte++) {
    let crc = byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? POLYNOMIAL : 0);
    tables[byte] = crc;
  }
  for (let at = 256; at < tables.length; at++) {
    const before = tables[at - 256]!;
    tables[at] = tables[before & 0xff]! ^ (before >>> 8);
  }
  return tables;
}

/**
 * The checksum that GCS keeps of every object. Eight bytes at a step ("slicing by 8"): the vendor's class takes one, which
 * costs more time than sending does.
 */
export class Crc32c {
  #crc = -1;

  update(bytes: Uint8Array): this {
    const t = TABLES;
    const end = bytes.length - (bytes.length % 8);
    let crc = this.#crc;
    let at = 0;
    for (; at < end; at += 8) {
      crc ^= bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24);
      crc =
        t[1792 + (crc & 0xff)]! ^
        t[1536 + ((crc >>> 8) & 0xff)]! ^
        t[1280 + ((crc >>> 16) & 0xff)]! ^
        t[1024 + (crc >>> 24)]! ^
        t[768 + bytes[at + 4]!]! ^
        t[512 + bytes[at + 5]!]! ^
        t[256 + bytes[at + 6]!]! ^
        t[bytes[at + 7]!]!;
    }
    for (; at < bytes.length; at++) crc = t[(crc ^ bytes[at]!) & 0xff]! ^ (crc >>> 8);
    this.#crc = crc;
    return this;
  }

  /** Of what has come so far, in base64 of its four bytes, as GCS writes it. */
  digest(): string {
    const bytes = Buffer.alloc(4);
    bytes.writeInt32BE(~this.#crc);
    return bytes.toString('base64');
  }
}
