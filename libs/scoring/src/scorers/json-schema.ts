import { z } from 'zod';
import { localKind } from './local-scorer.ts';
import { compileSchema } from './schema.ts';

const Schema = z.record(z.string(), z.unknown());

/**
 * Whether the output is JSON that a schema (JSON Schema, draft 2020-12) allows.
 * `{"_class_name": "JSONSchemaScorer", "schema": {"type": "object", "required": ["answer"]}}`; the schema may be a text of JSON.
 * Says `{"passed": false, "errors": ["#: …"]}`.
 */
export const jsonSchema = localKind({
  classNames: ['JSONSchemaScorer'],
  config: z.looseObject({
    schema: z.union([Schema, z.string().transform((text, ctx) => fromText(text, ctx))]),
  }),
  prepare: ({ schema }, _, { name }) => {
    const check = compileSchema(schema, name);
    return (subject) => {
      const value = parse(subject.outputJson());
      const errors = value === undefined ? ['#: is not valid JSON'] : check(value);
      return { output: { passed: errors.length === 0, errors } };
    };
  },
});

/**
 * W&B: `weave.scorers.PydanticScorer(model=Answer)`, which publishes the model's JSON schema. Says `{"valid_pydantic": true}`.
 * The schema decides, so values that pydantic would convert ("1" for 1) do not pass.
 */
export const pydantic = localKind({
  classNames: ['PydanticScorer'],
  config: z.looseObject({ model: Schema }),
  prepare: ({ model }, _, { name }) => {
    const check = compileSchema(model, name);
    return (subject) => {
      const value = parse(subject.outputJson());
      return { output: { valid_pydantic: value !== undefined && check(value).length === 0 } };
    };
  },
});

function fromText(text: string, ctx: z.RefinementCtx): Readonly<Record<string, unknown>> {
  const parsed = Schema.safeParse(parse(text));
  if (parsed.success) return parsed.data;
  ctx.addIssue({ code: 'custom', message: 'is no JSON object' });
  return z.NEVER;
}

/** Undefined = no JSON. */
function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
