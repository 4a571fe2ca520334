import type { Span } from '../../api/dashboard.ts';

/** Spans up to now, by what the address calls them. */
export const PRESETS = {
  '1h': { label: 'Last hour', lastMs: 3_600_000 },
  '24h': { label: 'Last 24 hours', lastMs: 86_400_000 },
  '7d': { label: 'Last 7 days', lastMs: 7 * 86_400_000 },
  '30d': { label: 'Last 30 days', lastMs: 30 * 86_400_000 },
} as const;
export type Preset = keyof typeof PRESETS;

/** The server looks at no longer ones. */
export const MAX_SPAN_MS = 31 * 86_400_000;

const GRANULARITIES: readonly (readonly [upToMs: number, seconds: number])[] = [
  [3_600_000, 60],
  [6 * 3_600_000, 300],
  [36 * 3_600_000, 1800],
  [3 * 86_400_000, 3600],
  [8 * 86_400_000, 3 * 3600],
  [15 * 86_400_000, 6 * 3600],
  [Infinity, 86_400],
];

/** Seconds of a bucket: some 30 to 75 of them. */
export function granularityOf(span: Span): number {
  const lengthMs = 'lastMs' in span ? span.lastMs : span.toMs - span.fromMs;
  return GRANULARITIES.find(([upToMs]) => lengthMs <= upToMs)![1];
}

/** A zone that the browser knows, by any of its names. */
export function readTimeZone(name: unknown): string | undefined {
  if (typeof name !== 'string' || name === '' || name.length > 64) return undefined;
  try {
    new Intl.DateTimeFormat('en-US', { timeZone: name });
    return name;
  } catch {
    return undefined;
  }
}

export const ownTimeZone = (): string => Intl.DateTimeFormat().resolvedOptions().timeZone;

/** What a clock in the zone shows, as `2026-01-31T12:00`. */
export function toClock(ms: number, timeZone: string): string {
  return new Date(ms + offsetMs(ms, timeZone)).toISOString().slice(0, 16);
}

/** When a clock in the zone shows that; of a time that there is twice the first. Undefined: it is no time. */
export function fromClock(text: string, timeZone: string): number | undefined {
  const shown = Date.parse(`${text}Z`);
  if (Number.isNaN(shown)) return undefined;
  const guess = shown - offsetMs(shown, timeZone);
  return shown - offsetMs(guess, timeZone);
}

/** How far the zone's clock is ahead of UTC. */
function offsetMs(ms: number, timeZone: string): number {
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone,
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  });
  const parts = new Map<string, number>(
    format.formatToParts(ms).map(({ type, value }) => [type, Number(value)]),
  );
  const part = (name: string) => parts.get(name) ?? 0;
  const shown = Date.UTC(
    part('year'),
    part('month') - 1,
    part('day'),
    part('hour'),
    part('minute'),
    part('second'),
  );
  return shown - Math.floor(ms / 1000) * 1000;
}
