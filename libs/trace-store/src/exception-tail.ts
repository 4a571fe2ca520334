import { ClickHouseError } from '@clickhouse/client';

/** Of the answer; names the text between which a late exception stands. */
export const EXCEPTION_TAG_HEADER = 'x-clickhouse-exception-tag';

/** The server closes the connection behind the text of the exception. */
const MAX_TAIL_BYTES = 64 * 1024;

/**
 * The answer without the exception that ClickHouse (25.11 and later) writes behind the rows when a query fails after the
 * first of them went out: `\r\n__exception__\r\n<tag>\r\nCode: 159. DB::Exception: …`. Read as rows, it would be some.
 * @throws ClickHouseError in its place.
 */
export async function* cutException(
  chunks: AsyncIterable<Buffer>,
  tag: string | undefined,
): AsyncGenerator<Buffer> {
  if (tag === undefined) return yield* chunks;
  const mark = Buffer.from(`\r\n__exception__\r\n${tag}\r\n`);
  let held: Buffer | undefined;
  let tail: Buffer | undefined;
  try {
    for await (const chunk of chunks) {
      if (tail !== undefined) {
        if (tail.length < MAX_TAIL_BYTES) tail = Buffer.concat([tail, chunk]);
        continue;
      }
      const buf: Buffer = held === undefined ? chunk : Buffer.concat([held, chunk]);
      held = undefined;
      const at = buf.indexOf(mark);
      const rows = at < 0 ? buf.length - beginning(buf, mark) : at;
      if (at >= 0) tail = buf.subarray(at + mark.length);
      else if (rows < buf.length) held = buf.subarray(rows);
      if (rows > 0) yield buf.subarray(0, rows);
    }
    if (held !== undefined) yield held;
  } catch (error) {
    // Behind the exception the server breaks the connection.
    if (tail === undefined) throw error;
  }
  if (tail !== undefined) throw parseException(tail.toString('utf8'));
}

/** Bytes at the end of `buf` that the mark may begin with. */
function beginning(buf: Buffer, mark: Buffer): number {
  for (let from = Math.max(0, buf.length - mark.length + 1); ; from++) {
    from = buf.indexOf(mark[0]!, from);
    if (from < 0) return 0;
    const bytes = buf.length - from;
    if (buf.compare(mark, 0, bytes, from) === 0) return bytes;
  }
}

function parseException(text: string): ClickHouseError {
  const [, code = '0', message = text, type = ''] =
    /^Code: (\d+)\. DB::Exception: (.*?)(?:\. \((\w+)\) \(version .*)?$/ms.exec(text) ?? [];
  return new ClickHouseError({ code, message, type });
}
