import { AppError, formatRef, type TableRow } from '@weft/model';
import { membersToJson } from './members.ts';
import {
  objectVersion,
  SOURCE_FILE,
  sourceFile,
  table,
  type Publication,
  type Publisher,
} from './publish.ts';

/**
 * The objects that W&B's typed routes make (weave-api §4.13): what an SDK would have published. Values of clients are
 * bytes.
 */

const OBJECT_CLASS = ['Object', 'BaseModel'];
/** Members that make a value an object of its class: attributes cannot stand in for them. */
const OF_CLASS = ['_type', '_class_name', '_bases', 'files'];

/** A name as part of a ref: separators become `_`, what no object name may hold goes, the rest in lower case. */
export function toObjectId(name: string): string {
  return name
    .replace(/[ /]/g, '_')
    .replace(/[^\p{L}\p{N}_.-]/gu, '')
    .toLowerCase();
}

export function newOp(
  publisher: Publisher,
  { name, source }: { readonly name?: string; readonly source?: string },
): Publication {
  const objectId = name === undefined ? 'Op' : toObjectId(name);
  const file = sourceFile(publisher, source === undefined || source === '' ? standIn(objectId) : source);
  const val = membersToJson({
    _type: 'CustomWeaveType',
    weave_type: { type: 'Op' },
    files: { [SOURCE_FILE]: file.digest },
  });
  return objectVersion(publisher, objectId, val, [file.event]);
}

/** Source of an op that nobody has given any. */
function standIn(opName: string): string {
  const name = opName.slice(opName.lastIndexOf('.') + 1).replace(/\W/g, '_');
  return `import weave\n\n\n@weave.op\ndef ${/^\d/.test(name) ? '_' : ''}${name}(*args, **kwargs):\n    ...  # Made by the server: its code is not known.\n`;
}

export function newDataset(
  publisher: Publisher,
  { name, description, rows }: { name?: string; description?: string; rows: readonly TableRow[] },
): Publication {
  const { digest, events } = table(publisher, rows);
  const val = membersToJson({
    ...ofClass('Dataset', name ?? 'Dataset', description),
    rows: formatRef({ kind: 'table', projectId: publisher.projectId, digest, extra: [] }),
  });
  return objectVersion(publisher, name === undefined ? 'Dataset' : toObjectId(name), val, events);
}

export function newScorer(
  publisher: Publisher,
  { name, description, opSource }: { name: string; description?: string; opSource: string },
): Publication {
  const objectId = toObjectId(name);
  const score = newOp(publisher, { name: `${objectId}_score`, source: opSource });
  const summarize = newOp(publisher, { name: `${objectId}_summarize`, source: SUMMARIZE });
  const val = membersToJson({
    ...ofClass('Scorer', name, description),
    score: opRef(publisher, score),
    summarize: opRef(publisher, summarize),
    column_map: null,
  });
  return objectVersion(publisher, objectId, val, [...score.events, ...summarize.events]);
}

/** What the SDK does for a scorer without a summary of its own. */
const SUMMARIZE = `import weave
from weave.flow.scorer import auto_summarize


@weave.op
def summarize(self, score_rows: list):
    return auto_summarize(score_rows)
`;

export function newEvaluation(
  publisher: Publisher,
  evaluation: {
    readonly name: string;
    readonly description?: string;
    readonly dataset: string;
    readonly scorers?: readonly string[];
    readonly trials: number;
    readonly evaluationName?: string;
    readonly attributes: ReadonlyMap<string, Uint8Array>;
  },
): Publication {
  const objectId = toObjectId(evaluation.name);
  const [evaluate, predictAndScore, summarize] = ['evaluate', 'predict_and_score', 'summarize'].map(
    (method) => newOp(publisher, { name: `${objectId}.${method}` }),
  ) as [Publication, Publication, Publication];
  const val = membersToJson(
    {
      ...ofClass('Evaluation', evaluation.name, evaluation.description),
      dataset: evaluation.dataset,
      scorers: evaluation.scorers ?? [],
      trials: evaluation.trials,
      evaluation_name: evaluation.evaluationName ?? null,
      metadata: null,
      preprocess_model_input: null,
      evaluate: opRef(publisher, evaluate),
      predict_and_score: opRef(publisher, predictAndScore),
      summarize: opRef(publisher, summarize),
    },
    checked('eval_attributes', evaluation.attributes),
  );
  const before = [...evaluate.events, ...predictAndScore.events, ...summarize.events];
  return objectVersion(publisher, objectId, val, before);
}

export function newModel(
  publisher: Publisher,
  model: {
    readonly name: string;
    readonly description?: string;
    readonly source: string;
    readonly attributes: ReadonlyMap<string, Uint8Array>;
  },
): Publication {
  const file = sourceFile(publisher, model.source);
  const val = membersToJson(
    { ...ofClass('Model', model.name, model.description), files: { [SOURCE_FILE]: file.digest } },
    checked('attributes', model.attributes),
  );
  return objectVersion(publisher, toObjectId(model.name), val, [file.event]);
}

function ofClass(name: string, title: string, description: string | undefined) {
  return {
    _type: name,
    _class_name: name,
    _bases: OBJECT_CLASS,
    name: title,
    description: description ?? null,
  };
}

function checked(path: string, attributes: ReadonlyMap<string, Uint8Array>): ReadonlyMap<string, Uint8Array> {
  const taken = OF_CLASS.find((name) => attributes.has(name));
  if (taken !== undefined) throw new AppError('invalid_request', `${path}.${taken}: cannot be an attribute`);
  return attributes;
}

function opRef({ projectId }: Publisher, { objectId, digest }: Publication): string {
  return formatRef({ kind: 'op', projectId, name: objectId, version: digest, extra: [] });
}
