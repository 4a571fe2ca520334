import { abridge } from '@weft/model';
import type { StoredCall } from '@weft/trace-store';

/** The call with payloads that are larger as previews: the same JSON with long texts cut and lists shortened. */
export function previewOf(call: StoredCall, maxBytes: number): StoredCall {
  const cut = (json: Uint8Array) => (json.length <= maxBytes ? json : abridge(json, maxBytes));
  return {
    ...call,
    claims: [],
    attributes: cut(call.attributes),
    inputs: cut(call.inputs),
    output: cut(call.output),
    summary: cut(call.summary),
  };
}
