import { parseQuery } from '@weft/query-language';
import { callFields, type CallsFilter, type StoredCall, type TraceReader } from '@weft/trace-store';
import { readCall } from './commands.ts';
import { EVALUATE_OP, type Marker } from './names.ts';

export interface Marked {
  readonly projectId: string;
  readonly marker: Marker;
  /** Only these calls. */
  readonly ids?: readonly string[];
  /** Texts of `attributes.weave`: one of these each. */
  readonly weave: Readonly<Record<string, readonly string[] | undefined>>;
  readonly limit?: number;
  readonly offset?: number;
}

const EVERYTHING = ['attributes', 'inputs', 'output', 'summary'] as const;

/** Calls that carry the marker, in the order they began, streamed. */
export async function* findMarked(
  reader: TraceReader,
  wanted: Marked,
  signal?: AbortSignal,
): AsyncGenerator<StoredCall> {
  const { projectId, limit, offset } = wanted;
  if (limit === 0) return;
  const filter = await narrow(reader, wanted);
  const query = {
    projectId,
    filter,
    condition: toCondition(wanted),
    sort: [],
    payloads: EVERYTHING,
    limit,
    offset,
  };
  for await (const calls of reader.streamCalls(query, signal)) yield* calls;
}

function toCondition({ marker, weave }: Marked) {
  const field = (name: string) => ({ $getField: `attributes.weave.${name}` });
  const texts = Object.entries(weave).flatMap(([name, values]) =>
    values === undefined || values.length === 0
      ? []
      : [{ $in: [field(name), values.map((value) => ({ $literal: value }))] }],
  );
  return parseQuery(
    { $expr: { $and: [{ $eq: [field(marker), { $literal: 'true' }] }, ...texts] } },
    callFields([]),
  );
}

/** What the store can tell by its columns: runs by their op, what belongs to a run by its trace. */
async function narrow(reader: TraceReader, wanted: Marked): Promise<CallsFilter> {
  const { projectId, marker, ids, weave } = wanted;
  const [runId] = weave.evaluation_run_id ?? [];
  const run = runId === undefined ? null : await readCall(reader, projectId, runId);
  return {
    ...(ids !== undefined && { callIds: ids }),
    ...(marker === 'evaluation_run' && { opNames: [`weave:///${projectId}/op/${EVALUATE_OP}:*`] }),
    ...(runId !== undefined && { traceIds: [runId, ...(run === null ? [] : [run.traceId])] }),
  };
}
