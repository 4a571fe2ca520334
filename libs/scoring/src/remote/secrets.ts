import { readFile, stat } from 'node:fs/promises';
import { Secret } from '@weft/runtime';
import { z } from 'zod';
import { ScoreError } from '../scorer.ts';

const MAX_FILE_BYTES = 1024 * 1024;
/** A changed file is noticed after this long. */
const LOOK_MS = 1000;

const SecretsFile = z.record(
  z.string(),
  z.object({ value: z.string().min(1), hosts: z.array(z.string().min(1)).min(1) }),
);

type Known = ReadonlyMap<string, { readonly value: Secret; readonly hosts: ReadonlySet<string> }>;

/**
 * The secret of that name, for a request to that host (`scores.example.com`, `scores.example.com:8443`). A secret that is
 * there for other hosts is not there for this one: who names it in a scorer need not be who may have it.
 * @throws ScoreError `misconfigured`
 */
export type ScorerSecrets = (name: string, host: string) => Promise<Secret>;

export function createScorerSecrets(file: string | undefined): ScorerSecrets {
  const read = file === undefined ? async (): Promise<Known> => new Map() : createFile(file);
  return async (name, host) => {
    const found = (await read()).get(name);
    if (found?.hosts.has(host) === true) return found.value;
    throw new ScoreError(
      'misconfigured',
      `WEFT_REMOTE_SCORER_SECRETS_FILE has no secret ${JSON.stringify(name.slice(0, 80))} for ${host}`,
    );
  };
}

function createFile(file: string): () => Promise<Known> {
  let known: Known | undefined;
  let seen = '';
  let lookedMs = -Infinity;
  return async () => {
    if (known !== undefined && performance.now() - lookedMs < LOOK_MS) return known;
    try {
      const { mtimeMs, size, ino } = await stat(file);
      const now = `${mtimeMs} ${size} ${ino}`;
      if (size > MAX_FILE_BYTES) throw new Error('too large');
      if (known === undefined || now !== seen) known = parse(await readFile(file, 'utf8'));
      [seen, lookedMs] = [now, performance.now()];
    } catch {
      // What was read before still holds: a file that is just being written must not take the secrets away.
      if (known === undefined)
        throw new ScoreError('misconfigured', 'WEFT_REMOTE_SCORER_SECRETS_FILE cannot be read');
    }
    return known;
  };
}

function parse(text: string): Known {
  return new Map(
    Object.entries(SecretsFile.parse(JSON.parse(text))).map(([name, { value, hosts }]) => [
      name,
      { value: new Secret(value), hosts: new Set(hosts) },
    ]),
  );
}
