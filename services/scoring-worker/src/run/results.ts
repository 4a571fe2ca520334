import {
  callCompleted,
  createPlaceholderOps,
  encodeFeedback,
  entriesOf,
  formatRef,
  jsonObject,
  redactSecrets,
  type TraceEvent,
} from '@weft/model';
import { sha256 } from '@weft/runtime';
import type { Scores, Spend, Verdict } from '@weft/scoring';
import type { ScoredAgent } from './agent.ts';
import { scoreId, type ScoreJob } from '../jobs.ts';

/** What came of one run of a scorer, as it is kept until the log has it: JSON. */
export interface Answer extends Pick<Scores, 'spend' | 'request' | 'reply'> {
  readonly startedAtUs: number;
  readonly endedAtUs: number;
  readonly attempts: number;
  /** Of an error: each scorer that was to answer, without an output. */
  readonly verdicts: readonly Verdict[];
  readonly error: { readonly kind: string; readonly message: string } | null;
  /** JSON of what the scorer was shown, for the inputs of the score call. */
  readonly inputs: string;
  readonly isAgentTurn: boolean;
  /** Of an agent's turn. */
  readonly agent: ScoredAgent | null;
  /** False: feedback only. */
  readonly isTraced: boolean;
}

const placeholderOp = createPlaceholderOps(sha256);

/**
 * The answer as Weave shows it: for each verdict a call of the scorer, marked so that it is never scored itself, and feedback
 * on what was scored. Ids follow from rule and call, so that saying it again changes nothing, and what is said later of the
 * same replaces what was said before.
 */
export function resultEvents(asked: ScoreJob, answer: Answer): TraceEvent[] {
  const job = { ...asked, isAgentTurn: answer.isAgentTurn };
  return answer.verdicts.flatMap((verdict, i) => [
    ...(answer.isTraced ? scoreCall(job, answer, verdict, i === 0) : []),
    feedback(job, answer, verdict),
  ]);
}

/** Refs of what is scored: the call, and what feedback on it is about. */
export function targetRef({ projectId, callId, spanTraceId, isAgentTurn }: ScoreJob): string {
  return isAgentTurn && spanTraceId !== null
    ? `weave:///${projectId}/agent_turn/${spanTraceId}`
    : callRef(projectId, callId);
}

function callRef(projectId: string, id: string): string {
  return formatRef({ kind: 'call', projectId, id, extra: [] });
}

function scoreCall(job: ScoreJob, answer: Answer, verdict: Verdict, isFirst: boolean): TraceEvent[] {
  const { projectId, callId, monitorRef, userId } = job;
  const { startedAtUs, endedAtUs, error } = answer;
  const op = placeholderOp(projectId, `${verdict.scorerName}.score`, userId);
  const id = scoreId(monitorRef, verdict.scorerRef, job, 'call');
  const mark = { call_ref: callRef(projectId, callId), monitor_ref: monitorRef ?? undefined };
  const call = {
    projectId,
    id,
    traceId: id,
    parentId: null,
    opName: op.ref,
    startedAtUs,
    attributes: jsonObject({ weft: jsonObject({ score: jsonObject(mark) }) }),
    inputs: jsonObject({
      self: verdict.scorerRef,
      ...Object.fromEntries(entriesOf(Buffer.from(answer.inputs))),
    }),
    userId,
  };
  const end = {
    endedAtUs,
    output: Buffer.from(JSON.stringify(verdict.output ?? null)),
    summary: summaryOf(answer, isFirst),
    ...(error !== null && { exception: `${error.kind}: ${error.message}` }),
  };
  return [...op.events, callCompleted(call, end)];
}

/** A model that was asked for several verdicts at once was paid once: the first one's call shows it. */
function summaryOf(answer: Answer, isFirst: boolean): Uint8Array {
  const { spend, request, reply, attempts, error } = answer;
  const score = {
    status: error === null ? 'ok' : 'error',
    attempts,
    ...(isFirst && {
      request: redacted(request),
      reply: redacted(reply),
      cost_usd: spend.model === null ? undefined : spend.costUsd,
    }),
  };
  return jsonObject({
    usage: isFirst && spend.model !== null ? { [spend.model]: usageOf(spend) } : undefined,
    weft: jsonObject({ score: jsonObject(score) }),
  });
}

