import { JsonWriter } from '../json-writer.ts';
import type { GenAiEvent } from '../frameworks/gen-ai-events.ts';
import type { Instant, OtlpSpan, Value } from '../span.ts';
import { objectEntries, RawJson, writeLeaf, type Leaf } from '../tree.ts';

/** What was found of a span's result: `gen_ai.evaluation.result` of the GenAI conventions. */
export interface Evaluation {
  /** Of the measure; empty if it has none. */
  readonly name: string;
  /** The score where it is a finite number. */
  readonly score: number | null;
  readonly explanation: string | null;
  /** Microseconds since the epoch; null = not told. */
  readonly atUs: number | null;
  /** JSON object: those of `name`, `score`, `label`, `explanation`, `error` that were told, as they were told. */
  readonly payload: Uint8Array;
}

const EVENT = 'gen_ai.evaluation.result';
const FIELDS: readonly (readonly [member: string, key: string])[] = [
  ['name', 'gen_ai.evaluation.name'],
  ['score', 'gen_ai.evaluation.score.value'],
  ['label', 'gen_ai.evaluation.score.label'],
  ['explanation', 'gen_ai.evaluation.explanation'],
  ['error', 'error.type'],
];

const out = new JsonWriter();

/** Null if the event is none, or says nothing. */
export function evaluationOf(event: GenAiEvent, { us }: Instant): Evaluation | null {
  if (event.name !== EVENT) return null;
  const told = new Map<string, Value>();
  out.reset();
  out.raw('{');
  for (const [member, key] of FIELDS) {
    const value = valueOf(event, key);
    if (value === undefined) continue;
    out.member(member);
    writeLeaf(out, value, false);
    if (!(value instanceof RawJson)) told.set(member, value);
    else told.set(member, JSON.parse(value.bytes.toString()) as Value);
  }
  if (told.size === 0) return null;
  out.raw('}');
  const score = told.get('score');
  return {
    name: textOf(told.get('name')) ?? '',
    score: typeof score === 'number' && Number.isFinite(score) ? score : null,
    explanation: textOf(told.get('explanation')),
    atUs: us > 0 ? us : null,
    payload: out.copy(),
  };
}

/** Those told in events of the span itself. */
export function evaluationsOf(span: OtlpSpan): Evaluation[] {
  const found: Evaluation[] = [];
  for (const { name, attributes, time } of span.events) {
    if (name !== EVENT) continue;
    const evaluation = evaluationOf({ name, attributes, body: null }, time.us > 0 ? time : span.end);
    if (evaluation !== null) found.push(evaluation);
  }
  return found;
}

/** From the attributes; earlier versions of the convention had the same names in the body. */
function valueOf({ attributes, body }: GenAiEvent, key: string): Leaf | undefined {
  const value = attributes.get(key) ?? objectEntries(body)?.findLast(([name]) => name === key)?.[1];
  return value === null || value === '' ? undefined : value;
}

function textOf(value: Value | undefined): string | null {
  return typeof value === 'string' ? value : null;
}
