import { BigNumber, stringifyJson } from '../../../api/request.ts';

/** A line of CSV. A text that a spreadsheet would run as a formula gets a quote before it. */
export function csvLine(values: readonly unknown[]): string {
  return `${values.map(csvValue).join(',')}\r\n`;
}

function csvValue(value: unknown): string {
  if (value === undefined || value === null) return '';
  if (typeof value === 'number' || typeof value === 'boolean' || value instanceof BigNumber)
    return String(value);
  const text = typeof value === 'string' ? value : stringifyJson(value);
  const inert = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(inert) ? `"${inert.replaceAll('"', '""')}"` : inert;
}
