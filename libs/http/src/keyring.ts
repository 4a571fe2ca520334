import { stat } from 'node:fs/promises';
import { envString, type Logger } from '@weft/runtime';
import { hashKey, readKeysFile, ROLES, sameHash, type KeyRecord, type Role } from './keys-file.ts';

/** Environment of the keyring, to be spread into a service's schema. */
export const keyringEnv = {
  /** File of API keys, made by `weft keys create`. Unset or without keys: open to everyone, on loopback addresses only. */
  WEFT_KEYS_FILE: envString().optional(),
};

/** Who is asking. */
export interface Principal {
  /** The key's user; null in open mode, where the request says who it is. */
  readonly user: string | null;
  /** The one `entity/project` that the key reaches; undefined when it reaches several, or whatever comes. */
  readonly onlyProject?: string | undefined;
  /** True when the key reaches this `entity/project` with at least this role. */
  can(projectId: string, role: Role): boolean;
  /** True when the key has at least this role, for whichever projects. */
  has(role: Role): boolean;
  /** True when the key has at least this role for every project: for what belongs to none, or to one that is not known. */
  canAll(role: Role): boolean;
}

/** What may be told of a key. */
export type ListedKey = Omit<KeyRecord, 'hash'>;

export interface Keyring {
  /** No keys: every request is allowed, and only loopback addresses may be listened on. Never turns from false to true. */
  readonly open: boolean;
  /** The principal of a key that is neither unknown nor revoked. */
  find(key: string): Principal | undefined;
  /** Every key of the file, revoked ones too. */
  list(): readonly ListedKey[];
  /** Stops watching the file. */
  stop(): Promise<void>;
}

export interface KeyringOptions {
  readonly file?: string | undefined;
  readonly logger: Logger;
  /** How often the file is looked at, default 1000; 0 = never. */
  readonly pollMs?: number;
}

/** In open mode. */
export const EVERYONE: Principal = { user: null, can: () => true, has: () => true, canAll: () => true };

interface Entry {
  readonly hash: string;
  readonly principal: Principal;
}

/**
 * Reads the keys and follows the file's changes. A file that turns malformed or goes away keeps the keys last read, and
 * says so at each change; one that turns empty refuses everybody. @throws KeysFileError when it is malformed now.
 */
export async function createKeyring(options: KeyringOptions): Promise<Keyring> {
  const { file, logger, pollMs = 1000 } = options;
  // Looked up by the first half of the hash, compared in whole: timing tells nothing that leads back to a key.
  let entries = new Map<string, Entry[]>();
  let listed: readonly ListedKey[] = [];
  let open = true;
  let seen = '';

  async function load(path: string): Promise<void> {
    seen = await versionOf(path);
    const records = await readKeysFile(path);
    if (records === undefined && !open) throw new Error(`the keys file ${path} is gone`);
    entries = toEntries(records ?? []);
    listed = (records ?? []).map(({ hash: _, ...rest }) => rest);
    if (records !== undefined && records.length > 0) open = false;
  }

  async function poll(path: string): Promise<void> {
    if ((await versionOf(path)) === seen) return;
    try {
      await load(path);
      logger.info({ file: path, active: entries.size }, 'read the API keys again');
    } catch (err) {
      logger.error({ err }, 'cannot use the keys file: keeping the keys last read');
    }
  }

  let timer: NodeJS.Timeout | undefined;
  let stopped = false;
  function schedule(path: string): void {
    if (stopped || pollMs === 0) return;
    timer = setTimeout(() => void poll(path).finally(() => schedule(path)), pollMs).unref();
  }
  if (file !== undefined) {
    await load(file);
    schedule(file);
  }

  return {
    get open() {
      return open;
    },
    find: (key) => {
      const hash = hashKey(key);
      return entries.get(hash.slice(0, 32))?.find((entry) => sameHash(entry.hash, hash))?.principal;
    },
    list: () => listed,
    stop: async () => {
      stopped = true;
      clearTimeout(timer);
    },
  };
}

/** Changes when the file does, also when a mounted Secret swaps the link that leads to it. */
async function versionOf(file: string): Promise<string> {
  try {
    const { mtimeMs, size, ino } = await stat(file);
    return `${mtimeMs} ${size} ${ino}`;
  } catch {
    return 'none';
  }
}

function toEntries(records: readonly KeyRecord[]): Map<string, Entry[]> {
  const entries = new Map<string, Entry[]>();
  for (const record of records) {
    if (record.revokedAt !== undefined) continue;
    const bucket = record.hash.slice(0, 32);
    entries.set(bucket, [
      ...(entries.get(bucket) ?? []),
      { hash: record.hash, principal: toPrincipal(record) },
    ]);
  }
  return entries;
}

function toPrincipal(record: KeyRecord): Principal {
  const rank = ROLES.indexOf(record.role);
  const patterns = new Set(record.projects);
  const has = (role: Role) => rank >= ROLES.indexOf(role);
  const reaches = (projectId: string) =>
    patterns.has('*') ||
    patterns.has(`${projectId.slice(0, projectId.indexOf('/'))}/*`) ||
    patterns.has(projectId);
  // A project named `*` is not the pattern of the same look.
  const isProject = (projectId: string) => projectId.indexOf('/') > 0 && !projectId.endsWith('/*');
  const [only = ''] = patterns;
  return {
    user: record.user,
    onlyProject: patterns.size === 1 && only !== '*' && isProject(only) ? only : undefined,
    has,
    canAll: (role) => has(role) && patterns.has('*'),
    can: (projectId, role) => has(role) && isProject(projectId) && reaches(projectId),
  };
}

const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|\[?::1\]?)$/i;

/** True for a host name or address that only this machine can reach. */
export function isLoopback(host: string): boolean {
  return LOOPBACK.test(host);
}

/** @throws Error that says how to create a key, when an open server is about to listen where others can reach it. */
export function assertBindable(host: string, keyring: Pick<Keyring, 'open'>): void {
  if (!keyring.open || isLoopback(host)) return;
  throw new Error(
    `refusing to listen on ${host} without API keys: everyone who can reach it could read and change everything. ` +
      'Create a key with `./scripts/weft keys create --user NAME --file keys.json` and start with WEFT_KEYS_FILE=keys.json, ' +
      'or listen on 127.0.0.1.',
  );
}
