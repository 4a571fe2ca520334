import { createDigests, type Sha256 } from './digest.ts';
import { encodeObject, objectEventId } from './event-payloads/objects.ts';
import type { TraceEvent } from './events.ts';
import { formatRef } from './refs.ts';
import { nowUs } from './time.ts';

const SOURCE_FILE = 'obj.py';
const OBJECT_NAME = /[^\p{L}\p{N}_.-]/gu;
const MAX_NAME = 128;

/** W&B shows an op behind every call. Calls that the server makes itself have none, so each name gets a stand-in. */
export interface OpVersion {
  readonly ref: string;
  /** The op and its source; storing them again changes nothing. */
  readonly events: readonly TraceEvent[];
}

export type PlaceholderOp = (projectId: string, opName: string, userId: string) => OpVersion;

export function createPlaceholderOps(sha256: Sha256): PlaceholderOp {
  const digests = createDigests(sha256);
  return (projectId, opName, userId) => {
    const name = opName.replace(OBJECT_NAME, '').slice(0, MAX_NAME) || 'op';
    const source = sourceOf(name);
    const sourceDigest = digests.bytes(source);
    const val = Buffer.from(
      JSON.stringify({
        _type: 'CustomWeaveType',
        weave_type: { type: 'Op' },
        files: { [SOURCE_FILE]: sourceDigest },
      }),
    );
    const digest = digests.json(val);
    const event = { projectId, userId, receivedAtUs: nowUs() };
    return {
      ref: formatRef({ kind: 'op', projectId, name, version: digest, extra: [] }),
      events: [
        { ...event, kind: 'file.created', id: sourceDigest, note: SOURCE_FILE, payload: source },
        {
          ...event,
          kind: 'object.created',
          id: objectEventId(name, digest),
          note: '',
          payload: encodeObject({ kind: 'op', baseObjectClass: null, leafObjectClass: null, val }),
        },
      ],
    };
  };
}

function sourceOf(name: string): Buffer {
  const method = name.slice(name.lastIndexOf('.') + 1).replace(/\W/g, '_');
  return Buffer.from(
    `import weave\n\n\n@weave.op\ndef ${method}(*args, **kwargs):\n    ...  # Made by the server: its code is not known.\n`,
  );
}
