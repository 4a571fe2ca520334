import { AppError, formatRef, hasScoreMark, parseRef } from '@weft/model';
import { ScoreError } from '@weft/scoring';
import type { StoredCall, TraceReader } from '@weft/trace-store';
import { BY_ROUTE } from '../budgets/budgets.ts';
import { addTasks, sortTasks, type Group, type Task, type WorkDeps } from '../history/work.ts';
import { toScoreJob } from '../jobs.ts';
import type { Scorers } from '../parts.ts';

export interface ScoreCallsDeps extends WorkDeps {
  readonly reader: WorkDeps['reader'] & Pick<TraceReader, 'streamCalls' | 'readObject'>;
  readonly scorers: Scorers;
}

export interface ScoreCalls {
  readonly projectId: string;
  readonly callIds: readonly string[];
  /** With digests: `resolveScorers`. */
  readonly scorerRefs: readonly string[];
  readonly userId: string;
}

const MAX_SCORES = 10_000;
const IDS_AT_ONCE = 500;
const NAMED = 5;

/**
 * Queues the calls for the scorers, outside of any monitor. All or nothing is asked for: whoever names a call that cannot be
 * scored is told so at once. What is scored already or queued stays as it is.
 * @throws AppError `not_found`, `invalid_request`
 */
export async function scoreCalls(deps: ScoreCallsDeps, asked: ScoreCalls): Promise<void> {
  const { projectId, callIds, scorerRefs, userId } = asked;
  if (callIds.length * scorerRefs.length > MAX_SCORES)
    throw new AppError('invalid_request', `call_ids, scorer_refs: more than ${MAX_SCORES} scores at once`);
  const groups = await Promise.all(scorerRefs.map((ref) => load(deps.scorers, ref)));
  const calls = await find(deps.reader, projectId, callIds);
  const tasks = calls.flatMap((call): Task[] => {
    const chosen = { projectId, callId: call.id, spanTraceId: call.isSpan ? call.traceId : null };
    return scorerRefs.map((ref, group) => {
      const job = {
        ...chosen,
        monitorRef: null,
        scorerRefs: [ref],
        isAgentTurn: false,
        gathered: null,
        userId,
      };
      return { chosen, group, job: toScoreJob(job, BY_ROUTE) };
    });
  });
  const { toScore } = await sortTasks(deps, { projectId, monitorRef: null }, groups, tasks);
  await addTasks(deps, projectId, toScore);
}

/**
 * Refs of scorers with the digests that their versions have now: `latest`, `v3` and aliases mean something else tomorrow.
 * @param mayRead throws for projects that the caller may not read.
 * @throws AppError `invalid_request` for what is no ref of an object, `not_found`
 */
export async function resolveScorers(
  reader: Pick<TraceReader, 'readObject'>,
  refs: readonly string[],
  mayRead: (projectId: string) => void,
): Promise<string[]> {
  return Promise.all(
    refs.map(async (text) => {
      const ref = parseRef(text);
      if (ref.kind !== 'object')
        throw new AppError(
          'invalid_request',
          `scorer_refs: ${text.slice(0, 300)} is not the ref of an object`,
        );
      mayRead(ref.projectId);
      const object = await reader.readObject(ref.projectId, ref.name, ref.version, { vals: false });
      if (object === null || object.deletedAtUs !== null || object.kind === 'op')
        throw new AppError('not_found', `scorer_refs: there is no object ${text.slice(0, 300)}`);
      return formatRef({ ...ref, version: object.digest });
    }),
  );
}

/** A scorer that cannot be run is refused: nobody would look for the reason in feedback. */
async function load(scorers: Scorers, ref: string): Promise<Group> {
  try {
    return { refs: [ref], scorer: await scorers.load([ref]), problem: undefined };
  } catch (error) {
    if (!(error instanceof ScoreError)) throw error;
    throw new AppError('invalid_request', `scorer_refs: ${error.message}`, { cause: error });
  }
}

async function find(
  reader: Pick<TraceReader, 'streamCalls'>,
  projectId: string,
  ids: readonly string[],
): Promise<StoredCall[]> {
  const found: StoredCall[] = [];
  for (let from = 0; from < ids.length; from += IDS_AT_ONCE) {
    const filter = { callIds: ids.slice(from, from + IDS_AT_ONCE) };
    const query = { projectId, filter, sort: [], payloads: ['attributes'] as const, wholeUpTo: 0 };
    for await (const calls of reader.streamCalls(query)) found.push(...calls);
  }
  const known = new Set(found.map(({ id }) => id));
  refuse(
    'not_found',
    'there are no such calls',
    ids.filter((id) => !known.has(id)),
  );
  const those = (is: (call: StoredCall) => boolean) => found.filter(is).map(({ id }) => id);
  refuse(
    'invalid_request',
    'still running',
    those(({ endedAtUs }) => endedAtUs === null),
  );
  refuse('invalid_request', 'made by scorers, which are never scored', those(({ attributes }) => hasScoreMark(attributes))); // prettier-ignore
  return found;
}

function refuse(code: 'not_found' | 'invalid_request', why: string, ids: readonly string[]): void {
  if (ids.length === 0) return;
  const more = ids.length > NAMED ? ` and ${ids.length - NAMED} others` : '';
  throw new AppError(code, `call_ids: ${why}: ${ids.slice(0, NAMED).join(', ').slice(0, 500)}${more}`);
}
