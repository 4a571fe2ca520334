import type { EventLog } from '@weft/event-log';
import type { FileStorage } from '@weft/file-storage';
import type { Metrics } from '@weft/runtime';
import type { TraceReader } from '@weft/trace-store';

/** Calls leave in pages: one look at the counter each. */
export function countRows(reader: TraceReader, metrics: Metrics): TraceReader {
  const rows = metrics.counter({ name: 'query_rows_total', help: 'Calls read from the store for clients' });
  async function* counted<T>(pages: AsyncIterable<readonly T[]>): AsyncGenerator<readonly T[]> {
    for await (const page of pages) {
      rows.inc(page.length);
      yield page;
    }
  }
  return { ...reader, streamCalls: (query, signal) => counted(reader.streamCalls(query, signal)) };
}

/** Large payloads go by way of the blob store. Commands are events, such as deletes and feedback: query's part of what the ledger calls accepted (see the writer's `writer_events_total`). */
export function countAppends(
  { eventLog, fileStorage }: { eventLog: EventLog; fileStorage?: Pick<FileStorage, 'claim'> | undefined },
  metrics: Metrics,
): Pick<EventLog, 'append'> {
  const accepted = metrics.counter({
    name: 'query_events_total',
    help: 'Events that commands, such as deletes and feedback, made durable in the log',
  });
  return {
    append: async (topic, events) => {
      await eventLog.append(topic, fileStorage ? await fileStorage.claim(events) : events);
      accepted.inc(events.length);
    },
  };
}
