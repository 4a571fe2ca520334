import { openTraceReader } from '../reader.ts';
import type { TraceReader, TraceWriter } from '../trace-store.ts';
import { openTraceWriter, type TraceWriterOptions } from '../writer.ts';
import type { TestStore } from './open-store.ts';

/** A reader and a writer of the store, as the services have them. */
export interface TestClients {
  readonly reader: TraceReader;
  readonly writer: TraceWriter;
}

/** What a store of either kind gives its tests; `closeAll` is due before the store is closed. */
export function clientsOf(store: Pick<TestStore, 'reader' | 'writer'>): {
  open(options?: Partial<TraceWriterOptions>): TestClients;
  closeAll(): Promise<void>;
} {
  const opened: TestClients[] = [];
  return {
    open(options) {
      const clients = {
        reader: openTraceReader(store.reader),
        writer: openTraceWriter({ ...store.writer, ...options }),
      };
      opened.push(clients);
      return clients;
    },
    async closeAll() {
      for (const { writer, reader } of opened) {
        await writer.close();
        await reader.close();
      }
    },
  };
}