function usageOf({ requests, promptTokens, completionTokens }: Spend): object {
  return {
    requests,
    prompt_tokens: promptTokens,
    completion_tokens: completionTokens,
    total_tokens: promptTokens + completionTokens,
  };
}

function redacted(value: unknown): Uint8Array {
  return redactSecrets(Buffer.from(JSON.stringify(value ?? null)));
}

function feedback(job: ScoreJob, answer: Answer, verdict: Verdict): TraceEvent {
  const { projectId, monitorRef, userId, isAgentTurn } = job;
  const { error, agent, attempts, spend } = answer;
  const id = scoreId(monitorRef, verdict.scorerRef, job, 'feedback');
  const call = answer.isTraced ? scoreId(monitorRef, verdict.scorerRef, job, 'call') : null;
  const payload =
    error === null
      ? jsonObject({ output: verdict.output ?? null })
      : jsonObject({
          output: null,
          status: 'error',
          error: { ...error, attempts },
          request: redacted(answer.request),
          reply: redacted(answer.reply),
          cost_usd: spend.model === null ? undefined : spend.costUsd,
        });
  const request = jsonObject({
    project_id: projectId,
    weave_ref: targetRef(job),
    feedback_type: isAgentTurn ? 'wandb.agent_monitor' : `wandb.runnable.${verdict.scorerName}`,
    runnable_ref: verdict.scorerRef,
    call_ref: call === null ? undefined : callRef(projectId, call),
    trigger_ref: monitorRef ?? undefined,
    ...scorerMembers(verdict, call),
    ...(isAgentTurn && spanMembers(job, agent)),
    payload,
  });
  const createdAtUs = answer.endedAtUs;
  return {
    kind: 'feedback.created',
    projectId,
    id,
    userId,
    // Of two rows of one id the later one counts.
    receivedAtUs: createdAtUs,
    note: '',
    payload: encodeFeedback(request, { id, createdAtUs, payload }),
  };
}

/** What can be counted and averaged. */
function scorerMembers(
  { tags = [], ratings = [] }: Verdict,
  traceId: string | null,
): Record<string, unknown> {
  const by = <T, V>(list: readonly T[], name: (each: T) => string, value: (each: T) => V | undefined) => {
    const pairs = list.flatMap((each): [string, V][] => {
      const found = value(each);
      return found === undefined ? [] : [[name(each), found]];
    });
    return pairs.length === 0 ? undefined : Object.fromEntries(pairs);
  };
  return {
    scorer_tags: tags.length === 0 ? undefined : tags.map(({ tag }) => tag),
    scorer_tag_reasons: by(
      tags,
      ({ tag }) => tag,
      ({ reason }) => reason,
    ),
    scorer_tag_confidences: by(
      tags,
      ({ tag }) => tag,
      ({ confidence }) => confidence,
    ),
    scorer_ratings: by(
      ratings,
      ({ name }) => name,
      ({ value }) => value,
    ),
    scorer_rating_reasons: by(
      ratings,
      ({ name }) => name,
      ({ reason }) => reason,
    ),
    scorer_rating_confidences: by(
      ratings,
      ({ name }) => name,
      ({ confidence }) => confidence,
    ),
    scorer_trace_id: traceId ?? undefined,
  };
}

function spanMembers({ spanTraceId }: ScoreJob, agent: ScoredAgent | null): Record<string, unknown> {
  return {
    span_agent_name: agent?.agentName || undefined,
    span_agent_version: agent?.agentVersion || undefined,
    span_status_code: agent?.statusCode || undefined,
    span_conversation_id: agent?.conversationId || undefined,
    span_trace_id: spanTraceId ?? undefined,
  };
}
