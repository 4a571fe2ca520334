import { afterEach, describe, expect, it } from '@jest/globals';
import { readFeedbackEvent } from '@weft/model';
import { startGateway, type GatewayServer } from '../testing/gateway-server.ts';

let gateway: GatewayServer;
afterEach(() => gateway.stop());

const BASE = { project_id: 'e/p', weave_ref: 'weave:///e/p/call/c1' };
const UUID7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7/;
const utf8 = (bytes: Uint8Array) => Buffer.from(bytes).toString('utf8');
const post = (body: object | string) => gateway.post('/feedback/create', body);

describe('POST /feedback/create', () => {
  it('stores what was sent with what the server decided', async () => {
    gateway = await startGateway({ user: { name: 'ann', projects: ['e/p'] } });
    const sent =
      '{"project_id":"e/p","weave_ref":"weave:///e/p/call/c1","feedback_type":"custom","payload":{"n": 1.0,"big":9007199254740993},"creator":"me","id":null,"wb_user_id":"bob","scorer_tags":["t"]}';
    const answer = await post(sent);
    expect(answer.status).toBe(200);
    expect(answer.headers.get('content-type')).toContain('application/json');
    expect(answer.text).toContain('"payload":{"n": 1.0,"big":9007199254740993}}');
    expect(answer.json.id).toMatch(UUID7);
    expect(answer.json.wb_user_id).toBe('ann');
    expect(answer.json.created_at).toMatch(/^\d{4}-\d\d-\d\dT[\d:]{8}\.\d{6}Z$/);
    const [event] = await gateway.events();
    expect(event).toMatchObject({
      kind: 'feedback.created',
      projectId: 'e/p',
      id: answer.json.id,
      userId: 'ann',
    });
    expect(utf8(event!.payload)).toContain('"scorer_tags":["t"]');
    expect(JSON.parse(utf8(event!.payload))).toMatchObject({
      id: answer.json.id,
      created_at: answer.json.created_at,
    });
    const read = readFeedbackEvent(event!);
    expect({ ...read, payload: utf8(read.payload) }).toEqual({
      weaveRef: BASE.weave_ref,
      feedbackType: 'custom',
      creator: 'me',
      payload: '{"n": 1.0,"big":9007199254740993}',
      annotationRef: null,
      runnableRef: null,
      callRef: null,
      triggerRef: null,
    });
  });

  it('takes an id that the client chose, and the user in open mode', async () => {
    gateway = await startGateway();
    const answer = await post({
      ...BASE,
      id: 'mine',
      feedback_type: 'wandb.note.1',
      payload: { note: 'hi' },
      wb_user_id: 'bob',
    });
    expect(answer.json).toMatchObject({ id: 'mine', wb_user_id: 'bob', payload: { note: 'hi' } });
    expect((await post({ ...BASE, feedback_type: 'x', payload: {} })).json.wb_user_id).toBe('');
  });

  it('adds the names of an emoji', async () => {
    gateway = await startGateway();
    const answer = await post({ ...BASE, feedback_type: 'wandb.reaction.1', payload: { emoji: '👍🏽' } });
    const payload = {
      emoji: '👍🏽',
      alias: ':thumbs_up_medium_skin_tone:',
      detoned: '👍',
      detoned_alias: ':thumbs_up:',
    };
    expect(answer.json.payload).toEqual(payload);
    expect(JSON.parse(utf8(readFeedbackEvent((await gateway.events())[0]!).payload))).toEqual(payload);
  });

  it.each([
    {
      feedback_type: 'wandb.annotation.grade',
      annotation_ref: 'weave:///e/p/object/grade:abc',
      payload: { value: null },
    },
    {
      feedback_type: 'wandb.runnable.acc.score',
      runnable_ref: 'weave:///e/p/op/acc.score:abc',
      call_ref: 'weave:///e/p/call/s1',
      payload: { output: 1 },
    },
    {
      feedback_type: 'wandb.runnable.judge',
      runnable_ref: 'weave:///e/p/object/judge:abc',
      trigger_ref: 'weave:///e/p/object/m:1',
      payload: { output: null },
    },
    { feedback_type: 'wandb.note.1', payload: { note: '😀'.repeat(1024) } },
    { feedback_type: 'anything', weave_ref: 'not a ref', payload: {} },
  ])('takes %j', async (body) => {
    gateway = await startGateway();
    expect((await post({ ...BASE, ...body })).status).toBe(200);
  });

  it.each([
    [{ feedback_type: 'x' }, 'payload: is required'],
    [{ feedback_type: 'x', payload: [] }, 'payload: must be an object'],
    [{ payload: {} }, 'feedback_type: is required'],
    [{ feedback_type: '', payload: {} }, 'feedback_type'],
    [{ feedback_type: 'x', payload: {}, weave_ref: null }, 'weave_ref: is required'],
    [{ feedback_type: 'x', payload: {}, id: 'a b' }, 'id: is not an id'],
    [{ feedback_type: 'x', payload: {}, project_id: 'e' }, 'project_id'],
    [{ feedback_type: 'wandb.reaction.1', payload: {} }, 'payload.emoji: is required'],
    [{ feedback_type: 'wandb.reaction.1', payload: { emoji: '👍👍' } }, 'exactly one emoji'],
    [{ feedback_type: 'wandb.reaction.1', payload: { emoji: 'x' } }, 'exactly one emoji'],
    [{ feedback_type: 'wandb.note.1', payload: { note: '' } }, 'payload.note'],
    [{ feedback_type: 'wandb.note.1', payload: { note: 'x'.repeat(1025) } }, 'payload.note'],
    [{ feedback_type: 'wandb.note.1', payload: { note: 5 } }, 'payload.note: must be a string'],
    [
      { feedback_type: 'x', payload: {}, annotation_ref: 'weave:///e/p/object/a:1' },
      'annotation_ref: is not allowed',
    ],
    [
      { feedback_type: 'x', payload: {}, runnable_ref: 'weave:///e/p/op/a:1' },
      'runnable_ref: is not allowed',
    ],
    [{ feedback_type: 'x', payload: {}, call_ref: 'weave:///e/p/call/a' }, 'call_ref: is not allowed'],
    [{ feedback_type: 'x', payload: {}, trigger_ref: 'weave:///e/p/call/a' }, 'trigger_ref: is not allowed'],
    [{ feedback_type: 'wandb.annotation.a', payload: { value: 1 } }, 'annotation_ref: is required'],
    [
      { feedback_type: 'wandb.annotation.a', payload: { value: 1 }, annotation_ref: 'weave:///e/p/op/a:1' },
      'must be an object ref',
    ],
    [
      {
        feedback_type: 'wandb.annotation.a',
        payload: { value: 1 },
        annotation_ref: 'weave:///e/q/object/a:1',
      },
      'same project',
    ],
    [
      {
        feedback_type: 'wandb.annotation.a',
        payload: { value: 1 },
        annotation_ref: 'weave:///e/p/object/b:1',
      },
      'the name',
    ],
    [
      { feedback_type: 'wandb.annotation.a', payload: {}, annotation_ref: 'weave:///e/p/object/a:1' },
      'payload.value: is required',
    ],
    [{ feedback_type: 'wandb.runnable.a', payload: { output: 1 } }, 'runnable_ref: is required'],
    [
      { feedback_type: 'wandb.runnable.a', payload: { output: 1 }, runnable_ref: 'weave:///e/p/op/a:1' },
      'call_ref: is required',
    ],
    [
      { feedback_type: 'wandb.runnable.a', payload: { output: 1 }, runnable_ref: 'weave:///e/p/call/a' },
      'op or object ref',
    ],
    [{ feedback_type: 'wandb.runnable.a', payload: { output: 1 }, runnable_ref: 'nonsense' }, 'bad ref'],
    [
      { feedback_type: 'wandb.runnable.a', payload: {}, runnable_ref: 'weave:///e/p/object/a:1' },
      'payload.output: is required',
    ],
  ])('refuses %j', async (body, reason) => {
    gateway = await startGateway();
    const answer = await post({ ...BASE, ...body });
    expect([answer.status, answer.json.reason]).toEqual([400, expect.stringContaining(reason)]);
    expect(await gateway.events()).toEqual([]);
  });

  it('takes a payload of 1 MiB and refuses one byte more', async () => {
    gateway = await startGateway();
    const payload = { text: 'x'.repeat(1024 * 1024 - '{"text":""}'.length) };
    expect((await post({ ...BASE, feedback_type: 'x', payload })).status).toBe(200);
    expect((await post({ ...BASE, feedback_type: 'x', payload: { text: `${payload.text}x` } })).status).toBe(
      400,
    );
  });

  it('is refused for a foreign project', async () => {
    gateway = await startGateway({ user: { name: 'ann', projects: ['e/q'] } });
    expect((await post({ ...BASE, feedback_type: 'x', payload: {} })).status).toBe(403);
  });
});
