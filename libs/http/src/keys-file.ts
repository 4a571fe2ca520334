import { createHash, randomInt, timingSafeEqual } from 'node:crypto';
import { mkdir, open, readFile, rename, stat, unlink } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { newId } from '@weft/model';
import { z } from 'zod';

/** Each includes the ones before it. */
export const ROLES = ['read', 'write', 'admin'] as const;

export type Role = (typeof ROLES)[number];

/** `*`, `entity/*` or `entity/project`; nothing else is a pattern. */
const PROJECT_PATTERN = /^(\*|[^/*\s]{1,128}\/(\*|[^/*\x00-\x1f\x7f]{1,128}))$/; // eslint-disable-line no-control-regex

const keyRecordSchema = z.strictObject({
  id: z.string().regex(/^[0-9a-zA-Z-]{1,64}$/),
  /**
   * SHA-256 of the key, hex. A slow hash would protect guessable passwords; a key has 208 random bits, so that a fast one
   * gives nothing away and costs a request one microsecond.
   */
  hash: z.string().regex(/^[0-9a-f]{64}$/),
  /** Whose writes these are: `wb_user_id`. */
  user: z.string().min(1).max(128),
  projects: z
    .array(z.string().regex(PROJECT_PATTERN, 'expected "*", "entity/*" or "entity/project"'))
    .min(1)
    .max(1000),
  role: z.enum(ROLES),
  createdAt: z.iso.datetime(),
  revokedAt: z.iso.datetime().optional(),
});

const keysFileSchema = z.strictObject({ version: z.literal(1), keys: z.array(keyRecordSchema).max(10_000) });

export type KeyRecord = Readonly<z.output<typeof keyRecordSchema>>;

/** What is wrong with the keys file or the request to change it; for the operator. */
export class KeysFileError extends Error {
  constructor(message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = 'KeysFileError';
  }
}

/** The keys in the file, revoked ones included; undefined when there is no file. @throws KeysFileError */
export async function readKeysFile(file: string): Promise<KeyRecord[] | undefined> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw new KeysFileError(`cannot read the keys file ${file}`, { cause });
  }
  return parseKeys(text, file);
}

function parseKeys(text: string, file: string): KeyRecord[] {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    // The parser's message quotes the text.
    throw new KeysFileError(`the keys file ${file} is not valid JSON`);
  }
  const result = keysFileSchema.safeParse(json);
  if (!result.success) {
    const issue = result.error.issues[0]!;
    throw new KeysFileError(`the keys file ${file} is malformed: ${issue.path.join('.')}: ${issue.message}`);
  }
  const { keys } = result.data;
  for (const member of ['id', 'hash'] as const) {
    const values = keys.map((key) => key[member]);
    const twice = values.findIndex((value, index) => values.indexOf(value) !== index);
    if (twice >= 0)
      throw new KeysFileError(`the keys file ${file} is malformed: keys.${twice}.${member} occurs twice`);
  }
  return keys;
}

export interface NewKey {
  readonly user: string;
  /** Patterns `*`, `entity/*`, `entity/project`. */
  readonly projects: readonly string[];
  readonly role: Role;
}

/**
 * Adds a key and returns it. The key itself is not kept anywhere: this is the only time it can be seen. The file is made
 * if need be, readable by its owner only; servers that use it take the key up within a second or two.
 * @throws KeysFileError
 */
export async function createKey(file: string, wanted: NewKey): Promise<{ key: string; record: KeyRecord }> {
  const key = randomKey();
  const record = keyRecordSchema.safeParse({
    id: newId(),
    hash: hashKey(key),
    user: wanted.user,
    projects: wanted.projects,
    role: wanted.role,
    createdAt: new Date().toISOString(),
  });
  if (!record.success) {
    const issue = record.error.issues[0]!;
    throw new KeysFileError(`${String(issue.path[0])}: ${issue.message}`);
  }
  await changeKeys(file, (keys) => [...keys, record.data]);
  return { key, record: record.data };
}

/** Revokes a key; it stays listed. Revoking twice keeps the first time. @throws KeysFileError when there is no such key. */
export async function revokeKey(file: string, id: string): Promise<KeyRecord> {
  let revoked: KeyRecord | undefined;
  await changeKeys(file, (keys) =>
    keys.map((key) => {
      if (key.id !== id) return key;
      revoked = { ...key, revokedAt: key.revokedAt ?? new Date().toISOString() };
      return revoked;
    }),
  );
  if (revoked === undefined) throw new KeysFileError(`no key with the id ${id} in ${file}`);
  return revoked;
}

export function hashKey(key: string): string {
  return createHash('sha256').update(key).digest('hex');
}

/** Both are hex of the same length. Takes the same time wherever they differ. */
export function sameHash(a: string, b: string): boolean {
  return timingSafeEqual(Buffer.from(a, 'hex'), Buffer.from(b, 'hex'));
}

const ALPHABET = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';

/** 40 characters without a dash: W&B's logins take no other length, old ones not less and not more, and count from the last dash. */
function randomKey(): string {
  let key = 'weft_';
  while (key.length < 40) key += ALPHABET[randomInt(ALPHABET.length)];
  return key;
}

/** One change at a time across processes; readers see the old file or the new one, whole. */
async function changeKeys(file: string, change: (keys: KeyRecord[]) => KeyRecord[]): Promise<void> {
  await mkdir(dirname(file), { recursive: true });
  const unlock = await lock(`${file}.lock`);
  try {
    const keys = change((await readKeysFile(file)) ?? []);
    await writeWhole(file, `${JSON.stringify({ version: 1, keys }, null, 2)}\n`);
  } finally {
    await unlock();
  }
}

async function writeWhole(file: string, text: string): Promise<void> {
  const temporary = `${file}.${newId()}.tmp`;
  const handle = await open(temporary, 'wx', 0o600);
  try {
    await handle.writeFile(text);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(temporary, file).catch(async (cause: unknown) => {
    await unlink(temporary);
    throw new KeysFileError(`cannot write the keys file ${file}`, { cause });
  });
}

const LOCK_WAIT_MS = 5000;
/** A change takes milliseconds: an older lock was left by a process that died. */
const LOCK_STALE_MS = 15_000;

async function lock(path: string): Promise<() => Promise<void>> {
  for (let waited = 0; ; waited += 25) {
    try {
      await (await open(path, 'wx', 0o600)).close();
      return () => unlink(path);
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code !== 'EEXIST')
        throw new KeysFileError(`cannot write beside the keys file: ${path}`, { cause });
    }
    const { mtimeMs } = await stat(path).catch(() => ({ mtimeMs: Date.now() }));
    if (Date.now() - mtimeMs > LOCK_STALE_MS) await unlink(path).catch(() => {});
    else if (waited >= LOCK_WAIT_MS)
      throw new KeysFileError(`another process is changing the keys (${path})`);
    else await delay(25);
  }
}
