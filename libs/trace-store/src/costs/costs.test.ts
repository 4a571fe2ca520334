import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { parseQuery } from '@weft/query-language';
import { batch, openTestStore, type TestStore } from '../testing/store.ts';
import type { TraceReader, TraceWriter } from '../trace-store.ts';
import { priceField } from './fields.ts';
import type { PriceQuery, StoredPrice } from './types.ts';

let store: TestStore;
let reader: TraceReader;
let writer: TraceWriter;
let projects = 0;
const newProject = () => `e/costs${++projects}`;

beforeAll(async () => {
  store = await openTestStore();
  await store.command('SYSTEM STOP MERGES prices');
  await store.command('SYSTEM STOP MERGES price_purges');
  ({ reader, writer } = store.open());
}, 60_000);

afterAll(() => store?.close(), 60_000);

const day = (text: string) => Date.parse(text) * 1000;

const price = (projectId: string, id: string, given: Partial<StoredPrice> = {}): StoredPrice => ({
  projectId, id, llmId: 'm', providerId: 'default', effectiveAtUs: day('2026-01-01'), promptTokenCost: 0.1, completionTokenCost: 1e-7,
  cacheReadInputTokenCost: 0, cacheCreationInputTokenCost: 0, promptTokenCostUnit: 'USD', completionTokenCostUnit: 'USD',
  createdAtUs: day('2026-02-01'), createdBy: 'u', ...given,
}); // prettier-ignore

async function query(projectId: string, given: Partial<PriceQuery> & { readonly expr?: unknown } = {}): Promise<StoredPrice[]> {
  const { expr, ...rest } = given;
  const where = expr === undefined ? undefined : parseQuery({ $expr: expr }, priceField);
  const rows: StoredPrice[] = [];
  for await (const page of reader.streamPrices({ projectId, where, ...rest })) rows.push(...page);
  return rows;
} // prettier-ignore
const idsOf = (prices: readonly StoredPrice[]) => prices.map(({ id }) => id);

describe('prices', () => {
  it('come back as they were set, once, whatever is repeated', async () => {
    const p = newProject();
    const prices = [price(p, 'a'), price(p, 'b', { llmId: 'other', createdAtUs: day('2026-02-02') })];
    for (let i = 0; i < 3; i++) expect(await writer.write(batch({ prices }))).toEqual([]);
    expect(await query(p)).toEqual(prices);
    expect(await query(newProject())).toEqual([]);
  });

  it('stay purged, whatever comes later', async () => {
    const p = newProject();
    const [a, b] = [price(p, 'a'), price(p, 'b')];
    await writer.write(batch({ pricePurges: [{ projectId: p, id: 'a', purgedAtUs: 5 }] }));
    await writer.write(batch({ prices: [a, b] }));
    await writer.write(batch({ prices: [price(p, 'a', { createdAtUs: day('2027-01-01') })] }));
    expect(idsOf(await query(p))).toEqual(['b']);
    expect(idsOf(await reader.pricesOf(p, ['m']))).toEqual(['b']);
    // Of another project: nothing to it.
    await writer.write(batch({ pricePurges: [{ projectId: newProject(), id: 'b', purgedAtUs: 5 }] }));
    expect(idsOf(await query(p))).toEqual(['b']);
  });

  it('are found by expressions, also such without fields', async () => {
    const p = newProject();
    await writer.write(
      batch({
        prices: [
          price(p, 'a', { completionTokenCost: 10 }),
          price(p, 'b', { llmId: "o'ther", completionTokenCost: 30, effectiveAtUs: day('2020-01-01') }),
        ],
      }),
    );
    const field = (name: string) => ({ $getField: name });
    const literal = (value: unknown) => ({ $literal: value });
    expect(idsOf(await query(p, { expr: { $eq: [literal('1'), literal('1')] } }))).toEqual(['a', 'b']);
    expect(idsOf(await query(p, { expr: { $eq: [literal('1'), literal('2')] } }))).toEqual([]);
    expect(idsOf(await query(p, { expr: { $gt: [field('completion_token_cost'), literal(25)] } }))).toEqual(['b']);
    expect(
      idsOf(await query(p, { expr: { $and: [{ $eq: [literal('1'), literal('1')] }, { $in: [field('llm_id'), [literal("o'ther")]] }] } })),
    ).toEqual(['b']);
    expect(idsOf(await query(p, { expr: { $lt: [field('effective_date'), literal('2021-01-01T00:00:00Z')] } }))).toEqual(['b']);
    expect(idsOf(await query(p, { expr: { $eq: [field('pricing_level'), literal('project')] } }))).toEqual(['a', 'b']);
    expect(() => priceField('nope')).toThrow('Unknown field: nope');
  }); // prettier-ignore

  it('are sorted and cut', async () => {
    const p = newProject();
    await writer.write(batch({ prices: ['a', 'b', 'c'].map((id, i) => price(p, id, { promptTokenCost: [2, 1, 2][i]! })) }));
    const sort = [{ field: priceField('prompt_token_cost'), direction: 'desc' }] as const;
    expect(idsOf(await query(p, { sort }))).toEqual(['a', 'c', 'b']);
    expect(idsOf(await query(p, { sort, limit: 1, offset: 1 }))).toEqual(['c']);
    expect(idsOf(await query(p, { offset: 2 }))).toEqual(['c']);
    expect(idsOf(await query(p, { limit: 0 }))).toEqual([]);
  }); // prettier-ignore

  it('are told by model, and when they change', async () => {
    const p = newProject();
    const at = ['2026-01-01', '2026-03-01', '2026-03-01', '2026-05-01'];
    await writer.write(
      batch({ prices: at.map((text, i) => price(p, `p${i}`, { effectiveAtUs: day(text), llmId: i === 3 ? 'n' : 'm' })) }),
    );
    expect(idsOf(await reader.pricesOf(p, ['m', 'none']))).toEqual(['p2', 'p1', 'p0']);
    expect(await reader.pricesOf(p, [])).toEqual([]);
    expect(await reader.priceChanges(p, day('2026-01-01'), day('2026-06-01'))).toEqual([day('2026-03-01'), day('2026-05-01')]);
  }); // prettier-ignore
});
