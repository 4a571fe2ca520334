import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';
import type { SeenCall } from './oracle.ts';
import { spanKey } from './otel-talk.ts';

/** Everything readable of the project, once the server says that it is not behind. */
export async function readAll(url: string, project: string): Promise<SeenCall[]> {
  for (let attempt = 0; ; attempt++) {
    const response = await fetch(`${url}/calls/stream_query`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ project_id: project }),
    }).catch(() => undefined);
    if (response?.ok && response.headers.get('x-weft-freshness') === null) {
      const seen: SeenCall[] = [];
      // Line by line: a long run holds more text than one string can.
      for await (const line of createInterface({
        input: Readable.fromWeb(response.body!),
        crlfDelay: Infinity,
      })) {
        if (line !== '') seen.push({ id: keyOf(JSON.parse(line) as { id: string; trace_id: string }), line });
      }
      return seen;
    }
    await response?.body?.cancel();
    if (attempt > 180)
      throw new Error(`could not read everything within 180 s: ${response?.status ?? 'no answer'}`);
    await new Promise((resolve) => setTimeout(resolve, 1000));
  }
}

const SPAN_ID = /^[0-9a-f]{16}$/;

function keyOf({ id, trace_id: traceId }: { readonly id: string; readonly trace_id: string }): string {
  return SPAN_ID.test(id) ? spanKey(traceId, id) : id;
}
