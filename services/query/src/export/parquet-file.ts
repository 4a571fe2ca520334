import { ByteWriter, ParquetWriter } from 'hyparquet-writer';
import { parseInstant } from '@weft/model';
import type { Cell, ExportColumn } from './cells.ts';
import type { RowFile } from './text-files.ts';

/** Rows are held until there are so many, or so large ones: then they become a row group. */
const GROUP_ROWS = 5000;
const GROUP_BYTES = 4 * 1024 * 1024;

type Value = string | number | bigint | undefined;
type Schema = ConstructorParameters<typeof ParquetWriter>[0]['schema'];

/** Instants with microseconds, figures as doubles, everything else as text: JSON where it is no string. */
export function parquetFile(columns: readonly ExportColumn[]): RowFile {
  const bytes = new ByteWriter();
  const schema: Schema = [
    { name: 'root', num_children: columns.length },
    ...columns.map(({ name, kind }) => ({ name, repetition_type: 'OPTIONAL', ...TYPES[kind] }) as const),
  ];
  // Statistics of texts would collect in the footer.
  const writer = new ParquetWriter({ writer: bytes, schema, statistics: false, createdBy: 'weft' });
  let held: Value[][] = columns.map(() => []);
  let heldBytes = 0;
  const flush = () => {
    if (held[0]!.length === 0) return;
    const columnData = columns.map(({ name }, i) => ({ name, data: held[i]! }));
    void writer.write({ columnData, rowGroupSize: GROUP_ROWS });
    held = columns.map(() => []);
    heldBytes = 0;
  };
  const take = () => {
    const taken = Buffer.from(bytes.getBytes());
    bytes.index = 0;
    return taken;
  };
  return {
    contentType: 'application/vnd.apache.parquet',
    add(row) {
      columns.forEach((column, i) => {
        const cell = column.read(row);
        heldBytes += cell.text?.length ?? 0;
        held[i]!.push(valueOf(column.kind, cell));
      });
      if (held[0]!.length >= GROUP_ROWS || heldBytes >= GROUP_BYTES) flush();
    },
    take,
    end() {
      flush();
      void writer.finish();
      return take();
    },
  };
}

const TYPES = {
  text: { type: 'BYTE_ARRAY', converted_type: 'UTF8' },
  number: { type: 'DOUBLE' },
  instant: { type: 'INT64', converted_type: 'TIMESTAMP_MICROS' },
} as const;

function valueOf(kind: ExportColumn['kind'], { text }: Cell): Value {
  if (text === undefined || kind === 'text') return text;
  if (kind === 'number') return Number(text);
  const us = parseInstant(text);
  return us === undefined ? undefined : BigInt(us);
}
