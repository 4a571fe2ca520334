import type { ClickHouse } from '../clickhouse.ts';
import { insertRows, type Refused, type Table } from '../insert.ts';
import { column } from '../native.ts';
import type { FileWrite } from '../trace-store.ts';

/** Bytes of a file in one row: large enough for few rows, not so large that a merge needs much memory. */
export const FILE_CHUNK_BYTES = 1024 * 1024;

/** `chunk_index` of the row that says where the bytes are: chunks that are there too stay as they are. */
const BLOB_INDEX = 0xffff_ffff;

const NO_BYTES = new Uint8Array(0);

interface FileRow {
  readonly file: FileWrite;
  /** Place of the file in the batch. */
  readonly fileIndex: number;
  readonly index: number;
  readonly count: number;
}

const FILES: Table<FileRow> = {
  name: 'files',
  columns: [
    column.text('project_id', (r) => r.file.projectId),
    column.text('digest', (r) => r.file.digest),
    column.uint32('chunk_index', (r) => r.index),
    column.uint32('chunk_count', (r) => r.count),
    column.text('name', (r) => r.file.name),
    column.bytes('bytes', (r) => bytesOf(r)),
    column.instant('created_at', (r) => r.file.createdAtUs),
    column.text('uri', (r) => r.file.blob?.uri ?? ''),
    column.uint64('size_bytes', (r) => r.file.blob?.sizeBytes ?? 0),
  ],
  estimateBytes: (r) => 256 + bytesOf(r).length,
};

export async function writeFiles(db: ClickHouse, files: readonly FileWrite[]): Promise<Refused[]> {
  const rows = files.flatMap((file, fileIndex): FileRow[] => {
    if (file.bytes === undefined) return [{ file, fileIndex, index: BLOB_INDEX, count: 0 }];
    const count = Math.max(1, Math.ceil(file.bytes.length / FILE_CHUNK_BYTES));
    return Array.from({ length: count }, (_, index) => ({ file, fileIndex, index, count }));
  });
  const refused = await insertRows(db, FILES, rows);
  return refused.map(({ index, reason }) => ({ index: rows[index]!.fileIndex, reason }));
}

function bytesOf({ file, index }: FileRow): Uint8Array {
  return file.bytes?.subarray(index * FILE_CHUNK_BYTES, (index + 1) * FILE_CHUNK_BYTES) ?? NO_BYTES;
}
