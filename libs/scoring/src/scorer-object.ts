import { parseRef, type Ref, type RefStep } from '@weft/model';
import { z } from 'zod';
import { ScoreError } from './scorer.ts';

/** The value of a scorer's object, as Weave's clients publish it. */

const ScorerObject = z.looseObject({
  _class_name: z.string().optional(),
  _type: z.string().optional(),
  _bases: z.array(z.string()).catch([]),
  name: z.string().nullish().catch(null),
  column_map: z.record(z.string(), z.string()).nullish(),
});

export interface ReadScorer {
  readonly ownName: string | undefined;
  /** Of an object without `_class_name` its `_type`. */
  readonly className: string;
  /** The class itself, then its bases, the nearest first. */
  readonly classes: readonly string[];
  readonly columnMap: ReadonlyMap<string, string>;
  /** Class that defines its `score` method, where one was published with it. */
  readonly codeOf: string | undefined;
  /** Members of its own: configuration. */
  readonly config: Readonly<Record<string, unknown>>;
}

/** @throws ScoreError `unscorable` */
export function readScorerObject(value: unknown, what: string): ReadScorer {
  const parsed = ScorerObject.safeParse(value);
  if (!parsed.success) throw new ScoreError('unscorable', `${what}: ${explain(parsed.error)}`);
  const { _class_name: given, _type: type, _bases: bases, name, column_map: columnMap } = parsed.data;
  const className = given ?? type ?? '';
  return {
    ownName: name ?? undefined,
    className,
    classes: [className, ...bases],
    columnMap: new Map(Object.entries(columnMap ?? {})),
    codeOf: METHOD.exec(typeof parsed.data.score === 'string' ? parsed.data.score : '')?.[1],
    config: Object.fromEntries(Object.entries(parsed.data).filter(([key, own]) => !isCommon(key, own))),
  };
}

const COMMON = new Set(['_class_name', '_type', '_bases', 'name', 'description', 'column_map', 'ref']);

/** Ref of a method that Python published: its op is named after the class that defines it. */
const METHOD = /^weave:\/\/\/[^/]+\/[^/]+\/op\/([^:/]+)\.score:/;

/** Members of every scorer, and methods, which Python publishes as refs of ops. */
function isCommon(key: string, value: unknown): boolean {
  return COMMON.has(key) || (typeof value === 'string' && /^weave:\/\/\/[^/]+\/[^/]+\/op\//.test(value));
}

/** A scorer's ref. @throws ScoreError `unscorable` */
export function parseScorerRef(text: string): Extract<Ref, { kind: 'object' | 'op' }> {
  const ref = tryParse(text);
  if (ref.kind === 'object' || ref.kind === 'op') return ref;
  throw new ScoreError('unscorable', `scorer ${text.slice(0, 300)}: is not the ref of an object`);
}

function tryParse(text: string): Ref {
  try {
    return parseRef(text);
  } catch (cause) {
    throw new ScoreError('unscorable', `scorer: ${(cause as Error).message}`, { cause });
  }
}

/** The value that the steps lead to; undefined = there is none. */
export function valueAt(value: unknown, steps: readonly RefStep[]): unknown {
  let found = value;
  for (const { value: key } of steps) {
    if (typeof found !== 'object' || found === null || !Object.hasOwn(found, key)) return undefined;
    found = (found as Record<string, unknown>)[key];
  }
  return found;
}

/** What zod found, in one line: `threshold: Invalid input…`. */
export function explain(error: z.ZodError): string {
  return error.issues
    .slice(0, 3)
    .map(({ path, message }) => (path.length === 0 ? message : `${path.join('.')}: ${message}`))
    .join('; ');
}
