import { openEmbeddedClickHouse } from '@weft/embedded-clickhouse';
import { openEmbeddedEventLog, type EventLog } from '@weft/event-log';
import { openLocalJobQueue, type JobQueue } from '@weft/job-queue';
import {
  classifyObject,
  createDigests,
  formatRef,
  nowUs,
  readFeedbackEvent,
  readObjectEvent,
  type CallPart,
  type EndFields,
  type StartFields,
} from '@weft/model';
import { createLogger, sha256, sha256OfAll, type Logger } from '@weft/runtime';
import {
  emptyBatch,
  migrate,
  openTraceReader,
  openTraceWriter,
  partVersion,
  type TraceReader,
  type WriteBatch,
  type WriteRows,
} from '@weft/trace-store';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** What the scoring worker stands on, for its tests: a real store, log and queue; the writer's part is played by a consumer. */
export interface Parts {
  readonly reader: TraceReader;
  readonly eventLog: EventLog;
  readonly queue: JobQueue;
  readonly logger: Logger;
  write(batch: Partial<WriteBatch>): Promise<void>;
  /** Publishes an object. @returns its ref */
  publish(projectId: string, name: string, val: object): Promise<string>;
  close(): Promise<void>;
}

export async function openParts(): Promise<Parts> {
  const dir = await mkdtemp(join(tmpdir(), 'scoring-'));
  const closing: (() => Promise<unknown>)[] = [() => rm(dir, { recursive: true, force: true })];
  const logger = createLogger({ name: 'test', level: 'silent' });
  const engine = await openEmbeddedClickHouse({ dataDir: join(dir, 'clickhouse'), logger });
  closing.push(() => engine.stop());
  const { url, database } = engine;
  await migrate({ url, database, ...engine.writer });
  const writer = openTraceWriter({ url, database, ...engine.writer });
  closing.push(() => writer.close());
  const reader = openTraceReader({ url, database, ...engine.reader });
  closing.push(() => reader.close());
  const queue = await openLocalJobQueue({ dir: join(dir, 'jobs'), logger });
  closing.push(() => queue.close());
  const eventLog = await openEmbeddedEventLog({
    dir: join(dir, 'log'),
    groups: { 'trace-events': ['writer'] },
    logger,
  });
  closing.push(() => eventLog.close());

  async function write(batch: Partial<WriteBatch>): Promise<void> {
    const [rejected] = await writer.write({ ...emptyBatch(), ...batch });
    if (rejected !== undefined) throw new Error(`${rejected.table}: ${rejected.reason}`);
  }

  const stop = new AbortController();
  const options = { group: 'writer', maxBatchEvents: 1000, maxBatchBytes: 1 << 20, signal: stop.signal };
  const consuming = eventLog.consume('trace-events', options, async (events) => {
    const batch: WriteRows = emptyBatch();
    for (const event of events) {
      const { projectId, userId, receivedAtUs: createdAtUs } = event;
      const about = { projectId, userId, createdAtUs };
      if (event.kind === 'object.created')
        batch.objects.push({ ...about, ...readObjectEvent(event), deletedAtUs: null });
      else if (event.kind === 'feedback.created')
        batch.feedback.push({ ...about, ...readFeedbackEvent(event), id: event.id });
    }
    await write(batch);
    return [];
  });
  closing.push(async () => (stop.abort(), consuming));

  return {
    reader,
    eventLog,
    queue,
    logger,
    write,
    async publish(projectId, name, val) {
      const bytes = Buffer.from(JSON.stringify(val));
      const digest = createDigests(sha256, sha256OfAll).json(bytes);
      const about = { projectId, objectId: name, digest, val: bytes, refs: [], userId: 'ada' };
      await write({
        objects: [{ ...about, ...classifyObject(bytes), createdAtUs: nowUs(), deletedAtUs: null }],
      });
      return formatRef({ kind: 'object', projectId, name, version: digest, extra: [] });
    },
    async close() {
      for (const close of closing.reverse()) await close();
    },
  };
}

const json = (value: unknown) => Buffer.from(JSON.stringify(value));

/** One call; `end` null = it runs. */
export function callPart(
  projectId: string,
  id: string,
  start: Partial<StartFields>,
  end: Partial<EndFields> | null = {},
): CallPart {
  const startedAtUs = start.startedAtUs ?? nowUs();
  const version = partVersion(startedAtUs, true, id, json(id));
  return {
    projectId,
    id,
    start: {
      version, startedAtUs, traceId: id, parentId: null, threadId: null, turnId: null, opName: 'op', displayName: null,
      attributes: json({}), inputs: json({}), otelDump: null, userId: 'ada', runId: null, runStep: null, inputRefs: [], ...start,
    },
    ...(end && {
      end: {
        version, endedAtUs: startedAtUs + 1_500, exception: null, output: json(null), summary: json({}), runStepEnd: null,
        outputRefs: [], ...end,
      },
    }),
  }; // prettier-ignore
}
