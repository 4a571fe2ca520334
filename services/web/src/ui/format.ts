/** Texts for values, in the viewer's language and zone. */

const clock = new Intl.DateTimeFormat(undefined, {
  year: 'numeric',
  month: '2-digit',
  day: '2-digit',
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  hourCycle: 'h23',
});

/** @param iso an instant of the API. */
export function localTime(iso: string): string {
  return clock.format(new Date(iso));
}

/** Milliseconds as a person says them: `340 ms`, `2.41 s`, `3 min 20 s`. */
export function duration(ms: number): string {
  if (ms < 1) return `${ms.toFixed(2)} ms`;
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${(ms / 1000).toFixed(2)} s`;
  const s = Math.round(ms / 1000);
  if (s < 3600) return `${Math.floor(s / 60)} min ${s % 60} s`;
  return `${Math.floor(s / 3600)} h ${Math.floor((s % 3600) / 60)} min`;
}

export const count = new Intl.NumberFormat();

const usd = new Intl.NumberFormat('en-US', {
  style: 'currency',
  currency: 'USD',
  maximumSignificantDigits: 3,
});
export const money = (amount: number) => usd.format(amount);

/** `weave:///e/p/op/name:digest` is `name`. */
export function opName(ref: string): string {
  return /^weave:\/\/\/.*\/op\/([^:/]+)/.exec(ref)?.[1] ?? ref;
}

/** One line of any JSON value, for a cell. */
export function oneLine(value: unknown): string {
  if (typeof value === 'string') return value.slice(0, 300);
  if (value === null || value === undefined) return '';
  const text = JSON.stringify(value, (_key, each: unknown) =>
    typeof each === 'string' ? each.slice(0, 300) : each,
  );
  return text === '{}' || text === '[]' ? '' : text.slice(0, 300);
}
