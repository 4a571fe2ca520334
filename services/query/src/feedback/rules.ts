import {
  agentTarget,
  AppError,
  appendMembers,
  JsonMembers,
  parseRef,
  type FeedbackRecord,
  type Ref,
} from '@weft/model';
import { describeEmoji } from './emoji.ts';

export const MAX_FEEDBACK_BYTES = 1024 * 1024;
const MAX_NOTE = 1024;

const ANNOTATION = 'wandb.annotation';
const RUNNABLE = 'wandb.runnable';
const AGENT_MONITOR = 'wandb.agent_monitor';
const AGENT_USER = 'wandb.agent_user_feedback';

/**
 * W&B's rules for feedback as far as they need no stored object (weave-api §7.10).
 * @param path put before the names of members in errors, e.g. `batch[0].`.
 * @returns the payload to store: as sent, for reactions with the emoji's names added. @throws AppError `invalid_request`
 */
export function checkFeedback(projectId: string, feedback: FeedbackRecord, path = ''): Uint8Array {
  const rules = new Rules(projectId, feedback, path);
  return rules.check();
}

/** Whether the store has to be asked: an annotation is held against its spec, a queue has to be there. */
export function needsStore(feedbackType: string, queueId: string | null | undefined): boolean {
  return feedbackType.startsWith(ANNOTATION) || Boolean(queueId);
}

class Rules {
  private readonly projectId: string;
  private readonly feedback: FeedbackRecord;
  private readonly path: string;
  private readonly payload: JsonMembers;

  constructor(projectId: string, feedback: FeedbackRecord, path: string) {
    this.projectId = projectId;
    this.feedback = feedback;
    this.path = path;
    if (feedback.payload.length > MAX_FEEDBACK_BYTES)
      throw this.bad('payload', `is larger than ${MAX_FEEDBACK_BYTES} bytes`);
    this.payload = JsonMembers.parse(feedback.payload, { path: `${path}payload.` });
  }

  check(): Uint8Array {
    const { feedbackType: type, payload } = this.feedback;
    if (type === '') throw this.bad('feedback_type', 'must not be empty');
    this.checkRefs(type);
    this.checkScorer(type);
    this.checkAgentTarget(type);
    if (type === 'wandb.reaction.1') return this.withEmojiNames();
    if (type === 'wandb.note.1') this.checkNote();
    return payload;
  }

  /** In W&B's order: an annotation may point at more than its spec. */
  private checkRefs(type: string): void {
    const { annotationRef, runnableRef, callRef, triggerRef } = this.feedback;
    if (type.startsWith(ANNOTATION)) this.checkAnnotation(type);
    else if (annotationRef !== null) throw this.notAllowed('annotation_ref', type);
    else if (type.startsWith(RUNNABLE)) this.checkRunnable(type);
    else if (type === AGENT_MONITOR) {
      if (runnableRef === null) throw this.bad('runnable_ref', 'is required');
      if (callRef === null) throw this.bad('call_ref', 'is required');
      if (triggerRef === null) throw this.bad('trigger_ref', 'is required');
    } else if (runnableRef !== null) throw this.notAllowed('runnable_ref', type);
    else if (callRef !== null) throw this.notAllowed('call_ref', type);
    else if (triggerRef !== null) throw this.notAllowed('trigger_ref', type);
    this.checkKind('runnable_ref', runnableRef, ['op', 'object']);
    this.checkKind('call_ref', callRef, ['call']);
    this.checkKind('trigger_ref', triggerRef, ['object']);
  }

  private checkAnnotation(type: string): void {
    const ref = this.ref('annotation_ref', this.feedback.annotationRef);
    if (ref.kind !== 'object') throw this.bad('annotation_ref', 'must be an object ref');
    if (ref.projectId !== this.projectId) throw this.bad('annotation_ref', 'must be of the same project');
    this.checkName('annotation_ref', ref.name, type, ANNOTATION);
    if (this.payload.raw('value') === null) throw this.payload.invalid('value', 'is required');
  }

  private checkRunnable(type: string): void {
    const { runnableRef, callRef } = this.feedback;
    const ref = this.ref('runnable_ref', runnableRef);
    if (ref.kind !== 'op' && ref.kind !== 'object')
      throw this.bad('runnable_ref', 'must be an op or object ref');
    this.checkName('runnable_ref', ref.name, type, RUNNABLE);
    if (ref.kind === 'op' && callRef === null)
      throw this.bad('call_ref', 'is required when runnable_ref is an op');
    if (this.payload.raw('output') === null) throw this.payload.invalid('output', 'is required');
  }

  private checkName(member: string, name: string, type: string, prefix: string): void {
    if (type !== `${prefix}.${name}`) throw this.bad(member, 'must have the name that feedback_type ends in');
  }

  private checkKind(member: string, text: string | null, kinds: readonly Ref['kind'][]): void {
    if (text !== null && !kinds.includes(this.ref(member, text).kind))
      throw this.bad(member, `must be a ref of the kind ${kinds.join(' or ')}`);
  }

  private checkScorer(type: string): void {
    const { traceId, ...values } = this.feedback.scorer;
    const isScore = type.startsWith(RUNNABLE) || type === AGENT_MONITOR || type === AGENT_USER;
    if (!isScore && Object.values(values).some(({ length }) => length > 0))
      throw this.bad(
        'scorer_tags',
        `scorer_* members are only allowed on ${AGENT_MONITOR}, ${AGENT_USER} and ${RUNNABLE} feedback`,
      );
    if (type === AGENT_USER && values.tags.length === 0) throw this.bad('scorer_tags', 'is required');
  }

  /** What is sent beside a ref to a turn or conversation must not contradict it. */
  private checkAgentTarget(type: string): void {
    const { span, weaveRef } = this.feedback;
    const target = agentTarget(type, weaveRef);
    if (target.conversationId !== '') {
      if (span.conversationId !== target.conversationId)
        throw this.bad('span_conversation_id', 'conflicts with weave_ref');
      if (span.traceId !== '') throw this.bad('span_trace_id', 'cannot be given for a conversation');
    }
    if (target.traceId !== '' && span.traceId !== target.traceId)
      throw this.bad('span_trace_id', 'conflicts with weave_ref');
  }

  private checkNote(): void {
    const length = [...this.payload.requiredText('note')].length;
    if (length < 1 || length > MAX_NOTE)
      throw this.payload.invalid('note', `must have 1 to ${MAX_NOTE} characters`);
  }

  private withEmojiNames(): Uint8Array {
    const names = describeEmoji(this.payload.requiredText('emoji'));
    if (names === null) throw this.payload.invalid('emoji', 'must be exactly one emoji');
    return appendMembers(this.feedback.payload, {
      alias: JSON.stringify(names.alias),
      detoned: JSON.stringify(names.detoned),
      detoned_alias: JSON.stringify(names.detonedAlias),
    });
  }

  private ref(member: string, text: string | null): Ref {
    if (text === null) throw this.bad(member, 'is required');
    return parseRef(text);
  }

  private notAllowed(member: string, type: string): AppError {
    return this.bad(member, `is not allowed for feedback of type ${JSON.stringify(type.slice(0, 80))}`);
  }

  private bad(member: string, what: string): AppError {
    return new AppError('invalid_request', `${this.path}${member}: ${what}`);
  }
}
