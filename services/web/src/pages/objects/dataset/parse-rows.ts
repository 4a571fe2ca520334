import { parseJson } from '../../../api/request.ts';
import type { Row } from '../../../api/tables.ts';

/** Rows in a text: a JSON list, an object per line, or CSV with names in the first line. @throws Error that says where it is wrong. */
export function parseRows(text: string): Row[] {
  const trimmed = text.replace(/^\uFEFF/, '').trim();
  if (trimmed === '') return [];
  if (trimmed.startsWith('[')) return asRows(parseJson(trimmed, { exact: true }));
  if (trimmed.startsWith('{')) return parseLines(trimmed);
  return parseCsv(trimmed);
}

function asRows(value: unknown): Row[] {
  if (!Array.isArray(value)) throw new Error('A JSON file of rows is a list of objects.');
  return value.map((row, index) => asRow(row, `Item ${index + 1}`));
}

function asRow(value: unknown, where: string): Row {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Row;
  throw new Error(`${where} is no object {…}.`);
}

function parseLines(text: string): Row[] {
  try {
    // One object over several lines.
    return [asRow(parseJson(text, { exact: true }), 'This')];
  } catch {
    // Several.
  }
  return text.split(/\r?\n/).flatMap((line, index) => {
    if (line.trim() === '') return [];
    try {
      return [asRow(parseJson(line, { exact: true }), `Line ${index + 1}`)];
    } catch (error) {
      throw new Error(`Line ${index + 1}: ${(error as Error).message}`, { cause: error });
    }
  });
}

const SEPARATORS = [',', ';', '\t'] as const;

function parseCsv(text: string): Row[] {
  const head = text.slice(0, text.indexOf('\n') + 1 || undefined);
  const count = (separator: string) => head.split(separator).length;
  const separator = SEPARATORS.reduce((best, each) => (count(each) > count(best) ? each : best));
  const [names = [], ...lines] = splitCsv(text, separator);
  const columns = names.map((name, index) => (name.trim() === '' ? `column ${index + 1}` : name.trim()));
  const twice = columns.find((name, index) => columns.indexOf(name) !== index);
  if (twice !== undefined) throw new Error(`The first line names the column “${twice}” twice.`);
  const rows = lines.filter((line) => line.length > 1 || line[0] !== '');
  const longer = rows.findIndex((line) => line.length > columns.length);
  if (longer >= 0)
    throw new Error(`Row ${longer + 1} has ${rows[longer]!.length} values, the first line names ${columns.length} columns.`);
  const readers = columns.map((_name, index) => readerOf(rows.map((line) => line[index] ?? '')));
  return rows.map((line) => Object.fromEntries(columns.map((name, index) => [name, readers[index]!(line[index] ?? '')])));
} // prettier-ignore

/** Values within quotes may hold separators, line ends, and quotes written twice. */
function splitCsv(text: string, separator: string): string[][] {
  const lines: string[][] = [[]];
  let value = '';
  let isQuoted = false;
  for (let i = 0; i < text.length; i++) {
    const char = text[i]!;
    if (isQuoted) {
      if (char !== '"') value += char;
      else if (text[i + 1] === '"') value += text[++i];
      else isQuoted = false;
    } else if (char === '"' && value === '') isQuoted = true;
    else if (char === separator) {
      lines.at(-1)!.push(value);
      value = '';
    } else if (char === '\n') {
      lines.at(-1)!.push(value.replace(/\r$/, ''));
      value = '';
      lines.push([]);
    } else value += char;
  }
  if (isQuoted) throw new Error('A quote (") is opened and never closed.');
  lines.at(-1)!.push(value.replace(/\r$/, ''));
  return lines;
}

const NUMBER = /^-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?$/;

/** A column of numbers is numbers, one of true and false is that; `007` is a text, and so is all of its column. */
function readerOf(values: readonly string[]): (value: string) => unknown {
  const given = values.filter((value) => value !== '');
  const isAll = (pattern: RegExp) => given.length > 0 && given.every((value) => pattern.test(value));
  if (isAll(NUMBER)) return (value) => (value === '' ? null : parseJson(value, { exact: true }));
  if (isAll(/^(true|false)$/i)) return (value) => (value === '' ? null : value.toLowerCase() === 'true');
  return (value) => value;
}
