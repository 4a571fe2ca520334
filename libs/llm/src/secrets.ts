import { readFile, stat } from 'node:fs/promises';
import { Secret, type Logger } from '@weft/runtime';
import type { LlmConfig } from './settings.ts';

const MAX_FILE_BYTES = 1024 * 1024;
/** A changed file is noticed after this long. */
const LOOK_MS = 1000;

/** Keys by their names; undefined = nobody has set it. */
export type Secrets = (name: string) => Promise<Secret | undefined>;

/** Out of the secrets file, which is read again when it changes, else out of the environment. Values are never printed. */
export function createSecrets(config: LlmConfig, logger: Logger): Secrets {
  const file = config.WEFT_LLM_SECRETS_FILE;
  const ofEnvironment = new Map(Object.entries(config).filter((entry): entry is [string, Secret] => entry[1] instanceof Secret)); // prettier-ignore
  if (file === undefined) return async (name) => ofEnvironment.get(name);
  const read = createFileSecrets(file, logger);
  return async (name) => (await read()).get(name) ?? ofEnvironment.get(name);
}

function createFileSecrets(file: string, logger: Logger): () => Promise<ReadonlyMap<string, Secret>> {
  let known: ReadonlyMap<string, Secret> = new Map();
  let seen = '';
  let looked = -Infinity;
  let looking: Promise<void> | undefined;
  async function look(): Promise<void> {
    try {
      const { mtimeMs, size, ino } = await stat(file);
      const now = `${mtimeMs} ${size} ${ino}`;
      if (now === seen) return;
      if (size > MAX_FILE_BYTES) throw new Error(`has more than ${MAX_FILE_BYTES} bytes`);
      known = parseSecrets(await readFile(file, 'utf8'));
      seen = now;
    } catch (error) {
      // What was read before still holds: a file that is just being written must not take the keys away.
      logger.error({ file, reason: (error as Error).message }, 'cannot read the secrets of models');
    }
  }
  return async () => {
    if (performance.now() - looked > LOOK_MS) {
      looked = performance.now();
      looking = look().finally(() => (looking = undefined));
    }
    await looking;
    return known;
  };
}

/** @throws Error that quotes nothing of the text. */
function parseSecrets(text: string): ReadonlyMap<string, Secret> {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    throw new Error('is not valid JSON');
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed))
    throw new Error('is no JSON object');
  const entries = Object.entries(parsed as Record<string, unknown>);
  const wrong = entries.find(([, value]) => typeof value !== 'string');
  if (wrong !== undefined) throw new Error(`${wrong[0].slice(0, 80)} is not a string`);
  return new Map(
    entries.filter(([, value]) => value !== '').map(([name, value]) => [name, new Secret(value as string)]),
  );
}
