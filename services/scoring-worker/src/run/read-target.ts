import { AppError, hasScoreMark } from '@weft/model';
import { createMatcher, type Monitor, type Target } from '@weft/scoring';
import type { StoredCall, TraceReader } from '@weft/trace-store';
import { gatherCalls } from '../debounce/gathered.ts';
import { createHolds } from '../intake/holds.ts';
import type { ScoreJob } from '../jobs.ts';
import { keyOf, readCalls } from '../read-calls.ts';
import { waitedFor, type Waiting } from './missing.ts';

/** What is to be scored; or why it is not; or since when it cannot be read. */
export type ReadTarget =
  | { readonly job: ScoreJob; readonly target: Target; readonly call: StoredCall }
  | { readonly skip: string }
  | Waiting;

const EVERYTHING = ['attributes', 'inputs', 'output', 'summary'] as const;

/** @throws AppError `storage_unavailable` when payloads of it cannot be had now. */
export async function readTarget(
  {
    reader,
    clock,
    maxGathered,
  }: {
    readonly reader: Pick<TraceReader, 'streamCalls'>;
    readonly clock: () => number;
    readonly maxGathered: number;
  },
  job: ScoreJob,
  monitor: Monitor | null,
  missingSinceMs?: number,
): Promise<ReadTarget> {
  const { projectId } = job;
  const call = (await readCalls(reader, projectId, [job], EVERYTHING)).get(keyOf(job));
  // It is told of once it can be read; a replica that is behind, or a deletion, may come between.
  if (call === undefined) return waitedFor(clock(), missingSinceMs) ?? { skip: 'gone' };
  if (hasScoreMark(call.attributes)) return { skip: 'score' };
  if (!isWhole(call)) return { skip: 'gone' };
  const checked = job.isUnchecked === true && monitor !== null ? check(monitor, call, job) : job;
  if (checked === undefined) return { skip: 'filter' };
  const { gathered, isAgentTurn } = checked;
  const calls =
    gathered === null || monitor === null
      ? [call]
      : await gatherCalls(reader, monitor, { projectId, ...gathered }, call, maxGathered);
  calls.forEach(isWhole);
  return { job: checked, target: { call, calls, isAgentTurn }, call };
}

/** False when a payload of it is lost. @throws AppError `storage_unavailable` */
function isWhole({ claims }: StoredCall): boolean {
  if (claims.some(({ error, isGone }) => error !== undefined && isGone !== true))
    throw new AppError('storage_unavailable', 'the payloads of the call cannot be had now');
  return claims.length === 0;
}

/** What could not be looked at when the call was told of. Undefined: the monitor does not look at it. */
function check(monitor: Monitor, call: StoredCall, job: ScoreJob): ScoreJob | undefined {
  const facts = { ...call, endedAtUs: call.endedAtUs ?? 0, isScore: false };
  const [match] = createMatcher([{ ...monitor, active: true }]).match(facts);
  if (match === undefined || !createHolds([monitor]).of(monitor, call)) return undefined;
  return { ...job, isAgentTurn: match.isAgentTurn };
}
