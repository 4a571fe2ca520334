import type { StorageTrouble } from '@weft/blob-store';
import type { Metrics } from '@weft/runtime';
import { BLOB_KINDS, type BlobKind } from './keys.ts';

export interface FileStorageMetrics {
  put(kind: BlobKind, result: 'created' | 'exists', bytes: number): void;
  got(kind: BlobKind, result: 'found' | 'trash' | 'missing'): void;
  read(bytes: number): void;
  failed(trouble: StorageTrouble): void;
  /** @returns to be called at its end. */
  time(operation: 'put' | 'get'): () => void;
}

const TROUBLES = ['denied', 'no_bucket', 'throttled', 'timeout', 'unreachable', 'full', 'corrupt'] as const;

/** @param inFlightBytes asked at each scrape. */
export function createFileStorageMetrics(metrics: Metrics, inFlightBytes: () => number): FileStorageMetrics {
  const puts = metrics.counter({
    name: 'file_storage_puts_total',
    help: 'Blobs made durable, by kind (files, payloads of calls, events too large for the log) and whether the store had them',
    labels: ['kind', 'result'],
  });
  const gets = metrics.counter({
    name: 'file_storage_gets_total',
    help: 'Blobs asked for, by kind and whether they were there, in the trash, or missing',
    labels: ['kind', 'result'],
  });
  const bytes = metrics.counter({
    name: 'file_storage_bytes_total',
    help: 'Bytes of blobs that were put or read',
    labels: ['operation'],
  });
  const errors = metrics.counter({
    name: 'file_storage_errors_total',
    help: 'Operations that the blob store did not do, by trouble, after all attempts',
    labels: ['trouble'],
  });
  const seconds = metrics.histogram({
    name: 'file_storage_seconds',
    help: 'Time of an operation with all its attempts; of a get until its first byte',
    labels: ['operation'],
  });
  metrics.gauge({
    name: 'file_storage_in_flight_bytes',
    help: 'Bytes on their way to the blob store',
    collect: (gauge) => gauge.set(inFlightBytes()),
  });
  // From the first scrape on, so that rates have a beginning.
  for (const trouble of TROUBLES) errors.inc({ trouble }, 0);
  for (const kind of BLOB_KINDS) {
    for (const result of ['created', 'exists']) puts.inc({ kind, result }, 0);
    for (const result of ['found', 'trash', 'missing']) gets.inc({ kind, result }, 0);
  }
  return {
    put: (kind, result, size) => {
      puts.inc({ kind, result });
      bytes.inc({ operation: 'put' }, size);
    },
    got: (kind, result) => gets.inc({ kind, result }),
    read: (size) => bytes.inc({ operation: 'get' }, size),
    failed: (trouble) => errors.inc({ trouble }),
    time: (operation) => seconds.startTimer({ operation }),
  };
}
