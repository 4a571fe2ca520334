import { Option, type Command } from 'commander';
import { createKey, keyringEnv, readKeysFile, revokeKey, ROLES, type KeyRecord, type Role } from '@weft/http';
import { loadConfig } from '@weft/runtime';
import { z } from 'zod';
import { UsageError, type CommandPort } from './port.ts';
import { toTable } from './table.ts';

interface FileOptions {
  readonly file?: string;
  readonly json?: boolean;
}

interface CreateOptions extends FileOptions {
  readonly user: string;
  readonly projects?: readonly string[];
  readonly role: Role;
}

/** `weft keys …`: the keys file, which running servers follow. */
export function addKeysCommands(program: Command, port: CommandPort): void {
  const keys = program.command('keys').description('API keys: make, list and revoke them (docs/keys.md)');
  const add = (name: string, description: string) =>
    keys
      .command(name)
      .description(description)
      .option('--file <file>', 'the keys file; default: the variable WEFT_KEYS_FILE')
      .option('--json', 'answer in JSON');
  const file = (options: FileOptions) => keysFile(options, port);

  add('create', 'make a key; it is printed once, the file keeps its hash')
    .requiredOption('--user <name>', 'whose writes these are')
    .option('--projects <pattern>', 'entity/project, entity/* or * (the default); may be repeated', collect)
    .addOption(
      new Option('--role <role>', 'write reads too; admin also /metrics and dead letters')
        .choices(ROLES)
        .default('write'),
    )
    .action((options: CreateOptions) => create(file(options), options, port));
  add('list', 'who has a key').action((options: FileOptions) => list(file(options), options, port));
  add('revoke', 'end a key')
    .argument('<id>', 'the id that list shows')
    .action((id: string, options: FileOptions) => revoke(file(options), id, options, port));
}

/** For an option that may be repeated. */
export function collect(value: string, before: readonly string[] | undefined): readonly string[] {
  return [...(before ?? []), value];
}

function keysFile(options: FileOptions, port: CommandPort): string {
  const file = options.file ?? loadConfig(z.object(keyringEnv), port.env).WEFT_KEYS_FILE;
  if (file === undefined || file === '')
    throw new UsageError('no keys file: give --file or set WEFT_KEYS_FILE');
  return file;
}

async function create(file: string, options: CreateOptions, port: CommandPort): Promise<void> {
  const { user, projects = ['*'], role } = options;
  const { key, record } = await createKey(file, { user, projects: [...projects], role });
  if (options.json === true) return port.out(`${JSON.stringify({ key, ...withoutHash(record) })}\n`);
  port.out(`${key}\n`);
  port.note(
    `Key ${record.id} of ${user}: ${role} on ${projects.join(', ')}. It is shown this once; ${file} keeps its hash.\n`,
  );
}

async function list(file: string, options: FileOptions, port: CommandPort): Promise<void> {
  const keys = (await readKeysFile(file)) ?? [];
  if (options.json === true) return port.out(`${JSON.stringify(keys.map(withoutHash))}\n`);
  if (keys.length === 0) return port.note(`no keys in ${file}\n`);
  const rows = keys.map(({ id, user, role, projects, createdAt, revokedAt }) => [
    id,
    user,
    role,
    projects.join(','),
    createdAt,
    revokedAt ?? '-',
  ]);
  port.out(toTable([['ID', 'USER', 'ROLE', 'PROJECTS', 'CREATED', 'REVOKED'], ...rows]));
}

async function revoke(file: string, id: string, options: FileOptions, port: CommandPort): Promise<void> {
  const record = await revokeKey(file, id);
  if (options.json === true) return port.out(`${JSON.stringify(withoutHash(record))}\n`);
  port.note(`Key ${record.id} of ${record.user} is revoked.\n`);
}

function withoutHash({ hash: _, ...rest }: KeyRecord): Omit<KeyRecord, 'hash'> {
  return rest;
}
