import { AppError, appendMembers, JsonMembers, parseRef, type FeedbackRecord, type Ref } from '@weft/model';
import { describeEmoji } from './emoji.ts';

export const MAX_FEEDBACK_BYTES = 1024 * 1024;
const MAX_NOTE = 1024;

const ANNOTATION = 'wandb.annotation.';
const RUNNABLE = 'wandb.runnable.';

/**
 * W&B's rules for feedback as far as they need no stored object (weave-api: feedback validation).
 * @returns the payload to store: as sent, for reactions with the emoji's names added. @throws AppError `invalid_request`
 */
export function checkFeedback(projectId: string, feedback: FeedbackRecord): Uint8Array {
  const { feedbackType: type, payload } = feedback;
  if (payload.length > MAX_FEEDBACK_BYTES) throw bad('payload', `is larger than ${MAX_FEEDBACK_BYTES} bytes`);
  if (type === '') throw bad('feedback_type', 'must not be empty');
  const members = JsonMembers.parse(payload, { path: 'payload.' });
  checkRefs(projectId, feedback, members);
  if (type === 'wandb.reaction.1') return withEmojiNames(payload, members);
  if (type === 'wandb.note.1') checkNote(members);
  return payload;
}

function checkRefs(projectId: string, feedback: FeedbackRecord, payload: JsonMembers): void {
  const { feedbackType: type } = feedback;
  const annotation = type.startsWith(ANNOTATION);
  const runnable = type.startsWith(RUNNABLE);
  if (annotation) checkAnnotation(projectId, type.slice(ANNOTATION.length), feedback, payload);
  else if (feedback.annotationRef !== null) throw notAllowed('annotation_ref', type);
  if (runnable) checkRunnable(type.slice(RUNNABLE.length), feedback, payload);
  else if (feedback.runnableRef !== null) throw notAllowed('runnable_ref', type);
  else if (feedback.callRef !== null) throw notAllowed('call_ref', type);
  else if (feedback.triggerRef !== null) throw notAllowed('trigger_ref', type);
}

function checkAnnotation(
  projectId: string,
  name: string,
  { annotationRef }: FeedbackRecord,
  payload: JsonMembers,
): void {
  const ref = refOf('annotation_ref', annotationRef);
  if (ref.kind !== 'object') throw bad('annotation_ref', 'must be an object ref');
  if (ref.projectId !== projectId) throw bad('annotation_ref', 'must be of the same project');
  if (ref.name !== name) throw bad('annotation_ref', 'must have the name that feedback_type ends in');
  if (payload.raw('value') === null) throw payload.invalid('value', 'is required');
}

function checkRunnable(name: string, { runnableRef, callRef }: FeedbackRecord, payload: JsonMembers): void {
  const ref = refOf('runnable_ref', runnableRef);
  if (ref.kind !== 'op' && ref.kind !== 'object') throw bad('runnable_ref', 'must be an op or object ref');
  if (ref.name !== name) throw bad('runnable_ref', 'must have the name that feedback_type ends in');
  if (ref.kind === 'op' && callRef === null) throw bad('call_ref', 'is required when runnable_ref is an op');
  if (callRef !== null && refOf('call_ref', callRef).kind !== 'call')
    throw bad('call_ref', 'must be a call ref');
  if (payload.raw('output') === null) throw payload.invalid('output', 'is required');
}

function checkNote(payload: JsonMembers): void {
  const note = payload.requiredText('note');
  const length = [...note].length;
  if (length < 1 || length > MAX_NOTE) throw payload.invalid('note', `must have 1 to ${MAX_NOTE} characters`);
}

function withEmojiNames(bytes: Uint8Array, payload: JsonMembers): Uint8Array {
  const names = describeEmoji(payload.requiredText('emoji'));
  if (names === null) throw payload.invalid('emoji', 'must be exactly one emoji');
  return appendMembers(bytes, {
    alias: JSON.stringify(names.alias),
    detoned: JSON.stringify(names.detoned),
    detoned_alias: JSON.stringify(names.detonedAlias),
  });
}

function refOf(name: string, text: string | null): Ref {
  if (text === null) throw bad(name, 'is required');
  return parseRef(text);
}

function notAllowed(name: string, type: string): AppError {
  return bad(name, `is not allowed for feedback of type ${JSON.stringify(type.slice(0, 80))}`);
}

function bad(name: string, what: string): AppError {
  return new AppError('invalid_request', `${name}: ${what}`);
}
