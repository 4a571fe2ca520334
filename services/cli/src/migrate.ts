import type { Command } from 'commander';
import {
  migrate,
  migrationStatus,
  renderMigrations,
  storeOptions,
  traceStoreEnv,
  type MigrationStatus,
  type StoreOptions,
} from '@weft/trace-store';
import { loadConfig } from '@weft/runtime';
import { z } from 'zod';
import { AppError } from '@weft/model';
import { CliError, type CliPort, type CommandPort } from './port.ts';
import { toTable } from './table.ts';

interface Flags {
  readonly dryRun?: boolean;
  readonly json?: boolean;
}

const HELP = `
ClickHouse is found by WF_CLICKHOUSE_HOST, _PORT, _USER, _PASS and _DATABASE, as for the services; the user is the one that
may create tables. The ClickHouse that the all-in-one starts in its data directory is migrated by it.`;

/** `weft migrate …`: the schema in ClickHouse. */
export function addMigrateCommands(program: Command, port: CommandPort): void {
  const group = program
    .command('migrate')
    .description('the schema in ClickHouse: where it stands, and bringing it to this version')
    .addHelpText('after', HELP);
  group
    .command('status')
    .description('which migrations are done')
    .option('--json', 'answer in JSON')
    .action((flags: Flags) => status(flags, port));
  group
    .command('up')
    .description('run what is pending; harmless to repeat, to cut short and to run twice at once')
    .option('--dry-run', 'print the SQL that would run, and do nothing')
    .action((flags: Flags) => up(flags, port));
}

export function clickHouse(port: CliPort): StoreOptions {
  return storeOptions(loadConfig(z.object(traceStoreEnv), port.env));
}

async function status(flags: Flags, port: CommandPort): Promise<void> {
  const all = await ask(clickHouse(port), migrationStatus);
  if (flags.json === true) port.out(`${JSON.stringify(all)}\n`);
  else port.out(toTable([['NUMBER', 'NAME', 'APPLIED'], ...all.map(toRow)]));
}

function toRow({ number, name, appliedAt }: MigrationStatus): string[] {
  return [String(number), name, appliedAt ?? 'pending'];
}

async function up(flags: Flags, port: CommandPort): Promise<void> {
  const options = clickHouse(port);
  if (flags.dryRun !== true)
    return ask(options, () => migrate(options, { onProgress: (line) => port.note(`${line}\n`) }));
  const all = await ask(options, migrationStatus);
  const isEmpty = all.every(({ appliedAt }) => appliedAt === null);
  const statements = isEmpty ? renderMigrations(options) : all.flatMap((one) => one.pendingStatements);
  if (statements.length === 0) port.note('nothing to do\n');
  for (const sql of statements) port.out(`${sql.trim()};\n\n`);
}

async function ask<T>(options: StoreOptions, work: (options: StoreOptions) => Promise<T>): Promise<T> {
  try {
    return await work(options);
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    const where = `${options.url}, user ${options.username} (WF_CLICKHOUSE_HOST, _PORT, _USER, _PASS)`;
    throw new CliError(`ClickHouse at ${where}: ${error.message}`, { cause: error.cause });
  }
}
