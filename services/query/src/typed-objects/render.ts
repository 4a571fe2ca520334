import { AppError, entriesOf, formatInstant, jsonObject, textAt, valueAt } from '@weft/model';
import type { StoredObject } from '@weft/trace-store';
import type { FileContents } from '../file-contents.ts';
import { membersToJson } from './members.ts';
import { SOURCE_FILE } from './publish.ts';

/** One version as a typed route answers it (weave-api §4.13). It is not deleted and has its value. */
export type RenderTyped = (object: StoredObject, files: FileContents) => Promise<Buffer>;

const NULL = Buffer.from('null');
const EMPTY_LIST = Buffer.from('[]');
/** Members of a model's value that are no attributes. */
const OF_MODEL: ReadonlySet<string> = new Set([
  '_type',
  '_class_name',
  '_bases',
  'name',
  'description',
  'files',
]);

export const renderOp: RenderTyped = async (object, files) =>
  jsonObject({ ...head(object), code: await sourceOf(object, files) });

export const renderDataset: RenderTyped = async (object) =>
  jsonObject({ ...named(object), rows: textAt(object.val, 'rows') ?? '' });

export const renderScorer: RenderTyped = async (object) =>
  jsonObject({ ...named(object), score_op: textAt(object.val, 'score') ?? '' });

export const renderEvaluation: RenderTyped = async (object) => {
  const { val } = object;
  return jsonObject({
    ...named(object),
    dataset: textAt(val, 'dataset') ?? '',
    scorers: valueAt(val, 'scorers') ?? EMPTY_LIST,
    trials: valueAt(val, 'trials') ?? 1,
    evaluation_name: valueAt(val, 'evaluation_name') ?? NULL,
    evaluate_op: textAt(val, 'evaluate') ?? '',
    predict_and_score_op: textAt(val, 'predict_and_score') ?? '',
    summarize_op: textAt(val, 'summarize') ?? '',
  });
};

export const renderModel: RenderTyped = async (object, files) => {
  const attributes = new Map([...entriesOf(object.val)].filter(([name]) => !OF_MODEL.has(name)));
  return jsonObject({
    ...named(object),
    source_code: await sourceOf(object, files),
    attributes: attributes.size === 0 ? NULL : membersToJson({}, attributes),
  });
};

function head({ objectId, digest, versionIndex, createdAtUs }: StoredObject) {
  const created = formatInstant(createdAtUs);
  return { object_id: objectId, digest, version_index: versionIndex, created_at: created };
}

function named(object: StoredObject) {
  const name = textAt(object.val, 'name') ?? object.objectId;
  return { ...head(object), name, description: textAt(object.val, 'description') ?? null };
}

/** A file that is larger is no source of an op. */
const MAX_SOURCE_BYTES = 4 * 1024 * 1024;

/** Empty where there is none, or it is not there any more. */
async function sourceOf({ projectId, val }: StoredObject, files: FileContents): Promise<string> {
  const digest = textAt(val, 'files', SOURCE_FILE);
  const file = digest === undefined ? null : await files.find(projectId, digest);
  if (digest === undefined || file === null || file.sizeBytes > MAX_SOURCE_BYTES) return '';
  const parts: Buffer[] = [];
  try {
    for await (const part of await files.open(projectId, digest, file)) parts.push(part);
  } catch (error) {
    if (error instanceof AppError && error.code === 'not_found') return '';
    throw error;
  }
  return Buffer.concat(parts).toString('utf8');
}
