import type { Cell, ExportColumn } from './cells.ts';

/** Rows of a file, as bytes. What was begun is ended by `end`. */
export interface RowFile {
  readonly contentType: string;
  add(row: Uint8Array): void;
  /** What there is so far; the file keeps none of it. */
  take(): Buffer;
  end(): Buffer;
}

/** RFC 4180. A sheet program runs what begins like a formula, so texts that do get an apostrophe before them. */
export function csvFile(columns: readonly ExportColumn[]): RowFile {
  const out: string[] = [columns.map(({ name }) => quoted(harmless(name))).join(','), '\r\n'];
  return {
    contentType: 'text/csv; charset=utf-8',
    add(row) {
      out.push(columns.map((column) => csvCell(column.read(row))).join(','), '\r\n');
    },
    take: () => Buffer.from(out.splice(0).join('')),
    end: () => Buffer.from(out.splice(0).join('')),
  };
}

function csvCell({ text, isText }: Cell): string {
  if (text === undefined) return '';
  return quoted(isText ? harmless(text) : text);
}

function harmless(text: string): string {
  return /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
}

function quoted(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** An object a line, with a member for each column; values as they were sent. */
export function jsonLinesFile(columns: readonly ExportColumn[]): RowFile {
  const named = columns.map((column) => ({ column, name: JSON.stringify(column.name) }));
  const out: string[] = [];
  return {
    contentType: 'application/jsonl',
    add(row) {
      out.push(`{${named.map(({ column, name }) => `${name}:${column.read(row).json}`).join(',')}}\n`);
    },
    take: () => Buffer.from(out.splice(0).join('')),
    end: () => Buffer.from(out.splice(0).join('')),
  };
}
