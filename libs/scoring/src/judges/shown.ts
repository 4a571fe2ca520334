/** Of a request or a reply in a score call. */
const MAX_BYTES = 64 * 1024;
const MAX_DEPTH = 24;
/** Longest text and longest list that are shown whole: as much as fits. */
const CUTS = [32_000, 8000, 2000, 500, 100, 20];

/** A JSON value as it can be shown: what is too long is cut and says so. At most 64 KiB. */
export function shown(value: unknown): unknown {
  for (const cut of CUTS) {
    const short = shorten(value, cut, 0);
    if (Buffer.byteLength(JSON.stringify(short) ?? '') <= MAX_BYTES) return short;
  }
  return '… (too large to be shown)';
}

function shorten(value: unknown, cut: number, depth: number): unknown {
  if (typeof value === 'string')
    return value.length <= cut ? value : `${value.slice(0, cut)}… (${value.length - cut} more characters)`;
  if (typeof value !== 'object' || value === null) return value;
  if (depth >= MAX_DEPTH) return '…';
  if (Array.isArray(value)) {
    const items = value.slice(0, cut).map((item) => shorten(item, cut, depth + 1));
    return value.length <= cut ? items : [...items, `… (${value.length - cut} more)`];
  }
  const entries = Object.entries(value).slice(0, cut);
  return Object.fromEntries(
    entries.map(([key, member]) => [key.slice(0, 200), shorten(member, cut, depth + 1)]),
  );
}
