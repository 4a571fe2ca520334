import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { HandleBatch } from '@weft/event-log';
import { encodeStoredCall, nowUs, type StoredCallFacts, type TraceEvent } from '@weft/model';
import { createLogger } from '@weft/runtime';
import { createSettleHandler } from '../debounce/settle.ts';
import type { ScoreJob, SettleJob } from '../jobs.ts';
import { createMonitors } from '../monitors/monitors.ts';
import {
  factsOf,
  MONITOR,
  openWorld,
  runningJob,
  testMetrics,
  type TestCall,
  type World,
} from '../testing/world.ts';
import { createIntake } from './intake.ts';

/** What stored calls become, on a real store and queue. */

let world: World;
beforeAll(async () => {
  world = await openWorld();
}, 60_000);
afterAll(() => world?.close(), 60_000);

let projects = 0;
let project: string;
let nowMs: number;
let intake: HandleBatch;
let asked: string[];

const logger = createLogger({ name: 'test', level: 'silent' });
const ALERTS = { schedule: async () => undefined };
const SCORER = 'weave:///acme/p/object/judge:1';
const publish = (name: string, more: object = {}) =>
  world.publish(project, name, { ...MONITOR, scorers: [SCORER], ...more });

function createParts(maxPending = 1000) {
  const clock = () => nowMs;
  const { metrics } = testMetrics();
  const monitors = createMonitors({ reader: world.reader, logger, clock });
  const config = {
    WF_SCORING_WORKER_DEBOUNCED_SCORING_MAX_SAMPLING_RATE: 1,
    WEFT_SCORING_MAX_PENDING: maxPending,
  };
  const reader: World['reader'] = Object.create(world.reader, {
    streamCalls: {
      value: (...args: Parameters<World['reader']['streamCalls']>) => {
        asked.push(`${args[0].filter.callIds?.length} ${args[0].payloads.join(',')}`);
        return world.reader.streamCalls(...args);
      },
    },
  }) as World['reader'];
  const deps = { ...world, reader, monitors, alerts: ALERTS, metrics, logger, config, clock };
  return { intake: createIntake(deps), settle: createSettleHandler({ ...world, monitors, metrics }) };
}

beforeEach(() => {
  project = `acme/i${++projects}`;
  nowMs = Date.now();
  asked = [];
  intake = createParts().intake;
});

function stored(call: TestCall, more: Partial<StoredCallFacts> = {}): TraceEvent {
  const payload = encodeStoredCall(factsOf(call, more));
  return {
    kind: 'call.stored',
    projectId: project,
    id: call.id,
    userId: '',
    receivedAtUs: nowUs(),
    note: '',
    payload,
  };
}

const hear = (...events: TraceEvent[]) => intake(events, { isHeld: () => true });
const counts = async (name: string) => {
  const { pending, outcomes } = await world.queue.counts(project, name);
  return { pending, ...Object.fromEntries(outcomes) };
};

/** Jobs by hand: the queue does not list what waits. */
async function jobOf(call: TestCall, monitorRef: string): Promise<ScoreJob | undefined> {
  const { toScoreJob } = await import('../jobs.ts');
  const key = { projectId: project, callId: call.id, spanTraceId: null };
  const about = { monitorRef, scorerRefs: [SCORER], isAgentTurn: false, gathered: null, userId: '' };
  const found = await world.queue.find(project, toScoreJob({ ...key, ...about }, 'any').id);
  return found && (JSON.parse(found.data) as ScoreJob);
}

