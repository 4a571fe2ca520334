import type { EventLog } from '@weft/event-log';
import { route, type Route, type RouteContext } from '@weft/http';
import { AppError, entriesOf, formatInstant, formatRef, JsonMembers, type TableRow } from '@weft/model';
import { createTurns } from '@weft/runtime';
import type { ObjectsFilter, StoredObject, TraceReader } from '@weft/trace-store';
import { datasets, evaluations, models, ops, scorers, type TypedListRequest } from '@weft/weave-api';
import { deleteObjects } from '../delete-objects.ts';
import { digests as digestOf } from '../digests.ts';
import type { FileContents } from '../file-contents.ts';
import { JsonOut } from '../json-out.ts';
import { linesContentType, sendChunks, sendJson } from '../send.ts';
import { newDataset, newEvaluation, newModel, newOp, newScorer } from '../typed-objects/create.ts';
import { publish, type Publication, type Published, type Publisher } from '../typed-objects/publish.ts';
import {
  renderDataset,
  renderEvaluation,
  renderModel,
  renderOp,
  renderScorer,
  type RenderTyped,
} from '../typed-objects/render.ts';

const MAX_BODY_BYTES = 32 * 1024 * 1024;
const MAX_ROWS = 500_000;
/** Memory held for an answer that is on its way out. */
const FLUSH_BYTES = 256 * 1024;
/** Files that are read at the same time. */
const READ_AT_ONCE = 4;

/** What one kind of object is. */
interface Kind {
  readonly specs: typeof ops | typeof datasets | typeof scorers | typeof evaluations | typeof models;
  /** In messages: W&B's word. */
  readonly title: string;
  readonly filter: ObjectsFilter;
  readonly render: RenderTyped;
}

const OPS: Kind = { specs: ops, title: 'Op', filter: { isOp: true }, render: renderOp };
const DATASETS = kindOf(datasets, 'Dataset', renderDataset);
const SCORERS = kindOf(scorers, 'Scorer', renderScorer);
const EVALUATIONS = kindOf(evaluations, 'Evaluation', renderEvaluation);
const MODELS = kindOf(models, 'Model', renderModel);

function kindOf(specs: Kind['specs'], baseClass: string, render: RenderTyped): Kind {
  return { specs, title: 'Obj', filter: { isOp: false, baseObjectClasses: [baseClass] }, render };
}

/** Objects by kind (weave-api §4.13): another face of objects, tables and files. */
export function typedObjectRoutes(
  reader: TraceReader,
  files: FileContents,
  eventLog: Pick<EventLog, 'append'>,
): Route[] {
  const answer = async (
    { req, res }: RouteContext,
    { projectId }: Publisher,
    publication: Publication,
    more: (published: Published) => object = () => ({}),
  ): Promise<void> => {
    const published = await publish(reader, eventLog, projectId, publication);
    const { digest, objectId, versionIndex } = published;
    const created = { digest, object_id: objectId, version_index: versionIndex };
    await sendJson(req, res, JSON.stringify({ ...created, ...more(published) }));
  };

  const creates = [
    route(
      ops.create,
      async (request, context) => {
        const by = publisher(request, context);
        await answer(context, by, newOp(by, { name: request.name, source: request.source_code }));
      },
      { maxBodyBytes: MAX_BODY_BYTES },
    ),
    route(
      datasets.create,
      async (request, context) => {
        const by = publisher(request, context);
        const { name, description, rows: sent } = request as unknown as NewDataset;
        await answer(context, by, newDataset(by, { name, description, rows: await tableRows(sent) }));
      },
      { maxBodyBytes: MAX_BODY_BYTES, parse: parseDataset },
    ),
    route(
      scorers.create,
      async (request, context) => {
        const by = publisher(request, context);
        const { name, description, op_source_code: opSource } = request;
        await answer(context, by, newScorer(by, { name, description, opSource }), (scorer) => ({
          scorer: objectRef(by, scorer),
        }));
      },
      { maxBodyBytes: MAX_BODY_BYTES },
    ),
    route(evaluations.create, async (request, context) => {
      const by = publisher(request, context);
      const { name, description, dataset, scorers: refs, trials, evaluation_name: evaluationName } = request;
      const attributes = sentMembers(context, 'eval_attributes');
      const made = newEvaluation(by, {
        name,
        description,
        dataset,
        scorers: refs,
        trials,
        evaluationName,
        attributes,
      });
      await answer(context, by, made, (evaluation) => ({ evaluation_ref: objectRef(by, evaluation) }));
    }),
    route(
      models.create,
      async (request, context) => {
        const by = publisher(request, context);
        const { name, description, source_code: source } = request;
        const attributes = sentMembers(context, 'attributes');
        const made = newModel(by, { name, description, source, attributes });
        await answer(context, by, made, (model) => ({ model_ref: objectRef(by, model) }));
      },
      { maxBodyBytes: MAX_BODY_BYTES },
    ),
  ];
  const kinds = [OPS, DATASETS, SCORERS, EVALUATIONS, MODELS];
  return [...creates, ...kinds.flatMap((kind) => readRoutes(kind, reader, files, eventLog))];
}

