import { asBuffer, formatRef } from '@weft/model';
import type { CallToScore, Target } from '@weft/scoring';

/** Larger payloads are named, not copied, into the score call. */
const MAX_SHOWN_BYTES = 16 * 1024;
const MAX_REFS = 100;

/** JSON of what a scorer was shown, as Weave's score calls have it among their inputs. */
export function shownInputs({ call, calls }: Target): string {
  const ref = formatRef({ kind: 'call', projectId: call.projectId, id: call.id, extra: [] });
  const members = [
    `"inputs":${shown(call.inputs, ref)}`,
    `"output":${shown(call.output, ref)}`,
    ...(calls.length > 1 ? [`"calls":${JSON.stringify(calls.slice(-MAX_REFS).map(refOf))}`] : []),
  ];
  return `{${members.join(',')}}`;
}

function refOf({ projectId, id }: CallToScore): string {
  return formatRef({ kind: 'call', projectId, id, extra: [] });
}

function shown(json: Uint8Array, ref: string): string {
  if (json.length === 0) return 'null';
  return json.length > MAX_SHOWN_BYTES ? JSON.stringify(ref) : asBuffer(json).toString('utf8');
}
