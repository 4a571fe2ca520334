import { findContent, withRefs } from '@weft/content';
import { asBuffer } from '@weft/model';
import type { SpanCall } from '@weft/otlp';

/** What is stored of a call that was a span. */
interface Stored {
  readonly start: { readonly inputs: Uint8Array };
  readonly end: { readonly output: Uint8Array };
}

/**
 * The call as the writer stores it: with refs in place of the media that were lifted when the stored one was written. What was
 * left there then, because that was the setting or the blob store was away, is left here too. Nothing is stored.
 */
export async function asLifted(call: SpanCall, { start, end }: Stored): Promise<SpanCall> {
  const [inputs, output] = await Promise.all([
    lifted(call.projectId, call.start.inputs, start.inputs),
    lifted(call.projectId, call.end.output, end.output),
  ]);
  return { ...call, start: { ...call.start, inputs }, end: { ...call.end, output } };
}

async function lifted(projectId: string, json: Uint8Array, stored: Uint8Array): Promise<Uint8Array> {
  const found = await findContent(json, { projectId });
  return withRefs(
    json,
    found.filter(({ ref }) => asBuffer(stored).includes(JSON.stringify(ref))),
  );
}
