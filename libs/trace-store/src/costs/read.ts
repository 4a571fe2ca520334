import { compileQuery, compileSortKeys } from '@weft/query-language';
import type { ClickHouse, Param } from '../clickhouse.ts';
import type { RowReader } from '../row-binary.ts';
import { priceDialect } from './fields.ts';
import type { PriceQuery, StoredPrice } from './types.ts';

/** A project's prices, each once. Binds `{project:String}`; conditions go behind it with AND. */
const VISIBLE = `FROM prices FINAL
WHERE project_id = {project:String} AND id NOT IN (SELECT id FROM price_purges WHERE project_id = {project:String})`;

const COLUMNS = `id, llm_id, provider_id, toUnixTimestamp64Micro(effective_date), prompt_token_cost, completion_token_cost,
  cache_read_input_token_cost, cache_creation_input_token_cost, prompt_token_cost_unit, completion_token_cost_unit, created_by,
  toUnixTimestamp64Micro(created_at)`;

const priceReader =
  (projectId: string) =>
  (row: RowReader): StoredPrice => ({
    projectId,
    id: row.text(),
    llmId: row.text(),
    providerId: row.text(),
    effectiveAtUs: row.int64(),
    promptTokenCost: row.float64(),
    completionTokenCost: row.float64(),
    cacheReadInputTokenCost: row.float64(),
    cacheCreationInputTokenCost: row.float64(),
    promptTokenCostUnit: row.text(),
    completionTokenCostUnit: row.text(),
    createdBy: row.text(),
    createdAtUs: row.int64(),
  });

export function streamPrices(
  db: ClickHouse,
  { projectId, where, sort = [], limit, offset }: PriceQuery,
  signal?: AbortSignal,
): AsyncGenerator<StoredPrice[]> {
  const params: Record<string, Param> = { project: projectId };
  const condition = where === undefined ? undefined : compileQuery(where, priceDialect());
  const keys = sort.map(({ field, direction }) => compileSortKeys(field, direction, priceDialect()));
  for (const { params: bound } of [...(condition === undefined ? [] : [condition]), ...keys])
    Object.assign(params, bound);
  const order = [...keys.map((key) => key.sql), 'created_at', 'id'].join(', ');
  if (limit !== undefined) params.limit = limit;
  if (offset !== undefined) params.offset = offset;
  return db.stream(
    {
      sql: `SELECT ${COLUMNS} ${VISIBLE} ${condition === undefined ? '' : `AND ${condition.sql}`}
ORDER BY ${order} ${limit === undefined ? '' : 'LIMIT {limit:UInt64}'} ${offset === undefined ? '' : 'OFFSET {offset:UInt64}'}`,
      params,
    },
    priceReader(projectId),
    { signal },
  );
}

const PRICES_PER_MODEL = 1000;

export const pricesOf = async (
  db: ClickHouse,
  projectId: string,
  models: readonly string[],
): Promise<StoredPrice[]> => {
  if (models.length === 0) return [];
  return db.all(
    {
      sql: `SELECT ${COLUMNS} ${VISIBLE} AND llm_id IN {models:Array(String)}
ORDER BY effective_date DESC, created_at DESC, id DESC LIMIT ${PRICES_PER_MODEL} BY llm_id`,
      params: { project: projectId, models },
    },
    priceReader(projectId),
  );
};

const MAX_CHANGES = 10_000;

export const priceChanges = async (
  db: ClickHouse,
  projectId: string,
  fromUs: number,
  toUs: number,
): Promise<number[]> => {
  const newestFirst = await db.all(
    {
      sql: `SELECT DISTINCT toUnixTimestamp64Micro(effective_date) AS at ${VISIBLE}
  AND effective_date > fromUnixTimestamp64Micro({from:Int64}) AND effective_date < fromUnixTimestamp64Micro({to:Int64})
ORDER BY at DESC LIMIT ${MAX_CHANGES}`,
      params: { project: projectId, from: fromUs, to: toUs },
    },
    (row) => row.int64(),
  );
  return newestFirst.reverse();
};
