import {
  AppError,
  asBuffer,
  encodeCallClaims,
  JsonMembers,
  type CallPart,
  type ClaimColumn,
  type TraceEvent,
} from '@weft/model';
import {
  chooseMembers,
  claimedRefs,
  claimMembers,
  type ClaimedMember,
  type Member,
  type PutPayload,
} from './claim-members.ts';

const START_COLUMNS = ['attributes', 'inputs', 'otel_dump'] as const;
const END_COLUMNS = ['output', 'summary'] as const;

/** Members of a call that its event carries: others of these names are not looked at by anybody. */
const COLUMNS = {
  'call.started': START_COLUMNS,
  'call.ended': END_COLUMNS,
  'call.completed': [...START_COLUMNS, ...END_COLUMNS],
} as const satisfies Partial<Record<TraceEvent['kind'], readonly ClaimColumn[]>>;

export type CallEventKind = keyof typeof COLUMNS;

export function isCallEvent(kind: TraceEvent['kind']): kind is CallEventKind {
  return Object.hasOwn(COLUMNS, kind);
}

/**
 * The event with its large members claimed: heads in their place, the claims and all refs of the whole in its note. The same
 * event when none can be claimed, or it has claims. @throws what `put` throws.
 */
export async function claimCall(
  event: TraceEvent,
  kind: CallEventKind,
  claimBytes: number,
  put: PutPayload,
): Promise<TraceEvent> {
  const framed = event.note === '' ? membersOf(event.payload) : undefined;
  if (framed === undefined) return event;
  const members: Member[] = [];
  for (const column of COLUMNS[kind]) {
    const bytes = framed.optional(column);
    if (bytes !== null) members.push({ column, bytes });
  }
  const chosen = chooseMembers(members, event.payload.length, claimBytes);
  if (chosen.length === 0) return event;
  const claimed = await claimMembers(chosen, claimBytes, put);
  return { ...event, note: noteOf(claimed), payload: withHeads(event.payload, claimed) };
}

/** Undefined for what the writer will refuse with a reason. */
function membersOf(payload: Uint8Array): JsonMembers | undefined {
  try {
    return JsonMembers.parse(payload);
  } catch (error) {
    if (error instanceof AppError) return undefined;
    throw error;
  }
}

function noteOf(claimed: readonly ClaimedMember[]): string {
  const refsOf = (column: ClaimColumn) => {
    const member = claimed.find((one) => one.column === column);
    return member && claimedRefs(member.bytes);
  };
  return encodeCallClaims({
    claims: claimed.map(({ claim }) => claim),
    inputRefs: refsOf('inputs'),
    outputRefs: refsOf('output'),
  });
}

/** The payload with each member's bytes, which are a slice of it, replaced by its head. */
function withHeads(payload: Uint8Array, claimed: readonly ClaimedMember[]): Uint8Array {
  const buf = asBuffer(payload);
  const parts: Uint8Array[] = [];
  let at = 0;
  for (const { bytes, head } of [...claimed].sort((a, b) => a.bytes.byteOffset - b.bytes.byteOffset)) {
    const from = bytes.byteOffset - buf.byteOffset;
    parts.push(buf.subarray(at, from), head);
    at = from + bytes.length;
  }
  return Buffer.concat([...parts, buf.subarray(at)]);
}

/** The part with its large members claimed; the same part when there are none. Refs it has are of the whole. @throws what `put` throws. */
export async function claimCallPart(part: CallPart, claimBytes: number, put: PutPayload): Promise<CallPart> {
  const { start, end } = part;
  const started: Member[] = [];
  if (start !== undefined) {
    started.push(
      { column: 'attributes', bytes: start.attributes },
      { column: 'inputs', bytes: start.inputs },
    );
    if (start.otelDump !== null) started.push({ column: 'otel_dump', bytes: start.otelDump });
  }
  const ended: Member[] =
    end === undefined
      ? []
      : [
          { column: 'output', bytes: end.output },
          { column: 'summary', bytes: end.summary },
        ];
  const sizeBytes = [...started, ...ended].reduce((sum, { bytes }) => sum + bytes.length, 0);
  if (sizeBytes <= claimBytes) return part;
  const chosen = chooseMembers([...started, ...ended], sizeBytes, claimBytes);
  const claimed = await claimMembers(chosen, claimBytes, put);
  const headOf = (column: ClaimColumn, whole: Uint8Array) =>
    claimed.find((one) => one.column === column)?.head ?? whole;
  const claimsOf = (columns: readonly ClaimColumn[]) =>
    claimed.filter(({ column }) => columns.includes(column)).map(({ claim }) => claim);
  return {
    ...part,
    ...(start && {
      start: {
        ...start,
        attributes: headOf('attributes', start.attributes),
        inputs: headOf('inputs', start.inputs),
        otelDump: start.otelDump && headOf('otel_dump', start.otelDump),
        claims: claimsOf(START_COLUMNS),
      },
    }),
    ...(end && {
      end: {
        ...end,
        output: headOf('output', end.output),
        summary: headOf('summary', end.summary),
        claims: claimsOf(END_COLUMNS),
      },
    }),
  };
}
