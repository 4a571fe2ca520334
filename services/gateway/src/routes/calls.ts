import {
  authorOf,
  createRouter,
  readBody,
  requireProject,
  type Request,
  type Response,
  type Router,
} from '@weft/http';
import { AppError, encodeCallUpdated, isValidId, JsonMembers, parseProjectId } from '@weft/model';
import {
  frameCompleteBatch,
  frameSingle,
  frameUpsertBatch,
  readItems,
  type BatchItem,
  type ReadBatch,
  type ReadContext,
} from '../call-batch.ts';
import { pathProject, type Ingest } from '../ingest.ts';

/** Reasons named in one answer; the dead letters have them all. */
const MAX_REASONS = 100;

const SPAN_ID = /^[0-9a-f]{16}$/;

/** Writes of calls, both protocols in every project: W&B's refusal of the older one ends the process of npm users. */
export function callRoutes(ingest: Ingest): Router {
  const router = createRouter();

  router.post('/call/upsert_batch', async (req, res) => {
    const batch = await store(frameUpsertBatch(await readBody(req)), req, null);
    res.json({ res: batch.results.map((result) => result ?? {}), ...errorsOf(batch) });
  });
  router.post('/call/start', (req, res) => single(req, res, 'start', null));
  router.post('/call/end', (req, res) => single(req, res, 'end', null));

  // `/object/…` is what SDKs of late 2025 send.
  for (const prefix of ['/v2/:entity/:project', '/object/:entity/:project']) {
    router.post(`${prefix}/calls/complete`, async (req, res) => {
      const projectId = projectOfPath(req);
      const batch = await store(frameCompleteBatch(await readBody(req)), req, projectId);
      res.json(errorsOf(batch));
    });
    router.post(`${prefix}/call/start`, (req, res) => single(req, res, 'start', projectOfPath(req)));
    router.post(`${prefix}/call/end`, (req, res) => single(req, res, 'end', projectOfPath(req)));
  }

  router.post('/call/update', async (req, res) => {
    const body = JsonMembers.parse(await readBody(req));
    const projectId = parseProjectId(body.text('project_id'));
    requireProject(req, projectId, 'write');
    const id = body.requiredText('call_id');
    if (!isValidId(id)) throw body.invalid('call_id', 'is not an id');
    const displayName = body.requiredText('display_name');
    const userId = authorOf(req, projectId, body.text('wb_user_id'));
    const payload = encodeCallUpdated({ displayName });
    // Spans are in the log by their trace, their names by id: two writers may have them, and the second must find the first,
    // be it the span that was there before the name, or the one that is sent after it.
    const isOfSpans = SPAN_ID.test(id);
    if (isOfSpans) await ingest.awaitStored();
    await ingest.append([
      { kind: 'call.updated', projectId, id, userId, receivedAtUs: ingest.nowUs(), note: '', payload },
    ]);
    if (isOfSpans) await ingest.awaitStored();
    res.json({});
  });

  function context(req: Request, projectId: string | null): ReadContext {
    const allowed = new Set<string>();
    return {
      projectId,
      checkProject: (id) => {
        if (allowed.has(id)) return;
        requireProject(req, id, 'write');
        allowed.add(id);
      },
      authorOf: (id, claimed) => authorOf(req, id, claimed),
      receivedAtUs: ingest.nowUs(),
    };
  }

  async function store(
    items: readonly BatchItem[],
    req: Request,
    projectId: string | null,
  ): Promise<ReadBatch> {
    const batch = readItems(items, context(req, projectId));
    await ingest.quarantine(batch.rejected, req);
    await ingest.append(batch.events);
    return batch;
  }

  async function single(
    req: Request,
    res: Response,
    member: 'start' | 'end',
    projectId: string | null,
  ): Promise<void> {
    const { events, results, rejected } = readItems(
      [frameSingle(await readBody(req), member)],
      context(req, projectId),
    );
    // The only item of its request: its sender is told, nothing needs to be kept.
    if (rejected[0] !== undefined) {
      const { reason } = rejected[0];
      const joint = /^[\w.]+: /.test(reason) ? '.' : ' '; // "start.id: is required", "start is not valid UTF-8"
      throw new AppError('invalid_request', `${member}${joint}${reason}`);
    }
    await ingest.append(events);
    res.json(results[0] ?? {});
  }

  return router;
}

function projectOfPath(req: Request): string {
  const projectId = parseProjectId(pathProject(req), 'path');
  requireProject(req, projectId, 'write');
  return projectId;
}

function errorsOf({ rejected }: ReadBatch): { errors?: { index: number; reason: string }[] } {
  if (rejected.length === 0) return {};
  return { errors: rejected.slice(0, MAX_REASONS).map(({ index, reason }) => ({ index, reason })) };
}