function readRoutes(
  kind: Kind,
  reader: TraceReader,
  files: FileContents,
  eventLog: Pick<EventLog, 'append'>,
): Route[] {
  const { specs, title } = kind;
  return [
    route(specs.list, (request, { req, res, signal }) =>
      sendChunks(req, res, linesContentType(req), renderList(kind, { reader, files }, request, signal)),
    ),
    route(specs.read, async (request, { req, res }) => {
      const { project_id: projectId, object_id: objectId, digest } = request;
      const object = await reader.readObject(projectId, objectId, digest, { vals: true });
      if (object === null || !isOfKind(object, kind))
        throw new AppError('not_found', `${title} ${objectId}:${digest} not found`);
      if (object.deletedAtUs !== null) throw wasDeleted(object);
      await sendJson(req, res, await kind.render(object, files));
    }),
    route(specs.delete, async (request, { req, res, userId }) => {
      await assertOfKind(kind, reader, request);
      const deleted = await deleteObjects(reader, eventLog, request, userId);
      await sendJson(req, res, JSON.stringify({ num_deleted: deleted.length }));
    }),
  ];
}

async function* renderList(
  { filter, render, specs }: Kind,
  { reader, files }: { readonly reader: TraceReader; readonly files: FileContents },
  { project_id: projectId, limit, offset }: TypedListRequest,
  signal: AbortSignal,
): AsyncGenerator<Buffer> {
  // W&B: pages of ops are by name, the latest version first; everything else is in the order of publication.
  const isByName = specs === ops && (limit !== undefined || offset !== undefined);
  const sort = isByName
    ? ([
        { field: 'object_id', direction: 'asc' },
        { field: 'created_at', direction: 'desc' },
      ] as const)
    : [];
  const query = { projectId, filter, sort, limit, offset, vals: true, labels: false };
  const out = new JsonOut({ oneLine: true });
  for await (const objects of reader.streamObjects(query, signal)) {
    for (let at = 0; at < objects.length; at += READ_AT_ONCE) {
      const some = objects.slice(at, at + READ_AT_ONCE);
      for (const line of await Promise.all(some.map((object) => render(object, files)))) {
        out.bytes(line);
        out.text('\n');
      }
      if (out.sizeBytes >= FLUSH_BYTES) yield out.take();
    }
  }
  if (out.sizeBytes > 0) yield out.take();
}

/** Objects without a class are of every kind but op. */
function isOfKind(object: StoredObject, { filter }: Kind): boolean {
  if ((object.kind === 'op') !== filter.isOp) return false;
  const { baseObjectClass: base } = object;
  return base === null || filter.baseObjectClasses === undefined || filter.baseObjectClasses.includes(base);
}

/** What is of another kind is not there. @throws AppError `not_found` */
async function assertOfKind(
  kind: Kind,
  reader: TraceReader,
  request: { readonly project_id: string; readonly object_id: string; readonly digests?: readonly string[] },
): Promise<void> {
  const { project_id: projectId, object_id: objectId, digests = ['latest'] } = request;
  const found = await reader.findVersions(projectId, objectId, digests);
  if (found.size > 0 && [...found.values()].every((version) => isOfKind(version, kind))) return;
  const what = kind === OPS ? 'Op object' : 'Object';
  throw new AppError('not_found', `${what} ${objectId} (${digests.join(', ')}) not found when deleting.`);
}

function wasDeleted({ objectId, versionIndex, deletedAtUs }: StoredObject): AppError {
  const details = { deleted_at: formatInstant(deletedAtUs!) };
  return new AppError('not_found', `${objectId}:v${versionIndex} was deleted at ${details.deleted_at}`, {
    details,
  });
}

interface NewDataset {
  readonly project_id: string;
  readonly name?: string;
  readonly description?: string;
  readonly rows: readonly Uint8Array[];
}

/** `project_id` comes from the path. */
function parseDataset(body: Buffer): Omit<NewDataset, 'project_id'> {
  const members = JsonMembers.parse(body);
  const rows = members.elements('rows');
  if (rows.length > MAX_ROWS)
    throw new AppError('request_too_large', `rows: more than ${MAX_ROWS} rows in one request`);
  return {
    name: members.text('name') ?? undefined,
    description: members.text('description') ?? undefined,
    rows,
  };
}

async function tableRows(sent: readonly Uint8Array[]): Promise<TableRow[]> {
  const rows: TableRow[] = [];
  const rest = createTurns();
  for (const [i, val] of sent.entries()) {
    if (val[0] !== 0x7b) throw new AppError('unsupported_member', `rows[${i}]: must be an object`);
    rows.push({ val, digest: digestOf.json(val) });
    const pause = rest();
    if (pause !== undefined) await pause;
  }
  return rows;
}

/** The values of the object `name` as they were sent. */
function sentMembers({ body }: RouteContext, name: string): Map<string, Uint8Array> {
  return entriesOf(JsonMembers.parse(body).optional(name));
}

function publisher({ project_id: projectId }: { project_id: string }, { userId }: RouteContext): Publisher {
  return { projectId, userId };
}

function objectRef({ projectId }: Publisher, { objectId, digest }: Published): string {
  return formatRef({ kind: 'object', projectId, name: objectId, version: digest, extra: [] });
}
