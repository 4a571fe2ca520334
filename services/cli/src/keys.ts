import { createKey, keyringEnv, readKeysFile, revokeKey, ROLES, type KeyRecord, type Role } from '@weft/http';
import { loadConfig } from '@weft/runtime';
import { z } from 'zod';
import { UsageError, type CliPort, type Options } from './cli.ts';

type Verb = (file: string, rest: readonly string[], options: Options, port: CliPort) => Promise<void>;

const VERBS = new Map<string, { run: Verb; takes: readonly (keyof Options)[]; positionals: number }>([
  ['create', { run: create, takes: ['user', 'projects', 'role'], positionals: 0 }],
  ['list', { run: list, takes: [], positionals: 0 }],
  ['revoke', { run: revoke, takes: [], positionals: 1 }],
]);

/** `weft keys …`. @throws UsageError, KeysFileError, ConfigError */
export async function keysCommand(
  name: string | undefined,
  rest: readonly string[],
  options: Options,
  port: CliPort,
): Promise<void> {
  const verb = VERBS.get(name ?? '');
  if (verb === undefined) throw new UsageError('keys: expected create, list or revoke');
  const stray = (Object.keys(options) as (keyof Options)[]).find(
    (option) => option !== 'file' && option !== 'json' && !verb.takes.includes(option),
  );
  if (stray !== undefined) throw new UsageError(`keys ${name} takes no --${stray}`);
  if (rest.length !== verb.positionals)
    throw new UsageError(`keys ${name}: expected ${verb.positionals === 0 ? 'options only' : 'an ID'}`);
  await verb.run(keysFile(options, port), rest, options, port);
}

function keysFile(options: Options, port: CliPort): string {
  const file = options.file ?? loadConfig(z.object(keyringEnv), port.env).WEFT_KEYS_FILE;
  if (file === undefined || file === '')
    throw new UsageError('no keys file: give --file or set WEFT_KEYS_FILE');
  return file;
}

async function create(
  file: string,
  _rest: readonly string[],
  options: Options,
  port: CliPort,
): Promise<void> {
  const { user, projects = ['*'], role = 'write' } = options;
  if (user === undefined) throw new UsageError('keys create: --user is missing');
  if (!isRole(role)) throw new UsageError(`--role: expected ${ROLES.join(', ')}`);
  const { key, record } = await createKey(file, { user, projects, role });
  if (options.json === true) return port.out(`${JSON.stringify({ key, ...withoutHash(record) })}\n`);
  port.out(`${key}\n`);
  port.note(
    `Key ${record.id} of ${user}: ${role} on ${projects.join(', ')}. It is shown this once; ${file} keeps its hash.\n`,
  );
}

async function list(file: string, _rest: readonly string[], options: Options, port: CliPort): Promise<void> {
  const keys = (await readKeysFile(file)) ?? [];
  if (options.json === true) return port.out(`${JSON.stringify(keys.map(withoutHash))}\n`);
  if (keys.length === 0) return port.note(`no keys in ${file}\n`);
  port.out(
    toTable([
      ['ID', 'USER', 'ROLE', 'PROJECTS', 'CREATED', 'REVOKED'],
      ...keys.map((key) => [
        key.id,
        key.user,
        key.role,
        key.projects.join(','),
        key.createdAt,
        key.revokedAt ?? '-',
      ]),
    ]),
  );
}

async function revoke(
  file: string,
  [id = '']: readonly string[],
  options: Options,
  port: CliPort,
): Promise<void> {
  const record = await revokeKey(file, id);
  if (options.json === true) return port.out(`${JSON.stringify(withoutHash(record))}\n`);
  port.note(`Key ${record.id} of ${record.user} is revoked.\n`);
}

function isRole(text: string): text is Role {
  return (ROLES as readonly string[]).includes(text);
}

function withoutHash({ hash: _, ...rest }: KeyRecord): Omit<KeyRecord, 'hash'> {
  return rest;
}

function toTable(rows: readonly (readonly string[])[]): string {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  return rows
    .map(
      (row) =>
        `${row
          .map((cell, i) => cell.padEnd(widths[i]!))
          .join('  ')
          .trimEnd()}\n`,
    )
    .join('');
}
