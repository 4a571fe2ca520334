import { JsonMembers } from '@weft/model';
import { z } from 'zod';
import { ScoreError, type Verdict } from '../scorer.ts';
import { explain } from '../scorer-object.ts';
import type { SchemaVersion } from './request.ts';

const MAX_SCORES = 100;
const MAX_TAG = 36;

const Score = z.object({
  value: z.union([z.string().min(1).max(MAX_TAG), z.number().min(0).max(1)]),
  reason: z.string().max(16_384).nullish(),
  confidence: z.number().min(0).max(1).nullish(),
  /** Beyond W&B: tells several ratings apart. */
  name: z.string().min(1).max(128).nullish(),
});

const ManyScores = z.array(Score).min(1).max(MAX_SCORES);
const Result = z.union([Score, ManyScores, z.object({ scores: ManyScores })]);

type Said = Pick<Verdict, 'output' | 'tags' | 'ratings'>;

/**
 * What a remote scorer answered: `{schema_version, result}`, the result one score, a list, or `{scores: […]}`. Values out of
 * their range are refused, never moved into it.
 * @param isStructured false: what is no such result is taken as it is, without tags and ratings.
 * @throws ScoreError `garbage`
 */
export function readResult(
  body: Uint8Array,
  { schemaVersion, isStructured }: { schemaVersion: SchemaVersion; isStructured: boolean },
): Said {
  const { version, result } = open(body);
  if (version !== schemaVersion) throw garbage(`schema_version is not ${schemaVersion}`);
  if (result === undefined || result === null) throw garbage('it has no result');
  const parsed = Result.safeParse(result);
  if (!parsed.success) {
    if (!isStructured) return { output: result };
    throw garbage(`result: ${explain(parsed.error)}`);
  }
  return toSaid(parsed.data);
}

function open(body: Uint8Array): { readonly version: unknown; readonly result: unknown } {
  try {
    const members = JsonMembers.parse(body);
    return { version: valueOf(members.raw('schema_version')), result: valueOf(members.raw('result')) };
  } catch (cause) {
    throw new ScoreError('garbage', 'the remote scorer: its answer is no JSON object', { cause });
  }
}

function valueOf(raw: Uint8Array | null): unknown {
  return raw === null ? undefined : (JSON.parse(Buffer.from(raw).toString('utf8')) as unknown);
}

function toSaid(result: z.output<typeof Result>): Said {
  const scores = Array.isArray(result) ? result : 'scores' in result ? result.scores : [result];
  const tags: NonNullable<Verdict['tags']>[number][] = [];
  const ratings: NonNullable<Verdict['ratings']>[number][] = [];
  for (const { value, reason, confidence, name } of scores) {
    const more = { ...(reason == null ? {} : { reason }), ...(confidence == null ? {} : { confidence }) };
    if (typeof value === 'string') tags.push({ tag: value, ...more });
    else ratings.push({ name: name ?? nthName(ratings.length), value, ...more });
  }
  if (new Set(ratings.map(({ name }) => name)).size < ratings.length)
    throw garbage('result: two ratings have one name');
  if (new Set(tags.map(({ tag }) => tag)).size < tags.length) throw garbage('result: a tag is there twice');
  return { output: result, tags, ratings };
}

/** What W&B calls a rating without a name (`rating_min` of feedback aggregates asks for it); further ones are numbered. */
function nthName(index: number): string {
  return index === 0 ? '_rating_' : `_rating_${index + 1}`;
}

function garbage(message: string): ScoreError {
  return new ScoreError('garbage', `the remote scorer's answer cannot be used: ${message}`);
}
