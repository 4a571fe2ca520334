import type { ClickHouse, Param } from '../clickhouse.ts';
import type { CallsQuery } from '../trace-store.ts';
import { compileSort, compileWhere, isKeyOrder, type Exclusions } from './compile.ts';
import { compileCondition, isOfTheStart, searchesTexts } from './condition.ts';
import { CallDialect } from './dialect.ts';
import { readOddBits } from './search.ts';

/** What the statements of one query have in common. */
export interface CallsPlan {
  readonly projectId: string;
  /** `calls` and what its rows are joined with. */
  readonly from: string;
  /** As `compileWhere`, with the query's condition. Running rows of ended calls are for the statement to leave out. */
  where(exclusions?: Exclusions): string;
  readonly order: string;
  /** Of all of the above. */
  readonly params: Readonly<Record<string, Param>>;
  readonly isKeyOrder: boolean;
  readonly hasJoins: boolean;
  /** A call's running row and its ended row both match or neither does: where they come side by side, none is missed. */
  readonly isOfTheStart: boolean;
}

export async function planCalls(
  db: ClickHouse,
  { projectId, filter, condition, sort }: Pick<CallsQuery, 'projectId' | 'filter' | 'condition' | 'sort'>,
  signal?: AbortSignal,
): Promise<CallsPlan> {
  const dialect = new CallDialect(projectId);
  const params: Record<string, Param> = {};
  const oddBits =
    condition !== undefined && searchesTexts(condition) ? await readOddBits(db, projectId, signal) : 0;
  const conditions = condition === undefined ? [] : compileCondition(condition, dialect, params, oddBits);
  const order = compileSort(sort, dialect);
  const from = dialect.from();
  return {
    projectId,
    from,
    where: (exclusions) => [compileWhere(projectId, filter, exclusions).sql, ...conditions].join('\n  AND '),
    order: order.sql,
    params: { ...compileWhere(projectId, filter).params, ...params, ...order.params, ...dialect.params },
    isKeyOrder: isKeyOrder(sort),
    hasJoins: dialect.hasJoins,
    isOfTheStart: condition === undefined || isOfTheStart(condition),
  };
}
