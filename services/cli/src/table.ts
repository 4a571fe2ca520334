/** Columns for a person; the first row is the head. */
export function toTable(rows: readonly (readonly string[])[]): string {
  const clean = rows.map((row) => row.map(printable));
  const widths = clean[0]!.map((_, column) => Math.max(...clean.map((row) => row[column]!.length)));
  return clean
    .map(
      (row) =>
        `${row
          .map((cell, i) => cell.padEnd(widths[i]!))
          .join('  ')
          .trimEnd()}\n`,
    )
    .join('');
}

// Ids and reasons come from clients: an escape sequence among them must not reach the terminal.
const CONTROL = /[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]/g; // eslint-disable-line no-control-regex
const LINE = /[\t\n]/g;

/** One line without anything that a terminal obeys. */
export function printable(text: string): string {
  return printableText(text).replace(LINE, ' ');
}

/** Lines without anything else that a terminal obeys. */
export function printableText(text: string): string {
  return text.replace(CONTROL, '\ufffd');
}

/** At most `max` characters, with a mark where something is missing. */
export function cut(text: string, max: number): string {
  return text.length <= max ? text : `${text.slice(0, max - 1)}…`;
}
