const UNITS: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** `24h` → the instant a day ago. Anything else is the server's to read. */
export function instantOf(since: string): string {
  const [, amount, unit] = /^(\d{1,6})([smhd])$/.exec(since) ?? [];
  if (amount === undefined || unit === undefined) return since;
  return new Date(Date.now() - Number(amount) * UNITS[unit]!).toISOString();
}
