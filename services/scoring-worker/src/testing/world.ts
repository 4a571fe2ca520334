import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openEmbeddedClickHouse } from '@weft/embedded-clickhouse';
import { openLocalJobQueue, type JobQueue, type RunningJob } from '@weft/job-queue';
import {
  type AppError,
  callCompleted,
  classifyObject,
  createDigests,
  newId,
  nowUs,
  readCallItem,
  readFeedbackEvent,
  type StoredCallFacts,
  type TraceEvent,
} from '@weft/model';
import { createLogger, createMetrics, sha256 } from '@weft/runtime';
import {
  emptyBatch,
  migrate,
  openTraceReader,
  openTraceWriter,
  partVersion,
  type FeedbackWrite,
  type StoredCall,
  type TraceReader,
  type WriteRows,
} from '@weft/trace-store';
import type { NewJob } from '@weft/job-queue';
import { createWorkerMetrics, type WorkerMetrics } from '../worker-metrics.ts';

const logger = createLogger({ name: 'test', level: 'silent' });
const digests = createDigests(sha256);

/** What a worker stands on, all of it real; the log stores what is appended at once. */
export interface World {
  readonly reader: TraceReader;
  readonly queue: JobQueue;
  readonly eventLog: {
    append(topic: 'trace-events' | 'stored-calls', events: readonly TraceEvent[]): Promise<void>;
  };
  /** Everything that was appended. */
  readonly appended: TraceEvent[];
  /** Set: the log refuses with this. */
  logProblem: AppError | undefined;
  store(events: readonly TraceEvent[]): Promise<void>;
  /** @returns the version's ref. */
  publish(projectId: string, name: string, val: object): Promise<string>;
  call(projectId: string, more?: Partial<TestCall>): Promise<TestCall>;
  feedback(projectId: string): Promise<FeedbackWrite[]>;
  readCall(projectId: string, id: string): Promise<StoredCall | undefined>;
  close(): Promise<void>;
}

export interface TestCall {
  readonly id: string;
  readonly opName: string;
  readonly traceId: string;
  readonly threadId: string | undefined;
  readonly inputs: string;
  readonly output: string;
  readonly attributes: string;
  readonly endedAtUs: number;
}

export async function openWorld(): Promise<World> {
  const dir = await mkdtemp(join(tmpdir(), 'scoring-'));
  const engine = await openEmbeddedClickHouse({ dataDir: join(dir, 'clickhouse'), logger });
  const { url, database } = engine;
  await migrate({ url, database, ...engine.writer });
  const reader = openTraceReader({ url, database, ...engine.reader });
  const writer = openTraceWriter({ url, database, ...engine.writer });
  const queue = await openLocalJobQueue({ dir: join(dir, 'jobs'), logger });
  const appended: TraceEvent[] = [];

  async function store(events: readonly TraceEvent[]): Promise<void> {
    const rows = emptyBatch();
    for (const event of events) addRows(rows, event);
    const rejected = await writer.write(rows);
    if (rejected.length > 0) throw new Error(JSON.stringify(rejected));
  }

  const world: World = {
    reader,
    queue,
    appended,
    logProblem: undefined,
    eventLog: {
      async append(_topic, events) {
        if (world.logProblem !== undefined) throw world.logProblem;
        appended.push(...events);
        await store(events);
      },
    },
    store,
    async publish(projectId, name, val) {
      const bytes = Buffer.from(JSON.stringify(val));
      const digest = digests.json(bytes);
      const rows = emptyBatch();
      const about = {
        projectId,
        objectId: name,
        digest,
        userId: 'ada',
        createdAtUs: nowUs(),
        deletedAtUs: null,
      };
      rows.objects.push({ ...classifyObject(bytes), ...about, val: bytes, refs: [] });
      await writer.write(rows);
      return `weave:///${projectId}/object/${name}:${digest}`;
    },
    async call(projectId, more = {}) {
      const id = more.id ?? newId();
      const call: TestCall = {
        id,
        opName: `weave:///${projectId}/op/answer:v1`,
        traceId: id,
        threadId: undefined,
        inputs: '{"q":"why?"}',
        output: '"because"',
        attributes: '{}',
        endedAtUs: nowUs(),
        ...more,
      };
      await store([toEvent(projectId, call)]);
      return call;
    },
    async feedback(projectId) {
      const all: FeedbackWrite[] = [];
      for await (const rows of reader.streamFeedback({ projectId })) all.push(...rows);
      return all;
    },
    async readCall(projectId, id) {
      const payloads = ['attributes', 'inputs', 'output', 'summary'] as const;
      for await (const [call] of reader.streamCalls({
        projectId,
        filter: { callIds: [id] },
        sort: [],
        payloads,
      }))
        return call;
      return undefined;
    },
    async close() {
      await queue.close();
      await writer.close();
      await reader.close();
      await engine.stop();
      await rm(dir, { recursive: true, force: true });
    },
  };
  return world;
}

