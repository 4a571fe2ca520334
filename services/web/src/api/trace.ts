import { queryOptions } from '@tanstack/react-query';
import { bytes } from './request.ts';

/** Calls of a trace in the order of their start, as columns: `docs/api.md` says what is in them. */
export interface TracePart {
  readonly trace_id: string;
  readonly rows: number;
  /** Of the whole trace; with the first part only. */
  readonly total?: number;
  /** Null after the last part. */
  readonly next: string | null;
  /** Instant that `starts` count from. */
  readonly base_us: number;
  readonly names: readonly string[];
  readonly outside: readonly string[];
  readonly models: readonly string[];
  readonly errors: readonly string[];
  readonly column: TraceColumns;
}

export interface TraceColumns {
  readonly ids: Uint8Array;
  readonly id_ends: Uint32Array;
  readonly parents: Int32Array;
  readonly names: Uint32Array;
  readonly starts: Float64Array;
  readonly durations: Float64Array;
  readonly states: Uint8Array;
  readonly spans: Uint8Array;
  readonly usage_rows: Uint32Array;
  readonly usage_models: Uint32Array;
  readonly usage_in: Float64Array;
  readonly usage_out: Float64Array;
  readonly usage_read: Float64Array;
  readonly usage_written: Float64Array;
  readonly usage_costs: Float64Array;
  readonly error_rows: Uint32Array;
  readonly error_texts: Uint32Array;
}

/** Values of the column `states`. */
export const STATE = { success: 0, error: 1, running: 2, errorBelow: 3 } as const;

interface Head extends Omit<TracePart, 'column'> {
  readonly columns: readonly { readonly name: string; readonly type: string; readonly length: number }[];
}

export interface TraceRequest {
  readonly of: { readonly traceId: string } | { readonly callId: string };
  readonly limit?: number | undefined;
  readonly after?: string | undefined;
  readonly withinSeconds?: number | undefined;
}

/** @throws ApiError */
export async function readTracePart(
  projectId: string,
  { of, limit, after, withinSeconds }: TraceRequest,
  signal: AbortSignal,
): Promise<TracePart> {
  const id = 'traceId' in of ? { trace_id: of.traceId } : { call_id: of.callId };
  const body = { project_id: projectId, ...id, limit, after, within_s: withinSeconds };
  return decodeTracePart(await bytes('/weft/v1/trace', body, signal));
}

/** What is looked at first, so it is small. */
export const FIRST_PART_ROWS = 2000;

export interface FirstPart {
  readonly part: TracePart;
  /** Of this page's clock: what was stored later is not in it. */
  readonly askedAtMs: number;
}

/** The first part of the trace of a call: who opens a link waits for the call and for what is around it at the same time. */
export function traceOfCallQuery(projectId: string, callId: string) {
  return queryOptions({
    queryKey: ['trace-of-call', projectId, callId],
    gcTime: 10_000,
    retry: false,
    queryFn: async ({ signal }): Promise<FirstPart> => {
      const askedAtMs = performance.now();
      const request = { of: { callId }, limit: FIRST_PART_ROWS };
      return { part: await readTracePart(projectId, request, signal), askedAtMs };
    },
  });
}

const KINDS = {
  uint8: Uint8Array,
  uint32: Uint32Array,
  int32: Int32Array,
  float64: Float64Array,
} as const;
const ALIGN = 8;

/** Columns are views of the answer. */
export function decodeTracePart(buffer: ArrayBuffer): TracePart {
  const headLength = new DataView(buffer).getUint32(0, true);
  const head = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 4, headLength))) as Head;
  let at = aligned(4 + headLength);
  const column: Record<string, unknown> = {};
  for (const { name, type, length } of head.columns) {
    const kind = KINDS[type as keyof typeof KINDS];
    column[name] = new kind(buffer, at, length);
    at += aligned(length * kind.BYTES_PER_ELEMENT);
  }
  return { ...head, column: column as unknown as TraceColumns };
}

function aligned(length: number): number {
  return Math.ceil(length / ALIGN) * ALIGN;
}
