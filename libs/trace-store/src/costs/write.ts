import type { ClickHouse } from '../clickhouse.ts';
import { insertRows, type Refused, type Table } from '../insert.ts';
import { column } from '../native.ts';
import type { PricePurge, StoredPrice } from './types.ts';

const PRICES: Table<StoredPrice> = {
  name: 'prices',
  columns: [
    column.text('project_id', (p) => p.projectId),
    column.text('id', (p) => p.id),
    column.text('llm_id', (p) => p.llmId),
    column.text('provider_id', (p) => p.providerId),
    column.instant('effective_date', (p) => p.effectiveAtUs),
    column.float64('prompt_token_cost', (p) => p.promptTokenCost),
    column.float64('completion_token_cost', (p) => p.completionTokenCost),
    column.float64('cache_read_input_token_cost', (p) => p.cacheReadInputTokenCost),
    column.float64('cache_creation_input_token_cost', (p) => p.cacheCreationInputTokenCost),
    column.text('prompt_token_cost_unit', (p) => p.promptTokenCostUnit),
    column.text('completion_token_cost_unit', (p) => p.completionTokenCostUnit),
    column.text('created_by', (p) => p.createdBy),
    column.instant('created_at', (p) => p.createdAtUs),
  ],
  estimateBytes: () => 512,
};

const PURGES: Table<PricePurge> = {
  name: 'price_purges',
  columns: [
    column.text('project_id', (p) => p.projectId),
    column.text('id', (p) => p.id),
    column.instant('purged_at', (p) => p.purgedAtUs),
  ],
  estimateBytes: () => 96,
};

export const writePrices = (db: ClickHouse, rows: readonly StoredPrice[]): Promise<Refused[]> =>
  insertRows(db, PRICES, rows);

export const writePricePurges = (db: ClickHouse, rows: readonly PricePurge[]): Promise<Refused[]> =>
  insertRows(db, PURGES, rows);
