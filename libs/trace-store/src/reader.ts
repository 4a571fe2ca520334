import { countCalls, descendants, streamCalls } from './calls/read.ts';
import { openClickHouse, type StoreOptions } from './clickhouse.ts';
import { feedbackOf, queryTable, readFile, readObject, tableLength } from './objects/read.ts';
import type { TraceReader } from './trace-store.ts';

/** The user needs SELECT on the tables of the database and a profile that lets it set its own limits (`readonly = 2`). */
export function openTraceReader(options: StoreOptions): TraceReader {
  const db = openClickHouse(options);
  return {
    streamCalls: (query, signal) => streamCalls(db, query, signal),
    countCalls: (query) => countCalls(db, query),
    descendants: (projectId, ids) => descendants(db, projectId, ids),
    readObject: (projectId, objectId, digest, how) => readObject(db, projectId, objectId, digest, how),
    queryTable: (projectId, digest, how) => queryTable(db, projectId, digest, how),
    tableLength: (projectId, digest) => tableLength(db, projectId, digest),
    readFile: (projectId, digest) => readFile(db, projectId, digest),
    feedbackOf: (projectId, weaveRefs) => feedbackOf(db, projectId, weaveRefs),
    async ping() {
      await db.all({ sql: 'SELECT 1' }, (row) => row.uint8());
    },
    close: () => db.close(),
  };
}
