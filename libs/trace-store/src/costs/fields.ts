import { AppError } from '@weft/model';
import type { ColumnType, Dialect, Field } from '@weft/query-language';

/** By the name on the wire. */
const COLUMNS: ReadonlyMap<string, { readonly sql: string; readonly type: ColumnType }> = new Map([
  ['id', { sql: 'id', type: 'string' }],
  ['llm_id', { sql: 'llm_id', type: 'string' }],
  ['provider_id', { sql: 'provider_id', type: 'string' }],
  ['effective_date', { sql: 'effective_date', type: 'instant' }],
  ['prompt_token_cost', { sql: 'prompt_token_cost', type: 'number' }],
  ['completion_token_cost', { sql: 'completion_token_cost', type: 'number' }],
  ['cache_read_input_token_cost', { sql: 'cache_read_input_token_cost', type: 'number' }],
  ['cache_creation_input_token_cost', { sql: 'cache_creation_input_token_cost', type: 'number' }],
  ['prompt_token_cost_unit', { sql: 'prompt_token_cost_unit', type: 'string' }],
  ['completion_token_cost_unit', { sql: 'completion_token_cost_unit', type: 'string' }],
  ['created_by', { sql: 'created_by', type: 'string' }],
  ['created_at', { sql: 'created_at', type: 'instant' }],
  ['pricing_level', { sql: "'project'", type: 'string' }],
  ['pricing_level_id', { sql: 'project_id', type: 'string' }],
]);

/** @throws AppError `invalid_request` (400, as W&B) */
export function priceField(path: string): Field {
  const column = COLUMNS.get(path);
  if (column === undefined) throw new AppError('invalid_request', `Unknown field: ${path.slice(0, 200)}`);
  return { kind: 'column', name: path, type: column.type, nullable: false };
}

export function priceDialect(prefix?: string): Dialect {
  return {
    column: ({ name }) => COLUMNS.get(name)!.sql,
    json: ({ column }) => {
      throw new AppError('internal', `prices have no ${column}`);
    },
    prefix,
  };
}
