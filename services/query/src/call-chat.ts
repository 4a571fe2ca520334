import { chatOf, type Chat } from '@weft/chat';
import { readStoredSpan } from '@weft/otlp';
import { documentOf } from './render-call.ts';
import type { CallPayload, StoredCall, TraceReader } from '@weft/trace-store';

/** What a chat is made of. */
export const CHAT_PAYLOADS: readonly CallPayload[] = ['inputs', 'output', 'attributes', 'summary'];

/** Spans of several traces may share an id: then the one that started last is the answer. */
const LATEST = [{ field: 'started_at', direction: 'desc' }] as const;

export async function readCallById(
  reader: TraceReader,
  projectId: string,
  id: string,
  payloads: readonly CallPayload[],
  signal?: AbortSignal,
): Promise<StoredCall | undefined> {
  const query = { projectId, filter: { callIds: [id] }, sort: [...LATEST], limit: 1, payloads };
  for await (const page of reader.streamCalls(query, signal)) {
    if (page[0] !== undefined) return page[0];
  }
  return undefined;
}

/** @param call with `CHAT_PAYLOADS`. */
export function chatOfCall(call: StoredCall): Chat {
  const { opName, inputs, output, attributes, summary, otelDump } = call;
  return chatOf({
    opName,
    inputs,
    output,
    attributes,
    summary,
    ...(otelDump.length > 0 &&
      !call.claims.some(({ column }) => column === 'otel_dump') && {
        span: readStoredSpan(otelDump, documentOf(call, 'inputs'), documentOf(call, 'output')).attributes,
      }),
  });
}
