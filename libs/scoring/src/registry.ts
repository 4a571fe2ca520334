import { formatRef } from '@weft/model';
import { judgeKinds } from './judges/kinds.ts';
import { contains } from './scorers/contains.ts';
import { jsonSchema, pydantic } from './scorers/json-schema.ts';
import { language } from './scorers/language.ts';
import { pii, secrets } from './scorers/leaks.ts';
import { length } from './scorers/length.ts';
import { levenshtein } from './scorers/levenshtein.ts';
import { regex } from './scorers/regex.ts';
import { similarity } from './scorers/similarity.ts';
import { stringMatch } from './scorers/string-match.ts';
import { cost, latency, tokens } from './scorers/thresholds.ts';
import { validJson } from './scorers/valid-json.ts';
import { validXml } from './scorers/valid-xml.ts';
import { ScoreError, type Scorer } from './scorer.ts';
import type { Configured, ScorerAbout, ScorerDeps, ScorerKind } from './scorer-kind.ts';
import { explain, parseScorerRef, readScorerObject, valueAt } from './scorer-object.ts';
import { isOwnCode, whatInstead } from './unscorable.ts';

/** Every class of scorers that needs nothing but `ScorerDeps`, one line each. */
const KINDS: readonly ScorerKind[] = [
  contains,
  cost,
  jsonSchema,
  language,
  latency,
  length,
  levenshtein,
  pii,
  pydantic,
  regex,
  secrets,
  similarity,
  stringMatch,
  tokens,
  validJson,
  validXml,
  ...judgeKinds(),
];

export interface ScorersDeps extends ScorerDeps {
  /** Runs RemoteScorer; left out = nobody is asked by HTTP. */
  readonly remote?: ScorerKind;
  /** Milliseconds. Default Date.now. */
  readonly clock?: () => number;
}

export interface LoadOptions {
  /** They are classifiers of one ClassifierMonitor, even where it is one only. Default: where there are several. */
  readonly merged?: boolean;
}

/** How many are kept, and how long: what they were made from never changes, but may be deleted. */
const MAX_LOADED = 1000;
const KEPT_MS = 60_000;

/** Scorers by the versions of their objects, ready to run. */
export function createScorers(deps: ScorersDeps) {
  const kinds = byClass(deps.remote === undefined ? KINDS : [...KINDS, deps.remote]);
  const clock = deps.clock ?? Date.now;
  const loaded = new Map<string, { readonly scorer: Promise<Scorer>; readonly untilMs: number }>();

  function keep(key: string, scorer: Promise<Scorer>): void {
    loaded.set(key, { scorer, untilMs: clock() + KEPT_MS });
    if (loaded.size > MAX_LOADED) loaded.delete(loaded.keys().next().value!);
    scorer.catch(() => {
      if (loaded.get(key)?.scorer === scorer) loaded.delete(key);
    });
  }

  return {
    /**
     * @param refs versions of scorers; several, or `merged`: classifiers that are asked together.
     * @throws ScoreError `unscorable` for what is no scorer that a server can run, `misconfigured`; what `readObject` throws.
     */
    load(refs: readonly string[], options: LoadOptions = {}): Promise<Scorer> {
      const isMerged = options.merged ?? refs.length > 1;
      const key = `${isMerged} ${refs.join(' ')}`;
      const known = loaded.get(key);
      loaded.delete(key);
      if (known !== undefined && known.untilMs > clock()) {
        loaded.set(key, known);
        return known.scorer;
      }
      const scorer = make(refs, isMerged, deps, kinds);
      keep(key, scorer);
      return scorer;
    },
  };
}

function byClass(kinds: readonly ScorerKind[]): ReadonlyMap<string, ScorerKind> {
  return new Map(kinds.flatMap((kind) => kind.classNames.map((name) => [name, kind] as const)));
}

async function make(
  refs: readonly string[],
  isMerged: boolean,
  deps: ScorerDeps,
  kinds: ReadonlyMap<string, ScorerKind>,
): Promise<Scorer> {
  const [first, ...others] = await Promise.all(refs.map((ref) => read(ref, deps, kinds)));
  if (first === undefined) throw new ScoreError('unscorable', 'no scorer is named');
  const { kind } = first;
  if (!isMerged) return kind.create(first.config, first.about, deps);
  const odd = [first, ...others].find((each) => each.kind !== kind || kind.merge === undefined);
  if (odd === undefined) return kind.merge!([first, ...others], deps);
  const { name, className } = odd.about;
  throw new ScoreError('unscorable', `${name}: ${className} cannot be one of several classifiers`);
}

interface Known extends Configured<unknown> {
  readonly kind: ScorerKind;
}

async function read(text: string, deps: ScorerDeps, kinds: ReadonlyMap<string, ScorerKind>): Promise<Known> {
  const ref = parseScorerRef(text);
  const what = `scorer ${text.slice(0, 300)}`;
  const bytes = await deps.readObject(formatRef({ ...ref, extra: [] }));
  if (bytes === null) throw new ScoreError('unscorable', `${what}: is not there`);
  const value = valueAt(JSON.parse(Buffer.from(bytes).toString('utf8')), ref.extra);
  const { ownName, className, classes, columnMap, codeOf, config } = readScorerObject(value, what);
  const name = ref.extra.length === 0 ? ref.name : (ownName ?? className);
  const about: ScorerAbout = { projectId: ref.projectId, name, ref: text, className, columnMap };
  const kind = classes.map((each) => kinds.get(each)).find((each) => each !== undefined);
  if (kind === undefined || isOwnCode(codeOf)) throw whatInstead(about, classes);
  const checked = kind.config.safeParse(config);
  if (!checked.success) throw new ScoreError('unscorable', `${name}: ${explain(checked.error)}`);
  return { kind, config: checked.data, about };
}
