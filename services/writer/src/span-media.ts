import {
  candidates,
  createContentStore,
  createMediaLift,
  type ContentResult,
  type FileStore,
  type MadeContent,
} from '@weft/content';
import { AppError, findRefs, type CallPart } from '@weft/model';
import type { Logger, Metrics } from '@weft/runtime';
import type { FileWrite, ObjectWrite } from '@weft/trace-store';
import { createPatience } from './storage-patience.ts';

/** A call made of a span, and what else has to be known of the span to change the call's payloads. */
export interface SpanWithMedia {
  readonly call: CallPart;
  /** Who sent it, and when: of the event. */
  readonly userId: string;
  readonly createdAtUs: number;
  /** The span as it is stored beside its call, with all texts: what changes cannot stand for the span's own any more. */
  readonly wholeDump: () => Uint8Array;
}

/** What stands for a span with media: rows of one batch. */
export interface LiftedSpan {
  /** The call that was given when nothing could be lifted. */
  readonly call: CallPart;
  readonly files: readonly FileWrite[];
  readonly objects: readonly ObjectWrite[];
}

/** One batch's. */
export interface SpanMediaBatch {
  lift(span: SpanWithMedia): Promise<LiftedSpan>;
  /** To be called once its rows are stored. */
  stored(): void;
}

/** Takes media out of inputs and outputs of calls that are made of spans, as the gateway does it for others. */
export interface SpanMedia {
  begin(): SpanMediaBatch;
}

export interface SpanMediaDeps {
  readonly fileStorage: FileStore | undefined;
  readonly logger: Logger;
  readonly metrics: Metrics;
}

/** Costs nothing where there are no long strings: bytes are looked at, JSON is not parsed. */
export function mayHoldMedia({ start, end }: CallPart): boolean {
  return (
    (start !== undefined && candidates(start.inputs).length > 0) ||
    (end !== undefined && candidates(end.output).length > 0)
  );
}

export function createSpanMedia({ fileStorage, logger, metrics }: SpanMediaDeps): SpanMedia {
  const media = createMediaLift({
    store: createContentStore(fileStorage && patient(fileStorage, logger)),
    onContent: counted(metrics),
  });
  return {
    begin() {
      const batch = media.begin();
      return {
        async lift(span) {
          const { projectId, start, end } = span.call;
          const inputs = start && (await batch.lift(projectId, start.inputs));
          const output = end && (await batch.lift(projectId, end.output));
          const rows = { files: [] as FileWrite[], objects: [] as ObjectWrite[] };
          for (const each of [...(inputs?.made ?? []), ...(output?.made ?? [])]) addRows(rows, each, span);
          const isSame = inputs?.json === start?.inputs && output?.json === end?.output;
          return { ...rows, call: isSame ? span.call : changed(span, inputs?.json, output?.json) };
        },
        stored: () => batch.acknowledged(),
      };
    },
  };
}

/** A batch waits for a slow store a little, and then leaves media where they are (ADR 013). */
function patient(files: FileStore, logger: Logger): FileStore {
  const patience = createPatience(logger);
  return {
    smallFileBytes: files.smallFileBytes,
    takes: (projectId) => files.takes(projectId),
    async putFile(projectId, file) {
      const uri = await patience.have(undefined, () => files.putFile(projectId, file));
      if (uri === undefined) throw new AppError('storage_unavailable', 'the blob store is away or slow');
      return uri;
    },
  };
}

function changed({ call, wholeDump }: SpanWithMedia, inputs?: Uint8Array, output?: Uint8Array): CallPart {
  const { start, end } = call;
  return {
    ...call,
    ...(start &&
      inputs && { start: { ...start, inputs, inputRefs: findRefs(inputs), otelDump: wholeDump() } }),
    ...(end && output && { end: { ...end, output, outputRefs: findRefs(output) } }),
  };
}

interface Rows {
  readonly files: FileWrite[];
  readonly objects: ObjectWrite[];
}

function addRows({ files, objects }: Rows, made: MadeContent, span: SpanWithMedia): void {
  const { userId, createdAtUs } = span;
  const { projectId } = span.call;
  for (const { name, digest, bytes, uri } of made.files) {
    const file = { projectId, digest, name, createdAtUs };
    files.push(uri === undefined ? { ...file, bytes } : { ...file, blob: { uri, sizeBytes: bytes.length } });
  }
  const { objectId, digest, val } = made.content;
  const about = { kind: 'object', baseObjectClass: null, leafObjectClass: null, refs: [] } as const;
  objects.push({ projectId, objectId, digest, ...about, val, userId, createdAtUs, deletedAtUs: null });
}

function counted(metrics: Metrics): (result: ContentResult, sizeBytes: number) => void {
  const contents = metrics.counter({
    name: 'writer_contents_total',
    help: 'Media found in inputs and outputs of spans: made files (lifted), files already (known), or left there because the blob store was away',
    labels: ['result'],
  });
  const bytes = metrics.counter({
    name: 'writer_content_bytes_total',
    help: 'Bytes of media lifted out of spans',
  });
  return (result, sizeBytes) => {
    contents.inc({ result });
    if (result === 'lifted') bytes.inc(sizeBytes);
  };
}
