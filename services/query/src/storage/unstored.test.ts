import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { embeddedEventLogEnv, openEmbeddedEventLog, type EventLog } from '@weft/event-log';
import { claimedEvent, encodeCallClaims, type EventKind, type TraceEvent } from '@weft/model';
import { createLogger, loadConfig } from '@weft/runtime';
import { z } from 'zod';
import { createUnstored } from './unstored.ts';

let dir: string;
let eventLog: EventLog;

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'weft-unstored-'));
  eventLog = await openEmbeddedEventLog({
    dir,
    groups: { 'trace-events': ['writer'], 'stored-calls': [] },
    logger: createLogger({ name: 'test', level: 'silent' }),
    config: loadConfig(z.object(embeddedEventLogEnv), {}),
    onFatal: () => undefined,
  });
});

afterEach(async () => {
  await eventLog.close();
  await rm(dir, { recursive: true, force: true });
});

const digest = (letter: string) => letter.repeat(43);

function event(kind: EventKind, given: Partial<TraceEvent> = {}): TraceEvent {
  return {
    kind,
    projectId: 'e/p',
    id: 'id',
    userId: '',
    receivedAtUs: 1,
    note: '',
    payload: Buffer.from('{}'),
    ...given,
  };
}

const started = (letter: string, given: Partial<TraceEvent> = {}) =>
  event('call.started', {
    note: encodeCallClaims({
      claims: [{ column: 'inputs', digest: digest(letter), sizeBytes: 1, uri: 's3://b' }],
    }),
    ...given,
  });

const reject = (...events: TraceEvent[]) =>
  eventLog.deadLetter(
    'trace-events',
    'writer',
    events.map((rejected) => ({ event: rejected, reason: 'test' })),
  );

describe('createUnstored', () => {
  it('says what dead letters refer to, by project and kind', async () => {
    const claimed = claimedEvent(event('object.created'), { digest: digest('e'), uri: 's3://b' });
    await reject(
      started('a'),
      started('b', { projectId: 'e/q' }),
      claimed,
      event('file.stored', { id: digest('f') }),
      event('file.created', { id: digest('g') }),
      event('call.ended', { payload: Buffer.from('not JSON') }),
    );
    const held = await createUnstored({ eventLog }).settle();
    expect(held.of('e/p', 'payloads')).toEqual(new Set([digest('a')]));
    expect(held.of('e/q', 'payloads')).toEqual(new Set([digest('b')]));
    expect(held.of('e/p', 'events')).toEqual(new Set([digest('e')]));
    expect(held.of('e/p', 'files')).toEqual(new Set([digest('f')]));
    expect(held.of('e/q', 'files')).toEqual(new Set());
  });

  it('forgets letters that are settled', async () => {
    await reject(started('a'));
    for await (const { id } of eventLog.deadLetters('trace-events'))
      await eventLog.settleDeadLetters('trace-events', [id]);
    expect((await createUnstored({ eventLog }).settle()).of('e/p', 'payloads')).toEqual(new Set());
  });

  it.each([
    ['a note that cannot be read', event('call.started', { note: '{"claims":["x"]}' })],
    ['an event that cannot be read', event('event.claimed')],
    ['a file of no digest', event('file.stored', { id: '../x' })],
  ])('holds all that a project has because of %s', async (_, letter) => {
    await reject(letter, started('a', { projectId: 'e/q' }));
    const held = await createUnstored({ eventLog }).settle();
    expect(held.of('e/p', 'files')).toBe('all');
    expect(held.of('e/q', 'payloads')).toEqual(new Set([digest('a')]));
  });

  it('holds all that a project has rather than more digests than fit', async () => {
    await reject(started('a'), started('b'), started('c', { projectId: 'e/q' }));
    const held = await createUnstored({ eventLog, maxDigests: 1 }).settle();
    expect(['e/p', 'e/q', 'e/r'].map((p) => held.of(p, 'payloads'))).toEqual(['all', 'all', new Set()]);
  });

  it('gives up while the writer is behind, and not once it has caught up', async () => {
    await eventLog.append('trace-events', [started('a')]);
    const unstored = createUnstored({ eventLog, maxWaitMs: 50 });
    await expect(unstored.settle()).rejects.toMatchObject({
      code: 'log_unavailable',
      message: expect.stringContaining('nothing was done'),
    });
    const stop = new AbortController();
    const consumed = eventLog.consume(
      'trace-events',
      { group: 'writer', maxBatchEvents: 10, maxBatchBytes: 1e6, signal: stop.signal },
      async (events) => events.map((each) => ({ event: each, reason: 'test' })),
    );
    const held = await createUnstored({ eventLog }).settle();
    stop.abort();
    await consumed;
    expect(held.of('e/p', 'payloads')).toEqual(new Set([digest('a')]));
  });

  it('ends when nobody wants to know any more', async () => {
    await eventLog.append('trace-events', [started('a')]);
    const signal = AbortSignal.abort(new Error('gone'));
    await expect(createUnstored({ eventLog }).settle(signal)).rejects.toThrow('gone');
  });
});
