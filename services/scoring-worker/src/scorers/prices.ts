import { priceBook, type Price, type Prices } from '@weft/prices';
import type { TraceReader } from '@weft/trace-store';
import { BoundedMap } from '../bounded-map.ts';

const FRESH_MS = 60_000;
const MAX_PROJECTS = 1000;
const MAX_PRICES = 10_000;

/** A project's prices, the built-in ones behind them, at most a minute old. */
export function createPrices(
  reader: Pick<TraceReader, 'streamPrices'>,
  clock: () => number = Date.now,
): (projectId: string) => Promise<Prices> {
  const known = new BoundedMap<{ readonly untilMs: number; readonly prices: Promise<Prices> }>(MAX_PROJECTS);

  async function read(projectId: string): Promise<Prices> {
    const found: Price[] = [];
    for await (const prices of reader.streamPrices({ projectId, limit: MAX_PRICES }))
      for (const price of prices) found.push({ ...price, level: 'project' });
    return priceBook(found);
  }

  return (projectId) => {
    const last = known.get(projectId);
    if (last !== undefined && last.untilMs > clock()) return last.prices;
    const entry = { untilMs: clock() + FRESH_MS, prices: read(projectId) };
    known.set(projectId, entry);
    entry.prices.catch(() => {
      if (known.get(projectId) === entry) known.delete(projectId);
    });
    return entry.prices;
  };
}
