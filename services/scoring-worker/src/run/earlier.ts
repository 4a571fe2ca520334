import { textAt } from '@weft/model';
import { parseQuery } from '@weft/query-language';
import { feedbackField, type TraceReader } from '@weft/trace-store';
import { scoreId, type ScoreJob } from '../jobs.ts';
import { targetRef } from './results.ts';

/** What was said of the same call by the same rule before. */
export interface Earlier {
  /** All of it is there, and no error: there is nothing left to be done. */
  readonly isScored: boolean;
  /** When the last of it was said; 0 = never. What is to count instead has to be later. */
  readonly atUs: number;
}

export async function findEarlier(
  reader: Pick<TraceReader, 'streamFeedback'>,
  job: ScoreJob,
  scorerRefs: readonly string[],
): Promise<Earlier> {
  const ids = scorerRefs.map((ref) => ({ $literal: scoreId(job.monitorRef, ref, job, 'feedback') }));
  const isOfTarget = { $eq: [{ $getField: 'weave_ref' }, { $literal: targetRef(job) }] };
  const isOneOf = { $in: [{ $getField: 'id' }, ids] };
  const where = parseQuery({ $expr: { $and: [isOfTarget, isOneOf] } }, feedbackField);
  let scored = 0;
  let atUs = 0;
  for await (const rows of reader.streamFeedback({ projectId: job.projectId, where }))
    for (const row of rows) {
      if (textAt(row.payload, 'status') !== 'error') scored++;
      atUs = Math.max(atUs, row.createdAtUs);
    }
  return { isScored: scored === ids.length, atUs };
}
