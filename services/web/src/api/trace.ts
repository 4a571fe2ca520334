import { bytes } from './request.ts';

/** Calls of a trace in the order of their start, as columns: `docs/api.md` says what is in them. */
export interface TracePart {
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
  readonly limit?: number | undefined;
  readonly after?: string | undefined;
  readonly withinSeconds?: number | undefined;
}

/** @throws ApiError */
export async function readTracePart(
  projectId: string,
  traceId: string,
  { limit, after, withinSeconds }: TraceRequest,
  signal: AbortSignal,
): Promise<TracePart> {
  const body = { project_id: projectId, trace_id: traceId, limit, after, within_s: withinSeconds };
  return decodeTracePart(await bytes('/weft/v1/trace', body, signal));
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
