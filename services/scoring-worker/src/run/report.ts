import type { EventLog } from '@weft/event-log';
import { nowUs } from '@weft/model';
import type { ScoreError, Scores } from '@weft/scoring';
import type { TraceReader } from '@weft/trace-store';
import type { ScoreJob } from '../jobs.ts';
import { readAgent, type ScoredAgent } from './agent.ts';
import { findEarlier } from './earlier.ts';
import { keepable } from './kept.ts';
import { resultEvents, type Answer } from './results.ts';
import { shownInputs } from './shown-inputs.ts';
import { answerersOf, isTraced, refsOf, type Subject } from './subject.ts';

/** Longest reason that is kept. */
export const MAX_MESSAGE = 2000;

export interface ReportDeps {
  readonly eventLog: Pick<EventLog, 'append'>;
  readonly reader: Pick<TraceReader, 'streamFeedback' | 'traceIdentities'>;
}

/** What a run came to, ready to be kept and told. Later than what was said of the same before. */
export async function toAnswer(
  { reader }: ReportDeps,
  subject: Subject,
  scores: Scores,
  run: Pick<Answer, 'attempts' | 'error'>,
): Promise<Answer> {
  const { job, earlier, target, startedAtUs } = subject;
  return {
    ...scores,
    ...run,
    startedAtUs,
    endedAtUs: Math.max(nowUs(), (earlier?.atUs ?? 0) + 1),
    inputs: target === undefined ? '{}' : shownInputs(target),
    isAgentTurn: job.isAgentTurn,
    agent: await agentOf(reader, subject),
    isTraced: isTraced(subject),
  };
}

/** Resolves once the log has it. */
export async function tell({ eventLog }: ReportDeps, job: ScoreJob, answer: Answer): Promise<void> {
  await eventLog.append('trace-events', resultEvents(job, answer));
}

/** An error as it is seen on the call. A score that is there already stays. */
export async function tellError(
  deps: ReportDeps,
  subject: Subject,
  error: Pick<ScoreError, 'message' | 'spend' | 'request' | 'reply'> & { readonly kind: string },
  attempts: number,
): Promise<void> {
  subject.earlier ??= await findEarlier(deps.reader, subject.job, refsOf(subject));
  if (subject.earlier.isScored) return;
  const { kind, spend, request, reply } = error;
  const verdicts = answerersOf(subject).map(({ name, ref }) => ({
    scorerName: name,
    scorerRef: ref,
    output: null,
  }));
  const answer = await toAnswer(
    deps,
    subject,
    { verdicts, spend, request, reply },
    { attempts, error: { kind, message: error.message.slice(0, MAX_MESSAGE) } },
  );
  await tell(deps, subject.job, keepable(answer)!);
}

async function agentOf(reader: ReportDeps['reader'], { job, stored }: Subject): Promise<ScoredAgent | null> {
  const { projectId, spanTraceId, isAgentTurn } = job;
  if (!isAgentTurn || spanTraceId === null) return null;
  return readAgent(reader, projectId, spanTraceId, stored);
}
