import { nowUs, type TraceEvent } from '@weft/model';
import type { TraceReader, TraceWriter } from '@weft/trace-store';

export const TEST_CONFIG = {
  WRITER_BATCH_MAX_EVENTS: 1000,
  WRITER_BATCH_MAX_BYTES: 1 << 20,
  WRITER_REJECTED_MAX_PERCENT: 1,
  WEAVE_ENABLE_ONLINE_EVAL: false,
  WEFT_EXTRACT_CONTENT: true,
};

export function callStarted(projectId: string, id: string, over: Partial<TraceEvent> = {}): TraceEvent {
  return {
    kind: 'call.started',
    projectId,
    id,
    userId: 'ada',
    receivedAtUs: nowUs(),
    note: '',
    payload: Buffer.from(
      `{"project_id":"${projectId}","id":"${id}","op_name":"op","trace_id":"t","started_at":"2026-11-21T10:00:00Z","inputs":{"n":1.0}}`,
    ),
    ...over,
  };
}

/** The real store, which refuses some calls as a limit of its own would. */
export function refusing(store: TraceWriter, refuses: (callId: string) => boolean): TraceWriter {
  return {
    ...store,
    write: async (batch, guard) => {
      const calls = batch.calls.filter(({ id }) => !refuses(id));
      const refused = batch.calls.flatMap(({ id }, index) =>
        refuses(id) ? [{ table: 'calls' as const, index, reason: 'row_too_large: by the store' }] : [],
      );
      return [...(await store.write({ ...batch, calls }, guard)), ...refused];
    },
  };
}

/** `id inputs` of every call that can be read, by id. */
export async function storedCalls(reader: TraceReader, projectId: string): Promise<string[]> {
  const found: string[] = [];
  const query = { projectId, filter: {}, sort: [], payloads: ['inputs'] } as const;
  for await (const page of reader.streamCalls(query))
    for (const { id, inputs } of page) found.push(`${id} ${Buffer.from(inputs).toString()}`);
  return found.sort();
}
