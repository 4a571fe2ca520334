import { checkStore, isGcCursor, type FileStorage, type GcDone, type GcProgress } from '@weft/file-storage';
import { principalOf, route, type Request, type Route } from '@weft/http';
import { AppError } from '@weft/model';
import type { Logger } from '@weft/runtime';
import type { ProjectLedger, TraceReader } from '@weft/trace-store';
import { storageCheck, storageGc, storageUsage, type StorageGcRequest } from '@weft/weave-api';
import { sendLiveLines } from '../completions/live-lines.ts';
import { sendJson } from '../send.ts';
import { noStore, type Garbage } from '../storage/garbage.ts';
import { keptAlive } from '../storage/kept-alive.ts';

const HOUR_MS = 3_600_000;
const MAX_PROJECTS = 10_000;

export interface StorageRoutesDeps {
  readonly reader: Pick<TraceReader, 'storageLedger'>;
  readonly fileStorage?: Pick<FileStorage, 'store' | 'uri'> | undefined;
  readonly garbage: Garbage;
  readonly logger: Logger;
}

/** The blob store, for its operator. What concerns all projects needs a key that is admin of all. */
export function storageRoutes({ reader, fileStorage, garbage, logger }: StorageRoutesDeps): Route[] {
  return [
    route(
      storageCheck,
      async (_request, { req, res, signal }) => {
        requireAdmin(req, undefined);
        const store = fileStorage?.store();
        if (store === undefined) throw noStore();
        const steps = [];
        for await (const { elapsedMs, ...step } of checkStore(store, signal))
          steps.push({ ...step, elapsed_ms: elapsedMs });
        const ok = steps.every((step) => step.ok);
        await sendJson(req, res, JSON.stringify({ uri: store.uri, ok, steps }));
      },
      { readsStore: false, bodyOptional: true },
    ),
    route(
      storageGc,
      async (request, { req, res, signal }) => {
        requireAdmin(req, request.project_id);
        if (request.after !== undefined && !isGcCursor(request.after))
          throw new AppError('invalid_request', 'after: is no key that this route has given');
        const { user } = principalOf(req);
        const audit = { user: user ?? '(no keys)', action: 'gc', ...request };
        logger.info({ audit }, 'storage');
        await sendLiveLines(req, res, keptAlive(linesOf(garbage, request, signal)));
      },
      { readsStore: false, bodyOptional: true },
    ),
    route(storageUsage, async ({ project_id: projectId }, { req, res, signal }) => {
      requireAdmin(req, projectId);
      const found = await reader.storageLedger({ projectId, limit: MAX_PROJECTS + 1 }, signal);
      const projects = found.slice(0, MAX_PROJECTS).map(renderLedger);
      const truncated = found.length > MAX_PROJECTS;
      await sendJson(req, res, JSON.stringify({ uri: fileStorage?.uri ?? null, projects, truncated }));
    }),
  ];
}

function requireAdmin(req: Request, projectId: string | undefined): void {
  const principal = principalOf(req);
  if (projectId === undefined ? principal.canAll('admin') : principal.can(projectId, 'admin')) return;
  throw new AppError(
    'forbidden',
    'storage needs a key with the role admin for every project, or one project to be named that it is admin of: weft keys create --role admin',
  );
}

async function* linesOf(
  garbage: Garbage,
  { project_id: projectId, dry_run: dryRun, grace_hours: graceHours, after }: StorageGcRequest,
  signal: AbortSignal,
): AsyncGenerator<object> {
  const graceMs = graceHours === undefined ? undefined : graceHours * HOUR_MS;
  for await (const line of garbage.collect({ projectId, dryRun, graceMs, after, signal }))
    yield renderLine(line, dryRun);
}

function renderLine(line: GcProgress | GcDone, dryRun: boolean): object {
  if (line.kind === 'progress') return line;
  const { projects, ...rest } = line;
  return {
    ...rest,
    dry_run: dryRun,
    projects: projects.map(({ projectId, tally }) => ({ project_id: projectId, ...tally })),
  };
}

function renderLedger({ projectId, blobFiles, tableFiles, payloads }: ProjectLedger): object {
  return { project_id: projectId, blob_files: blobFiles, table_files: tableFiles, payloads };
}
