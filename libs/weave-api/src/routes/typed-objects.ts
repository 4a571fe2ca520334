import { z } from 'zod';
import { given, limit, offset, projectId } from '../members.ts';
import { defineRoute, json, lines } from '../route-spec.ts';

/** Objects of one kind, made and read by their fields (weave-api §4.13): the same objects as those of `/obj/create`. */

const tag = 'Typed objects';
const text = z.string();
const optionalText = given(text);
const attributes = given(z.looseObject({}));

/** A query string holds texts. An empty one is not given. */
function whole(schema: typeof limit) {
  return z.preprocess(
    (sent) => (typeof sent === 'string' ? (sent === '' ? undefined : Number(sent)) : sent),
    schema,
  );
}

const Created = { digest: text, object_id: text, version_index: z.int() };
const Version = { object_id: text, digest: text, version_index: z.int(), created_at: z.iso.datetime() };
const Named = { ...Version, name: text, description: text.nullable() };

const project = { project_id: projectId };
const ListRequest = z.object({ ...project, limit: whole(limit), offset: whole(offset) });
export type TypedListRequest = z.output<typeof ListRequest>;
const ReadRequest = z.object({ ...project, object_id: text, digest: text });
const DeleteRequest = z.object({
  ...project,
  object_id: text,
  /** Digests, `latest` or `vN`, with commas between; without it all versions. An empty one names nothing. */
  digests: given(z.union([text, z.array(text)])).transform((sent) =>
    sent === undefined ? undefined : [sent].flat().flatMap((each) => each.split(',')),
  ),
});

/** The four routes of a kind; `kind` is the plural in the path. */
function kindOf<R extends z.ZodType<object>>(
  kind: string,
  create: { readonly request: R; readonly answer?: Readonly<Record<string, z.ZodType>> },
  read: z.ZodType,
) {
  const path = `/v2/{entity}/{project}/${kind}`;
  return {
    create: defineRoute({
      method: 'post',
      path,
      tag,
      access: 'write',
      summary: `Publishes one of the ${kind}`,
      request: create.request,
      answer: json(z.object({ ...Created, ...create.answer })),
    }),
    list: defineRoute({
      method: 'get',
      path,
      tag,
      summary: `Versions of ${kind}, as JSON lines`,
      request: ListRequest,
      answer: lines(read),
    }),
    read: defineRoute({
      method: 'get',
      path: `${path}/{object_id}/versions/{digest}`,
      tag,
      summary: `One version of one of the ${kind}: by digest, \`latest\`, \`vN\` or alias`,
      request: ReadRequest,
      answer: json(read),
    }),
    delete: defineRoute({
      method: 'delete',
      path: `${path}/{object_id}`,
      tag,
      access: 'write',
      summary: `Deletes versions of one of the ${kind}, or all of them`,
      request: DeleteRequest,
      answer: json(z.object({ num_deleted: z.int() })),
    }),
  };
}

export const ops = kindOf(
  'ops',
  { request: z.object({ ...project, name: optionalText, source_code: optionalText }) },
  z.object({ ...Version, code: text }),
);

export const datasets = kindOf(
  'datasets',
  {
    request: z.object({
      ...project,
      name: optionalText,
      description: optionalText,
      rows: z.array(z.looseObject({})).max(500_000),
    }),
  },
  z.object({ ...Named, rows: text }),
);

export const scorers = kindOf(
  'scorers',
  {
    request: z.object({ ...project, name: text, description: optionalText, op_source_code: text }),
    answer: { scorer: text },
  },
  z.object({ ...Named, score_op: text }),
);

export const evaluations = kindOf(
  'evaluations',
  {
    request: z.object({
      ...project,
      name: text,
      description: optionalText,
      dataset: text,
      scorers: given(z.array(text).max(1000)),
      trials: z.int().default(1),
      evaluation_name: optionalText,
      eval_attributes: attributes,
    }),
    answer: { evaluation_ref: text },
  },
  z.object({
    ...Named,
    dataset: text,
    scorers: z.array(z.unknown()),
    trials: z.unknown(),
    evaluation_name: z.unknown(),
    evaluate_op: text,
    predict_and_score_op: text,
    summarize_op: text,
  }),
);

export const models = kindOf(
  'models',
  {
    request: z.object({ ...project, name: text, description: optionalText, source_code: text, attributes }),
    answer: { model_ref: text },
  },
  z.object({ ...Named, source_code: text, attributes: z.looseObject({}).nullable() }),
);

export const TYPED_OBJECT_ROUTES = [ops, datasets, scorers, evaluations, models].flatMap((kind) => [
  kind.create,
  kind.list,
  kind.read,
  kind.delete,
]);
