import { createHash } from 'node:crypto';
import { AppError, createDigests, textOf, valueAt } from '@weft/model';
import type { StoredCall, TraceReader } from '@weft/trace-store';
import { isPredictAndScore } from '../evaluations/names.ts';
import { readField, type ValueField } from './fields.ts';

/** Trials of one request, and bytes of the values that it filters and sorts by: what is held in memory until it is answered. */
export const MAX_TRIALS = 100_000;
export const MAX_VALUE_BYTES = 64 * 1024 * 1024;
const ROWS_PER_READ = 500;

/** One `predict_and_score` call: a model with a row, once. */
export interface Trial {
  readonly callId: string;
  readonly evaluationId: string;
  readonly rowDigest: string;
  /** By the path of the field; without those that have none. */
  readonly values: Map<string, Uint8Array>;
}

/** The trials of a row of the dataset, those of one evaluation together, evaluations in the order they were asked for. */
export interface ResultRow {
  readonly digest: string;
  readonly trials: readonly Trial[];
}

/**
 * Everything that decides which rows are shown, and in which order: payloads are read again for the rows of the page.
 * @throws AppError `request_too_large` beyond MAX_TRIALS or MAX_VALUE_BYTES.
 */
export async function readRows(
  reader: Pick<TraceReader, 'streamCalls' | 'tableRows'>,
  projectId: string,
  evaluationIds: readonly string[],
  fields: readonly ValueField[],
  signal: AbortSignal,
): Promise<ResultRow[]> {
  const budget = new ValueBudget();
  const ofInputs = fields.filter(({ root }) => root === 'inputs');
  const ofOutput = fields.filter(({ root }) => root !== 'inputs');
  const query = {
    projectId,
    filter: { parentIds: evaluationIds },
    sort: [],
    payloads: ofOutput.length > 0 ? (['inputs', 'output'] as const) : (['inputs'] as const),
  };
  const byDigest = new Map<string, Trial[]>();
  const datasetRows = new Set<string>();
  let count = 0;
  for await (const calls of reader.streamCalls(query, signal)) {
    for (const call of calls) {
      if (!isPredictAndScore(call.opName) || evaluationIds.includes(call.id)) continue;
      if (++count > MAX_TRIALS)
        throw new AppError(
          'request_too_large',
          `evaluation_call_ids: they have more than ${MAX_TRIALS} trials together`,
        );
      const { digest, isRef } = rowOf(call);
      const trial: Trial = {
        callId: call.id,
        evaluationId: call.parentId!,
        rowDigest: digest,
        values: new Map(),
      };
      budget.keep(trial, ofOutput, call.output);
      if (isRef) datasetRows.add(digest);
      else budget.keep(trial, ofInputs, valueAt(call.inputs, 'example'));
      const trials = byDigest.get(digest);
      if (trials === undefined) byDigest.set(digest, [trial]);
      else trials.push(trial);
    }
  }
  if (ofInputs.length > 0) await addInputs(reader, projectId, [...datasetRows], byDigest, ofInputs, budget);
  const place = new Map(evaluationIds.map((id, i) => [id, i]));
  return [...byDigest].map(([digest, trials]) => ({
    digest,
    trials: trials.sort((a, b) => place.get(a.evaluationId)! - place.get(b.evaluationId)!),
  }));
}

async function addInputs(
  reader: Pick<TraceReader, 'tableRows'>,
  projectId: string,
  digests: readonly string[],
  byDigest: ReadonlyMap<string, readonly Trial[]>,
  fields: readonly ValueField[],
  budget: ValueBudget,
): Promise<void> {
  for (let from = 0; from < digests.length; from += ROWS_PER_READ) {
    const rows = await reader.tableRows(projectId, digests.slice(from, from + ROWS_PER_READ));
    for (const [digest, row] of rows)
      for (const trial of byDigest.get(digest)!) budget.keep(trial, fields, row);
  }
}

class ValueBudget {
  private sizeBytes = 0;

  keep(trial: Trial, fields: readonly ValueField[], json: Uint8Array | null): void {
    if (json === null || json.length === 0) return;
    for (const field of fields) {
      const value = readField(field, json);
      if (value === null) continue;
      this.sizeBytes += value.length;
      if (this.sizeBytes > MAX_VALUE_BYTES)
        throw new AppError(
          'request_too_large',
          `sort_by, filters: the values they look at are more than ${MAX_VALUE_BYTES} bytes`,
        );
      trial.values.set(field.column, Buffer.from(value));
    }
  }
}

const ROW_REF = /^.+\/attr\/rows\/id\/([^/]+)$/;
const digests = createDigests((data) => createHash('sha256').update(data).digest());
const NULL = Buffer.from('null');

/** The row of a dataset that a ref points at. */
export function digestOfRowRef(example: Uint8Array | null): string | undefined {
  return example?.[0] === 0x22 ? ROW_REF.exec(textOf(example))?.[1] : undefined;
}

/** A row that is written out has the digest that it would have in a table, so that equal rows meet. */
function rowOf({ inputs }: StoredCall): { digest: string; isRef: boolean } {
  const example = valueAt(inputs, 'example');
  const ofRef = digestOfRowRef(example);
  if (ofRef !== undefined) return { digest: ofRef, isRef: true };
  return { digest: digestOf(example ?? NULL), isRef: false };
}

function digestOf(example: Uint8Array): string {
  try {
    return digests.json(example);
  } catch (error) {
    // Refs that no request may hold: stored long ago by somebody who did not look.
    if (error instanceof AppError) return digests.bytes(example);
    throw error;
  }
}