describe('stored calls', () => {
  it('become a job for each monitor that looks at them, once', async () => {
    const all = await publish('all');
    await publish('one-op', { op_names: [`weave:///${project}/op/answer:*`] });
    await publish('other-op', { op_names: ['other'] });
    await publish('off', { active: false });
    const call = await world.call(project);
    expect(await hear(stored(call), stored(call))).toEqual([]);
    await hear(stored(call));
    expect(await jobOf(call, all)).toEqual({
      ...{ projectId: project, callId: call.id, spanTraceId: null, monitorRef: all, scorerRefs: [SCORER] },
      ...{ userId: 'ada', isAgentTurn: false, gathered: null },
    });
    expect([
      await counts('all'),
      await counts('one-op'),
      await counts('other-op'),
      await counts('off'),
    ]).toEqual([{ pending: 1 }, { pending: 1 }, { pending: 0 }, { pending: 0 }]);
    // Nothing of the call is needed to decide.
    expect(asked).toEqual([]);
  });

  it('that scorers made are no business of monitors', async () => {
    await publish('all');
    await hear(stored(await world.call(project), { isScore: true }));
    expect(await counts('all')).toEqual({ pending: 0 });
  });

  it('are sampled and filtered the same when they are told again, and counted once', async () => {
    const query = { $expr: { $eq: [{ $getField: 'inputs.n' }, { $literal: 1 }] } };
    await publish('half', { sampling_rate: 0.5 });
    await publish('ones', { query });
    const calls = await Promise.all(
      Array.from({ length: 20 }, (_, i) => world.call(project, { inputs: `{"n":${i % 2}}` })),
    );
    await hear(...calls.map((call) => stored(call)));
    const half = await counts('half');
    expect(half).toEqual({ pending: expect.any(Number), 'skipped:sample': 20 - half.pending });
    expect([half.pending > 1, half.pending < 19]).toEqual([true, true]);
    expect(await counts('ones')).toEqual({ pending: 10, 'skipped:filter': 10 });
    expect(asked).toEqual(['20 inputs']);
    await hear(...calls.map((call) => stored(call)));
    expect([await counts('half'), await counts('ones')]).toEqual([
      half,
      { pending: 10, 'skipped:filter': 10 },
    ]);
    // Another process draws the same.
    intake = createParts().intake;
    await hear(...calls.map((call) => stored(call)));
    expect((await counts('half')).pending).toBe(half.pending);
  });

  it('of which the writer knew nothing are looked up', async () => {
    await publish('all', { op_names: ['weave.other', `weave:///${project}/op/answer:*`] });
    const [call, score] = [
      await world.call(project),
      await world.call(project, { attributes: '{"weft":{"score":{}}}' }),
    ];
    const nothing = { opName: '', traceId: '', endedAtUs: 0 };
    await hear(stored(call, nothing), stored(score, nothing));
    expect(await counts('all')).toEqual({ pending: 1 });
  });

  it('that cannot be read are left to whoever runs the job', async () => {
    const query = { $expr: { $eq: [{ $getField: 'inputs.n' }, { $literal: 1 }] } };
    const ref = await publish('ones', { query });
    const lost = { ...(await world.call(project)), id: 'lost' };
    await hear(stored(lost));
    expect(await jobOf(lost, ref)).toMatchObject({ callId: 'lost', isUnchecked: true });
  });

  it('are left out where too many wait already', async () => {
    await publish('busy');
    intake = createParts(2).intake;
    for (let i = 0; i < 4; i++) {
      await hear(stored(await world.call(project)));
      nowMs += 1000;
    }
    expect(await counts('busy')).toEqual({ pending: 2, 'skipped:queue_full': 2 });
  });

  it('that cannot be understood are dead letters', async () => {
    const call = await world.call(project);
    const bad = { ...stored(call), payload: Buffer.from('[]') };
    const strange: TraceEvent = { ...stored(call), kind: 'call.deleted' };
    expect((await hear(bad, strange)).map(({ reason }) => reason)).toEqual([
      expect.stringContaining('undecodable_event'),
      expect.stringContaining('does not belong'),
    ]);
  });

  it('go on where one monitor cannot be read', async () => {
    await world.publish(project, 'broken', { ...MONITOR, sampling_rate: 'often' });
    await publish('fine');
    await hear(stored(await world.call(project)));
    expect(await counts('fine')).toEqual({ pending: 1 });
  });
});

describe('a debounced monitor', () => {
  const debounced = (method: string) => ({
    scorer_debounce_config: {
      aggregation_field: 'thread_id',
      aggregation_method: method,
      timeout_seconds: 10,
    },
  });

  it.each(['last_message', 'all_messages'])(
    'scores the newest call of a thread at rest (%s)',
    async (method) => {
      const ref = await publish('calm', debounced(method));
      const at = nowUs();
      const thread = (i: number) => world.call(project, { threadId: 'th', endedAtUs: at + i * 1000 });
      const calls = [await thread(1), await thread(3), await thread(2)];
      const parts = createParts();
      intake = parts.intake;
      await hear(stored(calls[1]!), stored(calls[0]!));
      await hear(stored(calls[2]!));
      const without = await world.call(project);
      await hear(stored(without));
      expect(await counts('calm')).toEqual({
        pending: 0,
        'skipped:gathered': 2,
        'skipped:nothing_to_gather_by': 1,
      });
      expect(await counts('settle/calm')).toEqual({ pending: 1 });
      const job: SettleJob = {
        ...{ projectId: project, callId: calls[2]!.id, spanTraceId: null, monitorRef: ref },
        ...{ gathered: { field: 'thread_id', value: 'th' }, endedAtUs: at + 2000, isAgentTurn: false },
      };
      const running = { id: 'settle', projectId: project, kind: 'settle', group: 'settle/calm' };
      expect(await parts.settle(runningJob({ ...running, data: JSON.stringify(job) }))).toEqual({
        done: 'settled',
      });
      expect(await jobOf(calls[1]!, ref)).toMatchObject({
        gathered: method === 'all_messages' ? { field: 'thread_id', value: 'th' } : null,
      });
      expect((await counts('calm')).pending).toBe(1);
    },
  );

  it('scores nothing once it is switched off', async () => {
    const ref = await publish('calm', debounced('last_message'));
    await publish('calm', { ...debounced('last_message'), active: false });
    const data = JSON.stringify({ projectId: project, callId: 'c', spanTraceId: null, monitorRef: ref, gathered: { field: 'thread_id', value: 'th' } }); // prettier-ignore
    const job = { id: 'settle', projectId: project, kind: 'settle', group: 'settle/calm', data };
    expect(await createParts().settle(runningJob(job))).toEqual({ done: 'skipped:disabled' });
  });
});
