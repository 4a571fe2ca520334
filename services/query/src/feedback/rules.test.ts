import { describe, expect, it } from '@jest/globals';
import { JsonMembers, readFeedback } from '@weft/model';
import { checkFeedback, needsStore } from './rules.ts';

const BASE = { weave_ref: 'weave:///e/p/call/c1', payload: {} };
const check = (request: object, path?: string) =>
  Buffer.from(
    checkFeedback(
      'e/p',
      readFeedback(JsonMembers.parse(Buffer.from(JSON.stringify({ ...BASE, ...request })))),
      path,
    ),
  ).toString();

const ANNOTATION = {
  feedback_type: 'wandb.annotation.grade',
  annotation_ref: 'weave:///e/p/object/grade:abc',
  payload: { value: null },
};
const RUNNABLE = {
  feedback_type: 'wandb.runnable.judge',
  runnable_ref: 'weave:///e/p/op/judge:abc',
  call_ref: 'weave:///e/p/call/s1',
  payload: { output: 1 },
};
const MONITOR = {
  feedback_type: 'wandb.agent_monitor',
  runnable_ref: 'weave:///e/p/object/judge:abc',
  call_ref: 'weave:///e/p/call/s1',
  trigger_ref: 'weave:///e/p/object/m:1',
};

describe('checkFeedback', () => {
  it('adds the names of an emoji and leaves other payloads as they are', () => {
    expect(JSON.parse(check({ feedback_type: 'wandb.reaction.1', payload: { emoji: '👍🏽' } }))).toEqual({
      emoji: '👍🏽',
      alias: ':thumbs_up_medium_skin_tone:',
      detoned: '👍',
      detoned_alias: ':thumbs_up:',
    });
    const record = readFeedback(
      JsonMembers.parse(Buffer.from('{"weave_ref":"r","feedback_type":"t","payload":{"n": 1.0}}')),
    );
    expect(checkFeedback('e/p', record)).toBe(record.payload);
  });

  it.each([
    ANNOTATION,
    { ...ANNOTATION, call_ref: 'weave:///e/p/call/s1' },
    RUNNABLE,
    {
      ...RUNNABLE,
      runnable_ref: 'weave:///e/p/object/judge:abc',
      call_ref: null,
      trigger_ref: 'weave:///e/p/object/m:1',
    },
    { ...RUNNABLE, scorer_tags: ['t'], scorer_ratings: { r: 1 } },
    { feedback_type: 'wandb.note.1', payload: { note: '😀'.repeat(1024) } },
    { feedback_type: 'anything', weave_ref: 'not a ref' },
    {
      feedback_type: 'anything',
      scorer_tags: [],
      scorer_ratings: {},
      span_trace_id: 't',
      scorer_trace_id: 's',
    },
    MONITOR,
    {
      feedback_type: 'wandb.agent_user_feedback',
      scorer_tags: ['👍'],
      weave_ref: 'weave:///e/p/agent_turn/t',
    },
    { ...MONITOR, weave_ref: 'weave:///e/p/agent_turn/t', span_trace_id: 't' },
    { ...MONITOR, weave_ref: 'weave:///e/p/agent_conversation/c', span_conversation_id: 'c' },
  ])('takes %j', (request) => {
    expect(() => check(request)).not.toThrow();
  });

  it.each<[object, string]>([
    [{ feedback_type: '' }, 'feedback_type: must not be empty'],
    [{ feedback_type: 'x', payload: { text: 'a'.repeat(1024 * 1024) } }, 'payload: is larger than'],
    [{ feedback_type: 'wandb.reaction.1' }, 'payload.emoji: is required'],
    [{ feedback_type: 'wandb.reaction.1', payload: { emoji: '👍👍' } }, 'exactly one emoji'],
    [{ feedback_type: 'wandb.note.1', payload: { note: '' } }, 'payload.note: must have 1 to 1024'],
    [{ feedback_type: 'wandb.note.1', payload: { note: 'x'.repeat(1025) } }, 'payload.note: must have'],
    [{ feedback_type: 'wandb.note.1', payload: { note: 5 } }, 'payload.note: must be a string'],
    [{ feedback_type: 'x', annotation_ref: 'weave:///e/p/object/a:1' }, 'annotation_ref: is not allowed'],
    [{ feedback_type: 'x', runnable_ref: 'weave:///e/p/op/a:1' }, 'runnable_ref: is not allowed'],
    [{ feedback_type: 'x', call_ref: 'weave:///e/p/call/a' }, 'call_ref: is not allowed'],
    [{ feedback_type: 'x', trigger_ref: 'weave:///e/p/object/a:1' }, 'trigger_ref: is not allowed'],
    [{ feedback_type: 'x', scorer_tags: ['t'] }, 'scorer_tags: scorer_* members are only allowed'],
    [{ ...ANNOTATION, scorer_ratings: { r: 1 } }, 'only allowed'],
    [{ ...ANNOTATION, feedback_type: 'wandb.annotation' }, 'must have the name'],
    [{ ...ANNOTATION, feedback_type: 'wandb.annotation.' }, 'must have the name'],
    [{ ...ANNOTATION, feedback_type: 'wandb.annotation.other' }, 'must have the name'],
    [{ ...ANNOTATION, annotation_ref: null }, 'annotation_ref: is required'],
    [{ ...ANNOTATION, annotation_ref: 'weave:///e/p/op/grade:1' }, 'must be an object ref'],
    [{ ...ANNOTATION, annotation_ref: 'weave:///e/q/object/grade:1' }, 'same project'],
    [{ ...ANNOTATION, annotation_ref: 'weave:///e/p/object/grade' }, 'expected name:digest'],
    [{ ...ANNOTATION, annotation_ref: 'text' }, 'bad ref'],
    [{ ...ANNOTATION, payload: {} }, 'payload.value: is required'],
    [{ ...RUNNABLE, feedback_type: 'wandb.runnable' }, 'must have the name'],
    [{ ...RUNNABLE, runnable_ref: null }, 'runnable_ref: is required'],
    [{ ...RUNNABLE, runnable_ref: 'weave:///e/p/call/judge' }, 'must be an op or object ref'],
    [{ ...RUNNABLE, call_ref: null }, 'call_ref: is required'],
    [{ ...RUNNABLE, call_ref: 'weave:///e/p/op/a:1' }, 'call_ref: must be a ref of the kind call'],
    [{ ...RUNNABLE, trigger_ref: 'weave:///e/p/call/a' }, 'trigger_ref: must be a ref of the kind object'],
    [{ ...RUNNABLE, payload: {} }, 'payload.output: is required'],
    [{ ...RUNNABLE, annotation_ref: 'weave:///e/p/object/a:1' }, 'annotation_ref: is not allowed'],
    [{ ...MONITOR, runnable_ref: null }, 'runnable_ref: is required'],
    [{ ...MONITOR, call_ref: null }, 'call_ref: is required'],
    [{ ...MONITOR, trigger_ref: null }, 'trigger_ref: is required'],
    [{ feedback_type: 'wandb.agent_user_feedback' }, 'scorer_tags: is required'],
    [{ ...MONITOR, weave_ref: 'weave:///e/p/agent_turn/t', span_trace_id: 'x' }, 'span_trace_id: conflicts'],
    [
      { ...MONITOR, weave_ref: 'weave:///e/p/agent_conversation/c', span_conversation_id: 'x' },
      'span_conversation_id: conflicts',
    ],
    [{ ...MONITOR, weave_ref: 'weave:///e/p/agent_conversation/c', span_trace_id: 'x' }, 'cannot be given'],
  ])('refuses %j: %s', (request, message) => {
    expect(() => check(request)).toThrow(
      expect.objectContaining({ code: 'invalid_request', message: expect.stringContaining(message) }),
    );
  });

  it('names the item of a batch', () => {
    expect(() => check({ feedback_type: 'wandb.note.1' }, 'batch[3].')).toThrow(
      'batch[3].payload.note: is required',
    );
  });
});

describe('needsStore', () => {
  it.each([
    ['wandb.annotation.a', undefined, true],
    ['custom', 'q', true],
    ['custom', '', false],
    ['wandb.runnable.a', undefined, false],
  ])('of %s in the queue %s: %s', (type, queueId, expected) => {
    expect(needsStore(type, queueId)).toBe(expected);
  });
});
