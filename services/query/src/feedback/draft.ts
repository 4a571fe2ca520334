import { isUtf8 } from 'node:buffer';
import {
  AppError,
  encodeFeedback,
  formatInstant,
  isValidId,
  JsonMembers,
  newId,
  parseRef,
  readFeedback,
  type FeedbackRecord,
  type TraceEvent,
} from '@weft/model';
import type { TraceReader } from '@weft/trace-store';
import { isValueOfSpec } from './annotation-value.ts';
import { checkFeedback, needsStore } from './rules.ts';

export interface FeedbackDraft {
  readonly event: TraceEvent;
  /** The answer of a create, JSON. */
  readonly answer: Buffer;
}

export interface FeedbackRequest {
  readonly projectId: string;
  /** The create request as it was sent. */
  readonly bytes: Uint8Array;
  readonly userId: string;
  readonly atUs: number;
  /** Put before the names of members in errors, e.g. `batch[0].`. */
  readonly path?: string;
  /** An id that this feedback cannot have. */
  readonly notId?: string;
}

/** Checks a create request; what it says of stored things is looked up. @throws AppError `invalid_request` */
export async function draftFeedback(reader: TraceReader, request: FeedbackRequest): Promise<FeedbackDraft> {
  const { projectId, bytes, userId, atUs, path = '', notId } = request;
  if (!isUtf8(bytes)) throw new AppError('invalid_request', 'the body is not valid UTF-8');
  const members = JsonMembers.parse(bytes, { path });
  const record = readFeedback(members);
  const payload = checkFeedback(projectId, record, path);
  const given = members.text('id');
  if (given !== null && !isValidId(given)) throw members.invalid('id', 'is not an id');
  if (needsStore(record.feedbackType, record.queueId)) await checkStored(reader, projectId, record, path);
  const id = given === null || given === notId ? newId() : given;
  const head = JSON.stringify({ id, created_at: formatInstant(atUs), wb_user_id: userId });
  return {
    event: {
      kind: 'feedback.created',
      projectId,
      id,
      userId,
      receivedAtUs: atUs,
      note: '',
      payload: encodeFeedback(bytes, { id, createdAtUs: atUs, payload }),
    },
    answer: Buffer.concat([Buffer.from(`${head.slice(0, -1)},"payload":`), payload, Buffer.from('}')]),
  };
}

async function checkStored(
  reader: TraceReader,
  projectId: string,
  { annotationRef, queueId, payload }: FeedbackRecord,
  path: string,
): Promise<void> {
  const invalid = (what: string) => new AppError('invalid_request', `${path}${what}`);
  if (annotationRef !== null) {
    const ref = parseRef(annotationRef);
    const spec = ref.kind === 'object' ? await reader.readObject(projectId, ref.name, ref.version) : null;
    if (spec === null || spec.deletedAtUs !== null || ref.extra.length > 0)
      throw invalid('annotation_ref: the annotation spec was not found');
    const value = JsonMembers.parse(payload).raw('value')!;
    if (!isValueOfSpec(spec.val, value)) throw invalid('payload.value: does not match the annotation spec');
  }
  if (queueId && (await reader.readQueue(projectId, queueId)) === null)
    throw invalid('queue_id: there is no such annotation queue');
}
