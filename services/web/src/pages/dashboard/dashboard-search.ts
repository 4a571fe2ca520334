import type { Dimension, Span } from '../../api/dashboard.ts';
import { MAX_SPAN_MS, ownTimeZone, PRESETS, readTimeZone, type Preset } from './time-range.ts';

/** What the address says. */
export interface DashboardSearch {
  /** Absent: the last 24 hours, unless `from` and `to` are there. */
  readonly range?: Preset;
  /** Instants, both or none. */
  readonly from?: string;
  readonly to?: string;
  /** IANA name; absent: the viewer's own. */
  readonly tz?: string;
  readonly by?: Dimension;
  /** Every call, not only roots of traces. */
  readonly all?: true;
}

export const DIMENSIONS: readonly (readonly [Dimension, string])[] = [
  ['model', 'Model'],
  ['op', 'Op'],
  ['user', 'User'],
  ['thread', 'Thread'],
];

/** Unknown members are dropped, and spans that are not one. */
export function readDashboardSearch(search: Record<string, unknown>): DashboardSearch {
  const instant = (name: string) => {
    const ms = Date.parse(typeof search[name] === 'string' ? search[name] : '');
    return Number.isNaN(ms) ? undefined : ms;
  };
  const [fromMs, toMs] = [instant('from'), instant('to')];
  const isSpan = fromMs !== undefined && toMs !== undefined && fromMs < toMs && toMs - fromMs <= MAX_SPAN_MS;
  const range = search['range'];
  const by = DIMENSIONS.find(([name]) => name === search['by'])?.[0];
  const tz = readTimeZone(search['tz']);
  return {
    ...(isSpan
      ? { from: new Date(fromMs).toISOString(), to: new Date(toMs).toISOString() }
      : typeof range === 'string' && Object.hasOwn(PRESETS, range) && { range: range as Preset }),
    ...(tz !== undefined && { tz }),
    ...(by !== undefined && { by }),
    ...(search['all'] === true && { all: true as const }),
  };
}

export function spanOf({ range = '24h', from, to }: DashboardSearch): Span {
  if (from !== undefined && to !== undefined) return { fromMs: Date.parse(from), toMs: Date.parse(to) };
  return { lastMs: PRESETS[range].lastMs };
}

export const timeZoneOf = ({ tz }: DashboardSearch): string => tz ?? ownTimeZone();
