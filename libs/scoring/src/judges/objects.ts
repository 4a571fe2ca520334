import { formatRef, parseRef, type Ref } from '@weft/model';
import type { z } from 'zod';
import { explain, valueAt } from '../scorer-object.ts';
import { ScoreError } from '../scorer.ts';
import type { ScorerAbout, ScorerDeps } from '../scorer-kind.ts';

/** What the objects of a scorer are read with. */
export interface Objects {
  readonly deps: ScorerDeps;
  readonly about: ScorerAbout;
}

export function isRef(value: unknown): value is string {
  return typeof value === 'string' && value.startsWith('weave:///');
}

/**
 * The value that a member is, or that its ref leads to, checked. @param what names the member in errors.
 * @throws ScoreError `unscorable` for what is not there, is of another project or of another shape.
 */
export async function readMember<T>(
  value: unknown,
  schema: z.ZodType<T>,
  what: string,
  objects: Objects,
): Promise<T> {
  const found = isRef(value) ? await followRef(value, what, objects) : value;
  const parsed = schema.safeParse(found);
  if (!parsed.success) throw unscorable(objects, `${what}: ${explain(parsed.error)}`);
  return parsed.data;
}

async function followRef(text: string, what: string, objects: Objects): Promise<unknown> {
  const ref = parse(text, what, objects);
  // What another project keeps is not shown by way of a judge.
  if (ref.projectId !== objects.about.projectId)
    throw unscorable(objects, `${what}: ${text.slice(0, 300)} is an object of another project`);
  const bytes = await objects.deps.readObject(formatRef({ ...ref, extra: [] }));
  if (bytes === null) throw unscorable(objects, `${what}: ${text.slice(0, 300)} is not there`);
  return valueAt(JSON.parse(Buffer.from(bytes).toString('utf8')), ref.extra);
}

function parse(text: string, what: string, objects: Objects): Extract<Ref, { kind: 'object' | 'op' }> {
  let ref: Ref;
  try {
    ref = parseRef(text);
  } catch {
    throw unscorable(objects, `${what}: ${text.slice(0, 300)} is no ref`);
  }
  if (ref.kind === 'object') return ref;
  throw unscorable(objects, `${what}: ${text.slice(0, 300)} is not the ref of an object`);
}

export function unscorable({ about }: Pick<Objects, 'about'>, message: string): ScoreError {
  return new ScoreError('unscorable', `${about.name}: ${message}`);
}
