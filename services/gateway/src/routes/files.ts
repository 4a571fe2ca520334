import type { FileStorage } from '@weft/file-storage';
import {
  authorOf,
  createRouter,
  createSpool,
  receiveFile,
  requireProject,
  type FileLimit,
  type ReceivedFile,
  type Request,
  type Response,
  type Router,
} from '@weft/http';
import { AppError, digestOfSha256, encodeStoredFile, parseProjectId, type TraceEvent } from '@weft/model';
import type { Metrics } from '@weft/runtime';
import type { GatewayConfig } from '../config.ts';
import { assertExpectedDigest } from '../digests.ts';
import type { Ingest } from '../ingest.ts';

export interface FileRoutesDeps {
  readonly ingest: Ingest;
  /** Undefined: all files ride the log. */
  readonly fileStorage: FileStorage | undefined;
  readonly metrics: Metrics;
  readonly config: Pick<GatewayConfig, 'WEFT_MAX_FILE_BYTES' | 'WEFT_SPOOL_MAX_BYTES'>;
}

/** Of a file that rides the log. */
const LOG_MAX_BYTES = 32 * 1024 * 1024;
/** Files up to this ride the log while the store is away. */
const SMALL_BYTES = 256 * 1024;

/** Bytes under their digest: in the project's blob store, or in the log (ADR 013). */
export function fileRoutes({ ingest, fileStorage, metrics, config }: FileRoutesDeps): Router {
  const router = createRouter();
  const spool = createSpool({ maxBytes: config.WEFT_SPOOL_MAX_BYTES });
  const files = metrics.counter({
    name: 'gateway_files_total',
    help: 'Files that were taken, by where their bytes went: to the blob store or into the log',
    labels: ['to'],
  });
  metrics.gauge({
    name: 'gateway_spool_bytes',
    help: 'Bytes of uploads in temporary files',
    collect: (gauge) => gauge.set(spool.heldBytes),
  });

  // One route, two names: Python of 2025 says /files/create.
  router.post('/file/create', createFile);
  router.post('/files/create', createFile);

  async function createFile(req: Request, res: Response): Promise<void> {
    const limit = (fields: ReadonlyMap<string, string>) => limitOf(req, fields);
    const { fields, file } = await receiveFile(req, { spool, limit });
    try {
      const projectId = projectOf(req, fields.get('project_id'));
      if (file === undefined) throw new AppError('invalid_request', 'file: is required');
      const digest = digestOfSha256(file.sha256);
      assertExpectedDigest(fields.get('expected_digest') ?? null, digest);
      const event = await eventOf(projectId, authorOf(req, projectId, null), digest, file);
      await ingest.append([event]);
      files.inc({ to: event.kind === 'file.stored' ? 'blob_store' : 'log' });
      res.json({ digest });
    } finally {
      await file?.dispose();
    }
  }

  function limitOf(req: Request, fields: ReadonlyMap<string, string>): FileLimit {
    const given = fields.get('project_id');
    const isTaken =
      given === undefined
        ? fileStorage?.uri !== undefined
        : (fileStorage?.takes(projectOf(req, given)) ?? false);
    const { WEFT_MAX_FILE_BYTES: maxBytes } = config;
    if (isTaken || maxBytes <= LOG_MAX_BYTES) return { maxBytes, reason: '(WEFT_MAX_FILE_BYTES)' };
    return {
      maxBytes: LOG_MAX_BYTES,
      reason: `without a bucket; one lifts the limit to ${maxBytes} (WF_FILE_STORAGE_URI${fileStorage?.uri === undefined ? '' : ', and the project among those that use it'})`,
    };
  }

  async function eventOf(
    projectId: string,
    userId: string,
    digest: string,
    file: ReceivedFile,
  ): Promise<TraceEvent> {
    const name = file.name ?? '<unnamed_file>';
    const about = { projectId, id: digest, userId, receivedAtUs: ingest.nowUs() };
    const uri = await stored(projectId, digest, file);
    if (uri === undefined) return { ...about, kind: 'file.created', note: name, payload: await file.bytes() };
    const payload = encodeStoredFile({ name, sizeBytes: file.size, uri });
    return { ...about, kind: 'file.stored', note: '', payload };
  }

  /** Where the bytes are now; undefined: they have to ride the log. */
  async function stored(projectId: string, digest: string, file: ReceivedFile): Promise<string | undefined> {
    if (fileStorage === undefined || !fileStorage.takes(projectId)) return undefined;
    if (file.size <= fileStorage.smallFileBytes) return undefined;
    try {
      return await fileStorage.putFile(projectId, {
        digest,
        size: file.size,
        sha256: file.sha256,
        open: () => file.open(),
      });
    } catch (error) {
      const isAway = error instanceof AppError && error.code === 'storage_unavailable';
      if (isAway && file.size <= SMALL_BYTES) return undefined;
      throw error;
    }
  }

  return router;
}

function projectOf(req: Request, given: string | undefined): string {
  const projectId = parseProjectId(given);
  requireProject(req, projectId, 'write');
  return projectId;
}
