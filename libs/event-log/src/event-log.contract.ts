import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { TraceEvent } from '@weft/model';
import { eventually } from '@weft/testkit';
import type { DeadLetter, EventLog, Lag, Topic } from './event-log.ts';
import { collect, disordered, numbered, numberOf, numbersOf, range, testEvent } from './testing/events.ts';

/** One log that tests may close and open again. */
export interface LogUnderTest {
  /** Opens the log with what it held; the one opened before is closed by then. */
  open(): Promise<EventLog>;
  /** Everything is closed: removes the data. */
  destroy(): Promise<void>;
}

/** Creates an empty log of at least two partitions in which `groups` are registered. */
export type CreateLog = (groups: Partial<Record<Topic, readonly string[]>>) => Promise<LogUnderTest>;

export interface Skip {
  /** Exact name of the test. */
  readonly test: string;
  readonly reason: string;
}

const TOPIC: Topic = 'trace-events';
const GROUP = 'writer';
const GROUPS = { [TOPIC]: [GROUP, 'second'], 'stored-calls': [GROUP] };

/** What every implementation of EventLog must do. */
export function describeEventLog(
  name: string,
  create: CreateLog,
  { skip = [] }: { skip?: readonly Skip[] } = {},
): void {
  describe(`EventLog contract: ${name}`, () => {
    let medium: LogUnderTest;
    let log: EventLog;
    const names = new Set<string>();

    const test = (title: string, run: () => Promise<void>) => {
      names.add(title);
      const skipped = skip.find((one) => one.test === title);
      if (skipped === undefined) it(title, run, 60_000);
      else it.skip(`${title} (${skipped.reason})`, run);
    };

    beforeEach(async () => {
      medium = await create(GROUPS);
      log = await medium.open();
    });

    afterEach(async () => {
      await log.close();
      await medium.destroy();
    });

    async function reopen(): Promise<void> {
      await log.close();
      log = await medium.open();
    }

    /** Everything up to the end of now, read by `group`. */
    async function readAll(group = GROUP, topic: Topic = TOPIC): Promise<TraceEvent[]> {
      const end = await log.endOffsets(topic);
      const reader = collect(log, topic, { group });
      expect(await log.waitCommitted(topic, group, end, 20_000)).toBe(true);
      await reader.stop();
      return reader.events;
    }

    async function deadLetters(): Promise<DeadLetter[]> {
      const letters: DeadLetter[] = [];
      for await (const letter of log.deadLetters(TOPIC)) letters.push(letter);
      return letters;
    }

    describe('what goes in comes out', () => {
      const odd = [
        testEvent('c1', '{"a":9007199254740993,"b":1e400,"c":-0,"d":1.0}'),
        testEvent('c1', Buffer.alloc(0), { kind: 'call.deleted' }),
        testEvent('日本語-🧵-é', '"ünïcode"', { projectId: 'teäm/проект', userId: 'ユーザー' }),
        testEvent('file', Buffer.from([0, 255, 0xf5, 0x57, 0xee, 0x4c, 10]), {
          kind: 'file.created',
          note: 'ä file.bin',
        }),
        testEvent('trace', 'x', { kind: 'otlp.spans', note: 'protobuf', userId: '', receivedAtUs: 0 }),
        testEvent('i'.repeat(128), '{}', {
          kind: 'feedback.created',
          projectId: `${'e'.repeat(128)}/${'p'.repeat(128)}`,
        }),
        testEvent('n', '{}', { note: 'n'.repeat(40_000) }),
      ];
      const plain = (events: readonly TraceEvent[]) =>
        events
          .map((event) => ({ ...event, payload: Buffer.from(event.payload).toString('hex') }))
          .sort((a, b) => (a.id < b.id ? -1 : a.id > b.id ? 1 : a.payload < b.payload ? 1 : -1));

      test('hands out every member and byte unchanged', async () => {
        await log.append(TOPIC, odd);
        expect(plain(await readAll())).toEqual(plain(odd));
      });

      test('keeps every member and byte unchanged over reopening', async () => {
        await log.append(TOPIC, odd);
        await reopen();
        expect(plain(await readAll())).toEqual(plain(odd));
      });

      test('carries a 20 MB event', async () => {
        const payload = Buffer.alloc(20_000_000);
        for (let i = 0; i < payload.length; i += 997) payload[i] = i % 251;
        await log.append(TOPIC, [
          testEvent('before', '{"n":1}'),
          testEvent('large', payload),
          testEvent('after', '{"n":2}'),
        ]);
        const fresh = await readAll();
        await reopen();
        const again = await readAll('second');
        for (const events of [fresh, again]) {
          expect(events).toHaveLength(3);
          expect(Buffer.compare(events.find(({ id }) => id === 'large')!.payload, payload)).toBe(0);
        }
      });

      test('appending nothing resolves', async () => {
        await log.append(TOPIC, []);
        expect(await log.lag(TOPIC, GROUP)).toMatchObject({ events: 0, oldestMs: 0 });
      });

      test('keeps topics apart', async () => {
        await log.append(TOPIC, numbered(0, 3));
        await log.append('stored-calls', numbered(10, 12));
        expect(numbersOf(await readAll()).sort()).toEqual([0, 1, 2]);
        expect(numbersOf(await readAll(GROUP, 'stored-calls')).sort()).toEqual([10, 11]);
      });
    });

    describe('order and partitions', () => {
      test('keeps the order of each key and uses several partitions', async () => {
        for (let n = 0; n < 400; n += 20) await log.append(TOPIC, numbered(n, n + 20, 37));
        const events = await readAll();
        expect(disordered(events)).toEqual([]);
        expect(numbersOf(events).sort((a, b) => a - b)).toEqual(range(0, 400));
        const used = (await log.endOffsets(TOPIC)).filter((offset) => offset > 0n);
        expect(used.length).toBeGreaterThan(1);
      });

      test('keeps the order of each key over reopening', async () => {
        for (let n = 0; n < 200; n += 20) await log.append(TOPIC, numbered(n, n + 20, 17));
        await reopen();
        const events = await readAll();
        expect(disordered(events)).toEqual([]);
        expect(events).toHaveLength(200);
      });

      test('keeps the order of appends that overlap', async () => {
        const appends: Promise<void>[] = [];
        for (let n = 0; n < 500; n++) appends.push(log.append(TOPIC, numbered(n, n + 1, 7)));
        await Promise.all(appends);
        const events = await readAll();
        expect(events).toHaveLength(500);
        expect(disordered(events)).toEqual([]);
      });
    });

    describe('batches', () => {
      test('bounds a batch by events', async () => {
        for (let n = 0; n < 100; n += 5) await log.append(TOPIC, numbered(n, n + 5));
        const reader = collect(log, TOPIC, { group: GROUP, maxBatchEvents: 7 });
        await log.waitCommitted(TOPIC, GROUP, await log.endOffsets(TOPIC), 20_000);
        await reader.stop();
        expect(Math.max(...reader.batches.map((batch) => batch.length))).toBeLessThanOrEqual(7);
        expect(reader.events).toHaveLength(100);
      });

      test('bounds a batch by bytes; a larger record comes alone', async () => {
        await log.append(TOPIC, [testEvent('large', Buffer.alloc(50_000))]);
        for (let i = 0; i < 20; i++) await log.append(TOPIC, [testEvent(`c${i}`, Buffer.alloc(4_000))]);
        const reader = collect(log, TOPIC, { group: GROUP, maxBatchBytes: 10_000 });
        await log.waitCommitted(TOPIC, GROUP, await log.endOffsets(TOPIC), 20_000);
        await reader.stop();
        expect(reader.events).toHaveLength(21);
        const bytes = (batch: readonly TraceEvent[]) =>
          batch.reduce((sum, { payload }) => sum + payload.length, 0);
        const tooLarge = reader.batches.filter((batch) => bytes(batch) > 10_000);
        expect(tooLarge.map((batch) => batch.map(({ id }) => id))).toEqual([['large']]);
      });

      test('asks lingerMs and lets events gather, but not beyond a full batch', async () => {
        const second = { sent: undefined as Promise<void> | undefined };
        const lingerMs = () => {
          second.sent ??= log.append(TOPIC, [testEvent('same', '{"n":2}')]);
          return 60_000;
        };
        const reader = collect(log, TOPIC, { group: GROUP, maxBatchEvents: 2, lingerMs });
        await log.append(TOPIC, [testEvent('same', '{"n":1}')]);
        await eventually(() => reader.events.length === 2);
        await second.sent;
        await reader.stop();
        expect(reader.batches.map(numbersOf)).toEqual([[1, 2]]);
      });

      test('says that partitions were assigned before the first batch', async () => {
        const order: string[] = [];
        await log.append(TOPIC, numbered(0, 1));
        const onAssigned = () => order.push('assigned');
        const reader = collect(log, TOPIC, { group: GROUP, onAssigned }, () => void order.push('batch'));
        await eventually(() => order.includes('batch'));
        await reader.stop();
        expect(order[0]).toBe('assigned');
      });
    });

    describe('failing handlers', () => {
      test('brings the same events again after handle threw, and skips none', async () => {
        await log.append(TOPIC, numbered(0, 20));
        const seen: number[][] = [];
        const reader = collect(log, TOPIC, { group: GROUP }, (batch, attempt) => {
          seen.push(numbersOf(batch));
          if (attempt <= 2) throw new Error('the store is away');
        });
        await eventually(() => reader.events.length === 20);
        await reader.stop();
        expect(new Set(seen[1])).toEqual(new Set(seen[0]));
        expect(disordered(reader.events)).toEqual([]);
      });

      test('commits nothing that was not handled', async () => {
        await log.append(TOPIC, numbered(0, 10));
        const end = await log.endOffsets(TOPIC);
        let failed = 0;
        const reader = collect(log, TOPIC, { group: GROUP }, () => {
          failed++;
          throw new Error('never works');
        });
        await eventually(() => failed > 0);
        await reader.stop();
        expect(await log.waitCommitted(TOPIC, GROUP, end, 50)).toBe(false);
        await reopen();
        expect(numbersOf(await readAll()).sort()).toEqual(range(0, 10));
      });

      test('gives up after maxAttempts with the error of the last one', async () => {
        await log.append(TOPIC, numbered(0, 1));
        let attempts = 0;
        const reader = collect(log, TOPIC, { group: GROUP, maxAttempts: 2 }, () => {
          throw new Error(`attempt ${++attempts}`);
        });
        await expect(reader.done).rejects.toThrow('attempt 2');
        expect(attempts).toBe(2);
        expect(numbersOf(await readAll())).toEqual([0]);
      });

      test('ends during the back-off when aborted', async () => {
        await log.append(TOPIC, numbered(0, 1));
        let attempts = 0;
        const reader = collect(log, TOPIC, { group: GROUP }, () => {
          attempts++;
          throw new Error('no');
        });
        await eventually(() => attempts === 3);
        await reader.stop();
        expect(attempts).toBe(3);
      });
    });

    describe('dead letters', () => {
      test('has rejected events in the dead letters before their offset is committed', async () => {
        await log.append(TOPIC, numbered(0, 10));
        const reject = (batch: readonly TraceEvent[]) =>
          batch
            .filter((event) => numberOf(event) % 3 === 0)
            .map((event) => ({ event, reason: `bad ${numberOf(event)}` }));
        const reader = collect(log, TOPIC, { group: GROUP }, reject);
        expect(await log.waitCommitted(TOPIC, GROUP, await log.endOffsets(TOPIC), 20_000)).toBe(true);
        const letters = await deadLetters();
        await reader.stop();
        expect(letters.map(({ reason }) => reason).sort()).toEqual(['bad 0', 'bad 3', 'bad 6', 'bad 9']);
        const one = letters.find(({ reason }) => reason === 'bad 3')!;
        expect(one).toMatchObject({
          topic: TOPIC,
          group: GROUP,
          event: { id: 'call-3', projectId: 'team/project', userId: 'ada' },
        });
        expect(numberOf(one.event)).toBe(3);
        expect(one.rejectedAtUs).toBeGreaterThan(1_600_000_000_000_000);
      });

      test('keeps dead letters over reopening, oldest first, and takes direct ones', async () => {
        await log.deadLetter(TOPIC, 'gateway', [{ event: testEvent('a', 'not json'), reason: 'first' }]);
        await reopen();
        await log.deadLetter(TOPIC, 'gateway', [
          { event: testEvent('b', Buffer.alloc(0)), reason: 'second' },
        ]);
        const letters = await deadLetters();
        expect(letters.map(({ reason }) => reason)).toEqual(['first', 'second']);
        expect(Buffer.from(letters[0]!.event.payload).toString()).toBe('not json');
        expect(await log.lag(TOPIC, GROUP)).toMatchObject({ events: 0 });
      });
    });

    describe('settled dead letters', () => {
      test('are off the list for good, the others stay', async () => {
        const bad = (id: string) => ({ event: testEvent(id), reason: `bad ${id}` });
        await log.deadLetter(TOPIC, GROUP, [bad('a'), bad('b'), bad('c')]);
        const [a, , c] = await deadLetters();
        await log.settleDeadLetters(TOPIC, [a!.id, c!.id, 'nobody']);
        expect((await deadLetters()).map(({ event }) => event.id)).toEqual(['b']);
        await reopen();
        await log.deadLetter(TOPIC, GROUP, [bad('d')]);
        await log.settleDeadLetters(TOPIC, [a!.id]);
        const left = await deadLetters();
        expect(left.map(({ event }) => event.id)).toEqual(['b', 'd']);
        expect(new Set([a!.id, ...left.map(({ id }) => id)]).size).toBe(3);
      });
    });

    describe('groups', () => {
      test('goes on from the committed offset after reopening', async () => {
        await log.append(TOPIC, numbered(0, 50));
        await readAll();
        await log.append(TOPIC, numbered(50, 60));
        await reopen();
        expect(numbersOf(await readAll()).sort((a, b) => a - b)).toEqual(range(50, 60));
      });

      test('shows everything to each group', async () => {
        await log.append(TOPIC, numbered(0, 30));
        const first = await readAll();
        const second = await readAll('second');
        expect(numbersOf(first).sort((a, b) => a - b)).toEqual(range(0, 30));
        expect(numbersOf(second).sort((a, b) => a - b)).toEqual(range(0, 30));
      });

      test('shares partitions between consumers that come and go, without loss and in order', async () => {
        const handled: TraceEvent[] = [];
        const inHand = new Set<string>();
        const overlaps: string[] = [];
        const slow = async (batch: readonly TraceEvent[]) => {
          const ids = new Set(batch.map(({ id }) => id));
          for (const id of ids) if (inHand.has(id)) overlaps.push(id);
          for (const id of ids) inHand.add(id);
          await new Promise((resolve) => setTimeout(resolve, 3));
          handled.push(...batch);
          for (const id of ids) inHand.delete(id);
          return [];
        };
        let next = 0;
        const feed = async (rounds: number) => {
          for (let i = 0; i < rounds; i++) {
            await log.append(TOPIC, numbered(next, next + 10, 40));
            next += 10;
          }
        };
        const options = { group: GROUP, maxBatchEvents: 15 };
        const first = collect(log, TOPIC, options, slow);
        await feed(15);
        const second = collect(log, TOPIC, options, slow);
        await eventually(async () => {
          await feed(1);
          return second.events.length > 0;
        });
        await feed(15);
        await first.stop();
        await feed(15);
        const third = collect(log, TOPIC, options, slow);
        await feed(5);
        expect(await log.waitCommitted(TOPIC, GROUP, await log.endOffsets(TOPIC), 20_000)).toBe(true);
        await Promise.all([second.stop(), third.stop()]);
        expect(first.events.length).toBeGreaterThan(0);
        expect(overlaps).toEqual([]);
        expect(disordered(handled, true)).toEqual([]);
        expect([...new Set(numbersOf(handled))].sort((a, b) => a - b)).toEqual(range(0, next));
      });
    });

    describe('stopping', () => {
      test('finishes and commits the batch in hand when aborted', async () => {
        await log.append(TOPIC, numbered(0, 5));
        const end = await log.endOffsets(TOPIC);
        let release: () => void = () => undefined;
        const gate = new Promise<void>((resolve) => (release = resolve));
        let entered = false;
        const reader = collect(log, TOPIC, { group: GROUP }, async () => {
          entered = true;
          await gate;
        });
        await eventually(() => entered);
        let ended = false;
        const stopped = reader.stop().then(() => (ended = true));
        await log.append(TOPIC, numbered(5, 6));
        expect(ended).toBe(false);
        release();
        await stopped;
        expect(reader.batches).toHaveLength(1);
        if (reader.events.length === 5) expect(await log.waitCommitted(TOPIC, GROUP, end, 5_000)).toBe(true);
        const rest = numbersOf(await readAll());
        expect([...numbersOf(reader.events), ...rest].sort()).toEqual(range(0, 6));
      });

      test('resolves at once when aborted while idle or before it began', async () => {
        const idle = collect(log, TOPIC, { group: GROUP });
        await idle.stop();
        await log.append(TOPIC, numbered(0, 1));
        const controller = new AbortController();
        controller.abort();
        let batches = 0;
        const options = { group: GROUP, maxBatchEvents: 1, maxBatchBytes: 1, signal: controller.signal };
        await log.consume(TOPIC, options, async () => {
          batches++;
          return [];
        });
        expect(batches).toBe(0);
      });

      test('refuses after close, which may be repeated', async () => {
        await log.close();
        await log.close();
        await expect(log.append(TOPIC, numbered(0, 1))).rejects.toMatchObject({ code: 'log_unavailable' });
        await expect(
          log.deadLetter(TOPIC, GROUP, [{ event: testEvent('x'), reason: 'r' }]),
        ).rejects.toMatchObject({
          code: 'log_unavailable',
        });
        const reader = collect(log, TOPIC, { group: GROUP });
        await expect(reader.done).rejects.toMatchObject({ code: 'log_unavailable' });
      });

      test('keeps what was accepted while closing, or says that it did not', async () => {
        const results = range(0, 50).map((n) =>
          log.append(TOPIC, numbered(n, n + 1)).then(
            () => n,
            () => undefined,
          ),
        );
        await log.close();
        const accepted = (await Promise.all(results)).filter((n) => n !== undefined);
        log = await medium.open();
        const kept = new Set(numbersOf(await readAll()));
        expect(accepted.filter((n) => !kept.has(n))).toEqual([]);
      });
    });

    describe('what readers wait for', () => {
      test('has acknowledged events below the end', async () => {
        const before = await log.endOffsets(TOPIC);
        await log.append(TOPIC, numbered(0, 1));
        const after = await log.endOffsets(TOPIC);
        const sum = (offsets: readonly bigint[]) => offsets.reduce((a, b) => a + b, 0n);
        expect(sum(after)).toBeGreaterThan(sum(before));
        expect(after).toHaveLength(before.length);
      });

      test('waitCommitted resolves true once committed and false when time is up', async () => {
        await log.append(TOPIC, numbered(0, 10));
        const end = await log.endOffsets(TOPIC);
        expect(await log.waitCommitted(TOPIC, GROUP, end, 30)).toBe(false);
        const waiting = Promise.all([
          log.waitCommitted(TOPIC, GROUP, end, 20_000),
          log.waitCommitted(TOPIC, GROUP, end, 20_000),
        ]);
        const reader = collect(log, TOPIC, { group: GROUP });
        expect(await waiting).toEqual([true, true]);
        expect(reader.events).toHaveLength(10);
        expect(await log.waitCommitted(TOPIC, GROUP, end, 0)).toBe(true);
        await reader.stop();
      });

      test('tells the lag, all of it and by partition', async () => {
        const sum = ({ partitions }: Lag) => partitions.reduce((all, records) => all + records, 0);
        const none = await log.lag(TOPIC, GROUP);
        expect(none).toMatchObject({ events: 0, oldestMs: 0 });
        expect(none.partitions).toHaveLength((await log.endOffsets(TOPIC)).length);
        await log.append(TOPIC, [testEvent('a', Buffer.alloc(1000))]);
        await log.append(TOPIC, [testEvent('a', Buffer.alloc(2000))]);
        const lag = await log.lag(TOPIC, GROUP);
        expect([lag.events, sum(lag)]).toEqual([2, 2]);
        expect(lag.bytes ?? 3000).toBeGreaterThanOrEqual(3000);
        expect(lag.oldestMs).toBeGreaterThan(0);
        expect(lag.oldestMs).toBeLessThan(60_000);
        await readAll();
        expect(await log.lag(TOPIC, GROUP)).toMatchObject({ events: 0, oldestMs: 0 });
        expect(await log.lag(TOPIC, 'second')).toMatchObject({ events: 2 });
      });
    });

    it('knows the tests that it was told to skip', () => {
      expect(skip.filter((one) => !names.has(one.test))).toEqual([]);
    });
  });
}
