import { onCluster, storageName, type ClusterOptions } from '../cluster.ts';

/** A table as the data dictionary has it; how it is spread over servers is added by `renderTable`. */
export interface TableDefinition {
  readonly name: string;
  readonly comment: string;
  /** Columns, each with its COMMENT, and indexes. */
  readonly columns: string;
  readonly engine: 'MergeTree' | 'ReplacingMergeTree' | 'AggregatingMergeTree';
  /** Column that tells which of equal rows stays. */
  readonly version?: string;
  /** ORDER BY, and PARTITION BY, PRIMARY KEY and TTL where there are such. */
  readonly keys: string;
  /** Default: ClickHouse's, 8192 rows. */
  readonly indexGranularity?: number;
  /** Rows of a granule together at most; default: ClickHouse's, 10 MiB. */
  readonly indexGranularityBytes?: number;
  /** What decides on the shard; default: the project, so that queries of a project find all its rows on one. */
  readonly shardKey?: string;
}

/** What a later migration adds to a table: columns, indexes and projections, one per line as in `columns`. */
export interface TableChange {
  readonly table: string;
  /** `name = value`; set before anything else. */
  readonly setSettings?: readonly string[];
  readonly addColumns?: readonly string[];
  readonly addIndexes?: readonly string[];
  readonly addProjections?: readonly string[];
}

/** Where the tables go. */
export interface Target {
  readonly database: string;
  readonly cluster?: ClusterOptions;
}

const PROJECT_SHARD = 'sipHash64(project_id)';

/** Statements that make the table unless it is there. Each may be run again. */
export function renderTable(table: TableDefinition, target: Target): string[] {
  const { database, cluster } = target;
  const storage = `${database}.${storageName(table.name, cluster)}`;
  const everywhere = onCluster(cluster);
  const settings = [
    ...(table.indexGranularity === undefined ? [] : [`index_granularity = ${table.indexGranularity}`]),
    ...(table.indexGranularityBytes === undefined
      ? []
      : [`index_granularity_bytes = ${table.indexGranularityBytes}`]),
    // Acknowledged means on disk.
    'fsync_after_insert = 1',
    'fsync_part_directory = 1',
  ];
  const rows = `CREATE TABLE IF NOT EXISTS ${storage}${everywhere} (
${indent(table.columns)}
) ENGINE = ${engineOf(table, target)}
${outdent(table.keys)}
SETTINGS ${settings.join(', ')}
COMMENT ${quote(table.comment)}`;
  if (cluster?.isDistributed !== true) return [rows];
  const shardKey = table.shardKey ?? PROJECT_SHARD;
  const front = `CREATE TABLE IF NOT EXISTS ${database}.${table.name}${everywhere} AS ${storage}
ENGINE = Distributed(${quote(cluster.name)}, ${quote(database)}, ${quote(storageName(table.name, cluster))}, ${shardKey})
COMMENT ${quote(table.comment)}`;
  return [rows, front];
}

/**
 * Statements that change the table; each may be run again. Rows that are there get an index or a projection with the next
 * merge, or at once by `MATERIALIZE INDEX` or `PROJECTION`, which the operator decides on.
 */
export function renderChange(change: TableChange, target: Target): string[] {
  const { table, setSettings = [], addColumns = [], addIndexes = [], addProjections = [] } = change;
  const { database, cluster } = target;
  const storage = storageName(table, cluster);
  const everywhere = onCluster(cluster);
  const alter = (name: string, additions: readonly string[]) =>
    `ALTER TABLE ${database}.${name}${everywhere}\n${additions.map((line) => `  ${line}`).join(',\n')}`;
  const columns = addColumns.map((column) => `ADD COLUMN IF NOT EXISTS ${column}`);
  const indexes = addIndexes.map((index) => `ADD INDEX IF NOT EXISTS ${index}`);
  const projections = addProjections.map((projection) => `ADD PROJECTION IF NOT EXISTS ${projection}`);
  const rows = [
    // Of each replica its own: settings are not replicated, and not mixed with what is.
    ...(setSettings.length === 0 ? [] : [alter(storage, [`MODIFY SETTING ${setSettings.join(', ')}`])]),
    alter(storage, [...columns, ...indexes, ...projections]),
  ];
  if (cluster?.isDistributed !== true || columns.length === 0) return rows;
  return [...rows, alter(table, columns)];
}

function engineOf({ name, engine, version }: TableDefinition, target: Target): string {
  const columns = version === undefined ? [] : [version];
  if (target.cluster === undefined) return call(engine, columns);
  const path = keeperPath(name, target.database, target.cluster);
  return call(`Replicated${engine}`, [quote(path), quote('{replica}'), ...columns]);
}

/** Hosts that share a path are replicas of each other. `{shard}` and `{replica}` are macros of the host. */
function keeperPath(table: string, database: string, cluster: ClusterOptions): string {
  const root = cluster.keeperPath.replaceAll('{db}', database);
  return `${root}${cluster.isDistributed ? '/{shard}' : ''}/${table}`;
}

function call(name: string, args: readonly string[]): string {
  return args.length === 0 ? name : `${name}(${args.join(', ')})`;
}

function lines(text: string): string[] {
  return text
    .trim()
    .split('\n')
    .map((line) => line.trim());
}

function indent(text: string): string {
  return lines(text)
    .map((line) => `  ${line}`)
    .join('\n');
}

function outdent(text: string): string {
  return lines(text).join('\n');
}

function quote(text: string): string {
  return `'${text.replace(/[\\']/g, '\\$&')}'`;
}
