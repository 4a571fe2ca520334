import { BigNumber, stringifyJson } from '../../../api/request.ts';

const LINE = 200;

/** A line of any value, for a cell. */
export function cellText(value: unknown): string {
  if (value === undefined) return '';
  if (typeof value === 'string') return value.slice(0, LINE).replace(/\s+/g, ' ');
  if (value === null || typeof value !== 'object' || value instanceof BigNumber) return String(value);
  return stringifyJson(value).slice(0, LINE);
}
