import type { Dimension, Group } from '../../api/dashboard.ts';
import { duration } from '../../ui/format.ts';
import { decodedName } from '../../ui/ref.ts';

const NONE: Record<Dimension, string> = {
  model: 'no model',
  op: 'no name',
  user: 'nobody known',
  thread: 'no thread',
};

/** What a group is called: the value, decoded where refs encode it. */
export function nameOfKey(dimension: Dimension, value: string | undefined): string {
  if (value === undefined || value === '') return NONE[dimension];
  return dimension === 'op' ? decodedName(value) : value;
}

export function nameOfGroup({ key }: Group): string {
  return (Object.keys(key) as Dimension[])
    .map((dimension) => nameOfKey(dimension, key[dimension]))
    .join(' · ');
}

export const percent = (share: number): string =>
  `${(share * 100).toLocaleString(undefined, { maximumFractionDigits: share > 0 && share < 0.01 ? 2 : 1 })} %`;

/** Undefined of nothing. */
export const errorRate = ({ calls, errors }: { readonly calls: number; readonly errors: number }) =>
  calls === 0 ? undefined : errors / calls;

const short = new Intl.NumberFormat(undefined, { notation: 'compact', maximumFractionDigits: 1 });
/** `12.3K`, for axes. */
export const compact = (value: number): string => short.format(value);

const cents = new Intl.NumberFormat('en-US', { style: 'currency', currency: 'USD' });
const small = new Intl.NumberFormat('en-US', {
  style: 'currency',
  currency: 'USD',
  maximumSignificantDigits: 3,
});
/** To the cent; of less than a dollar three digits. */
export const dollars = (amount: number): string =>
  amount === 0 || amount >= 1 ? cents.format(amount) : small.format(amount);

/** As `duration`, for axes. */
export const axisDuration = (ms: number): string => (ms === 0 ? '0' : duration(ms));