function toEvent(projectId: string, call: TestCall): TraceEvent {
  const { id, traceId, threadId, opName, endedAtUs } = call;
  const started = {
    ...{ projectId, id, traceId, parentId: null, opName, startedAtUs: endedAtUs - 1000, userId: 'bob' },
    ...(threadId !== undefined && { threadId }),
    attributes: Buffer.from(call.attributes),
    inputs: Buffer.from(call.inputs),
  };
  return callCompleted(started, { endedAtUs, output: Buffer.from(call.output) });
}

/** As the writer does. */
function addRows(rows: WriteRows, event: TraceEvent): void {
  const { projectId, id, userId, receivedAtUs: createdAtUs } = event;
  if (event.kind === 'feedback.created')
    rows.feedback.push({ projectId, id, userId, createdAtUs, ...readFeedbackEvent(event) });
  if (event.kind !== 'call.completed') return;
  const { start, end } = readCallItem('call.completed', event.payload);
  const version = (us: number) => partVersion(us, true, id, event.payload);
  rows.calls.push({
    projectId,
    id,
    start: { ...start!, userId, version: version(start!.startedAtUs) },
    end: { ...end!, version: version(end!.endedAtUs) },
  });
}

/** What the writer tells of it. */
export function factsOf(call: TestCall, more: Partial<StoredCallFacts> = {}): StoredCallFacts {
  const { traceId, threadId, opName, endedAtUs } = call;
  return {
    traceId,
    parentId: null,
    threadId: threadId ?? null,
    opName,
    isSpan: false,
    isScore: false,
    endedAtUs,
    ...more,
  };
}

/** A job in the hands of a handler that is run by hand. */
export function runningJob(
  job: NewJob,
  more: Partial<RunningJob> = {},
): RunningJob & { kept: string | undefined } {
  const { id, projectId, kind, group, data } = job;
  const running = {
    ...{
      id,
      projectId,
      kind,
      group,
      data,
      attempt: 1,
      saved: undefined,
      kept: undefined as string | undefined,
    },
    save: async (text: string) => void (running.kept = text),
    progress: async () => undefined,
    signal: new AbortController().signal,
    ...more,
  };
  return running;
}

export function testMetrics(): { metrics: WorkerMetrics; read: () => Promise<string> } {
  const all = createMetrics('', { processMetrics: false });
  const none = async () => ({ events: 0, bytes: 0, oldestMs: 0, partitions: [] });
  const queue = { backlog: async () => ({ waiting: 0, delayed: 0, oldestMs: 0 }) };
  return { metrics: createWorkerMetrics(all, queue, none), read: async () => (await all.render()).body };
}

export const MONITOR = {
  _type: 'Monitor',
  _class_name: 'Monitor',
  _bases: ['Object', 'BaseModel'],
  active: true,
  scorers: [],
};
