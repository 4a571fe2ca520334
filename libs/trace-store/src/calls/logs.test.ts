import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { nowUs, type CallPart, type SpanLog } from '@weft/model';
import { parseQuery } from '@weft/query-language';
import { mulberry32 } from '@weft/testkit';
import { openClickHouse } from '../clickhouse.ts';
import {
  batch,
  contentOfLogs,
  json,
  logOf,
  logsOf,
  openTestStore,
  renameOf,
  shuffled,
  spanOf,
  T0,
  type TestStore,
} from '../testing/store.ts';
import type { RejectedRow, StoredCall, TraceReader, TraceWriter } from '../trace-store.ts';
import { CallCache } from './cache.ts';
import { callFields } from './fields.ts';
import { MAX_LOG_BYTES, MAX_LOGS } from './logs.ts';
import { reconcile } from './reconcile.ts';
import { writeCalls } from './write.ts';

let store: TestStore;
let reader: TraceReader;
let writer: TraceWriter;
let projects = 0;
const newProject = () => `e/l${++projects}`;

beforeAll(async () => {
  store = await openTestStore();
  ({ reader, writer } = store.open({ contentOfLogs }));
}, 60_000);

afterAll(() => store?.close(), 60_000);

const tryWrite = (...calls: CallPart[]): Promise<RejectedRow[]> => writer.write(batch({ calls }));
const write = async (...calls: CallPart[]) => expect(await tryWrite(...calls)).toEqual([]);

async function stored(projectId: string, search?: string): Promise<StoredCall[]> {
  const condition =
    search === undefined
      ? {}
      : { condition: parseQuery({ $expr: { $contains: { input: { $getField: 'inputs.said' }, substr: search } } }, callFields()) }; // prettier-ignore
  const calls: StoredCall[] = [];
  const query = { projectId, filter: {}, sort: [], payloads: ['attributes', 'inputs', 'output'], storageSize: true, ...condition } as const; // prettier-ignore
  for await (const page of reader.streamCalls(query)) calls.push(...page);
  return calls;
}

const text = (bytes: Uint8Array) => Buffer.from(bytes).toString();
const read = async (projectId: string) =>
  (await stored(projectId)).map(({ traceId, inputs, output, otelLogs }) => [
    traceId,
    text(inputs),
    text(output),
    otelLogs.length,
  ]);

const NONE = json('{}');
const SPAN = 'span';
const bare = (p: string, trace = 'ta', id = SPAN, salt = ''): CallPart =>
  spanOf(p, trace, id, { inputs: NONE, salt }, { output: NONE });
const [ASKED, TOLD, ANSWERED] = [
  logOf('inputs', 'asked'),
  logOf('inputs', 'told'),
  logOf('output', 'answered'),
];
const ALL = ['ta', '{"said":["asked","told"]}', '{"said":["answered"]}', 3];

describe('a call made of a span', () => {
  it.each<[string, (p: string) => CallPart[][]]>([
    ['before it', (p) => [[logsOf(p, 'ta', SPAN, ASKED, TOLD, ANSWERED)], [bare(p)]]],
    ['after it', (p) => [[bare(p)], [logsOf(p, 'ta', SPAN, ASKED, TOLD, ANSWERED)]]],
    ['with it', (p) => [[logsOf(p, 'ta', SPAN, TOLD), bare(p), logsOf(p, 'ta', SPAN, ANSWERED, ASKED)]]],
    [
      'before and after it, each alone',
      (p) => [
        [logsOf(p, 'ta', SPAN, TOLD)],
        [logsOf(p, 'ta', SPAN, ANSWERED)],
        [bare(p)],
        [logsOf(p, 'ta', SPAN, ASKED)],
      ],
    ],
  ])('takes content from log records that come %s', async (_, batches) => {
    for (const forgetful of [false, true]) {
      const p = newProject();
      for (let repeated = 0; repeated < 2; repeated++)
        for (const calls of batches(p)) {
          if (forgetful) writer.forget();
          await write(...calls);
        }
      expect(await read(p)).toEqual([ALL]);
      expect((await reader.countCalls({ projectId: p, filter: {} })).count).toBe(1);
    }
  });

  it('keeps its own content, and takes what it has not', async () => {
    const p = newProject();
    await write(logsOf(p, 'ta', SPAN, ASKED, ANSWERED));
    await write(spanOf(p, 'ta', SPAN, { inputs: json('{"own":1}') }, { output: NONE }));
    expect(await read(p)).toEqual([['ta', '{"own":1}', '{"said":["answered"]}', 2]]);
    writer.forget();
    // A newer mapping finds an output in the span itself.
    await write(spanOf(p, 'ta', SPAN, { inputs: NONE }, { output: json('"own"'), endedAtUs: T0 + 9e6 }));
    expect((await read(p)).map(([, , output]) => output)).toEqual(['"own"']);
  });

  it('is shown with nothing while the records say nothing', async () => {
    const p = newProject();
    await write(bare(p), logsOf(p, 'ta', SPAN, ASKED));
    expect(await read(p)).toEqual([['ta', '{"said":["asked"]}', '{}', 1]]);
  });

  it('is known by its trace too: records of a span of the same id elsewhere are not its own', async () => {
    for (const forgetful of [false, true]) {
      const p = newProject();
      await write(logsOf(p, 'ta', SPAN, ASKED), logsOf(p, 'tb', SPAN, TOLD));
      if (forgetful) writer.forget();
      await write(bare(p, 'ta'), bare(p, 'tb'));
      if (forgetful) writer.forget();
      await write(logsOf(p, 'tb', SPAN, ANSWERED), logsOf(p, 'tc', SPAN, ANSWERED));
      expect(await read(p)).toEqual([
        ['ta', '{"said":["asked"]}', '{}', 1],
        ['tb', '{"said":["told"]}', '{"said":["answered"]}', 2],
      ]);
    }
  });

  it('is the same whatever the order, the cuts and the repetitions of what is said of it', async () => {
    const random = mulberry32(11);
    for (let round = 0; round < 8; round++) {
      const p = newProject();
      const parts = ['a', 'b', 'c'].flatMap((id): CallPart[] => [
        bare(p, 'ta', id, 'old'),
        spanOf(
          p,
          'ta',
          id,
          { inputs: NONE, salt: 'new', startedAtUs: T0 },
          { output: json('"own"'), endedAtUs: T0 + 2e6 },
        ),
        renameOf(p, id, 'named'),
        ...[ASKED, TOLD, ANSWERED].map((log) => logsOf(p, 'ta', id, log)),
      ]);
      const sent = shuffled([...parts, ...parts.filter(() => random() < 0.4)], random);
      while (sent.length > 0) {
        if (random() < 0.2) writer.forget();
        await write(...sent.splice(0, 1 + Math.floor(random() * 12)));
      }
      const own = ['ta', '{"said":["asked","told"]}', '"own"', 3];
      expect(await read(p)).toEqual([own, own, own]);
      expect((await stored(p)).map((call) => call.displayName)).toEqual(['named', 'named', 'named']);
    }
  }, 60_000);

  it('finds its records again after it was renamed, and its name after records came', async () => {
    const p = newProject();
    await write(logsOf(p, 'ta', SPAN, ASKED));
    await write(renameOf(p, SPAN, 'named'));
    await write(bare(p));
    writer.forget();
    await write(logsOf(p, 'ta', SPAN, TOLD));
    expect((await stored(p)).map((call) => [call.displayName, text(call.inputs)])).toEqual([
      ['named', '{"said":["asked","told"]}'],
    ]);
  });

  it('counts as large as what is shown of it, and points at what its records point at', async () => {
    const p = newProject();
    const ref = `weave:///${p}/object/o:${'x'.repeat(43)}`;
    const inputs = json(`{"said":["${ref}"]}`);
    await write(bare(p), spanOf(p, 'ta', 'other', { inputs, inputRefs: [ref] }, { output: NONE }));
    await write(logsOf(p, 'ta', SPAN, logOf('inputs', ref)));
    const [a, b] = await stored(p);
    expect(a!.storageSizeBytes).toBe(b!.storageSizeBytes);
    const refs = async () => (await reader.countCalls({ projectId: p, filter: { inputRefs: [ref] } })).count;
    expect(await refs()).toBe(2);
    // What it says itself counts again where it says something.
    await write(spanOf(p, 'ta', SPAN, { inputs: json('{"own":1}'), startedAtUs: T0 + 1 }));
    expect(await refs()).toBe(1);
  });

  it('stays deleted when records come', async () => {
    const p = newProject();
    await write(bare(p));
    await writer.write(batch({ deletedCalls: [{ projectId: p, id: SPAN, deletedAtUs: T0 }] }));
    await write(logsOf(p, 'ta', SPAN, ASKED));
    expect(await read(p)).toEqual([]);
  });
});

describe('log records', () => {
  it('are found by filters on what the call shows, and only then', async () => {
    const p = newProject();
    const found = async (word: string) => (await stored(p, word)).map((call) => call.id);
    await write(bare(p), bare(p, 'ta', 'other'), logsOf(p, 'ta', SPAN, logOf('inputs', 'wanted caf\u00e9')));
    expect(await found('wanted')).toEqual([SPAN]);
    await store.command('OPTIMIZE TABLE calls FINAL');
    expect(await found('wanted')).toEqual([SPAN]);
    await write(logsOf(p, 'ta', 'other', logOf('inputs', 'wanted')));
    expect(await found('wanted')).toEqual(expect.arrayContaining([SPAN, 'other']));
    expect(await found('nowhere')).toEqual([]);
  });

  it('are nothing that is read while their span is not there', async () => {
    const p = newProject();
    await write(logsOf(p, 'ta', SPAN, ASKED));
    expect(await read(p)).toEqual([]);
    expect((await reader.countCalls({ projectId: p, filter: {} })).count).toBe(0);
  });

  it('come back as they were sent', async () => {
    const p = newProject();
    const logs = ['', '\n', '\\"\u0000', '☃'.repeat(300)].map((said) => logOf('inputs', said));
    await write(logsOf(p, 'ta', SPAN, ...logs));
    writer.forget();
    await write(bare(p));
    const [call] = await stored(p);
    expect(call!.otelLogs.map(text).sort()).toEqual(logs.map(({ bytes }) => text(bytes)).sort());
  });
});

describe('what two writers stored of a span', () => {
  it.each<[string, number]>([
    ['the one that has its records without the latest', 0],
    ['the one that has none of them', 2],
  ])('becomes one when it came to %s', async (_, who) => {
    const p = newProject();
    const db = openClickHouse(store.writer);
    const caches = [0, 1, 2].map(() => new CallCache(1000, 1 << 20));
    const put = (cache: number, ...calls: CallPart[]) =>
      writeCalls(db, caches[cache]!, calls, { contentOfLogs });
    try {
      await put(2, bare('e/other'));
      await put(0, logsOf(p, 'ta', SPAN, ASKED));
      await put(1, logsOf(p, 'ta', SPAN, TOLD, ANSWERED));
      const startedAtUs = nowUs();
      await put(
        who,
        spanOf(p, 'ta', SPAN, { inputs: NONE, startedAtUs }, { output: NONE, endedAtUs: startedAtUs + 1 }),
      );
      expect(await read(p)).not.toEqual([ALL]);
      const write = async (parts: readonly CallPart[]): Promise<void> => {
        await writeCalls(db, caches[1]!, parts, { contentOfLogs, isAnew: true });
      };
      await reconcile(db, write, 3_600_000);
      expect(await read(p)).toEqual([ALL]);
      // A pass of the writer above may have stored the same row: it counts twice until merged.
      await store.command('OPTIMIZE TABLE calls FINAL');
      expect((await reader.countCalls({ projectId: p, filter: {} })).count).toBe(1);
    } finally {
      await db.close();
    }
  });
});

describe('more records than a span may have', () => {
  const many = (count: number) => Array.from({ length: count }, (_, i) => logOf('inputs', `n${i}`));
  const oneEach = (p: string, logs: readonly SpanLog[]) => logs.map((log) => logsOf(p, 'ta', SPAN, log));

  it.each([[false], [true]])('are refused, the others stored (the span is there: %s)', async (isThere) => {
    const p = newProject();
    if (isThere) await write(bare(p));
    const sent = oneEach(p, many(MAX_LOGS + 5));
    const refused = await tryWrite(...sent);
    expect(refused.map(({ table, reason }) => [table, reason])).toEqual(
      Array.from({ length: 5 }, () => ['calls', `a span has at most ${MAX_LOGS} log records`]),
    );
    writer.forget();
    // Delivered again, the same are refused.
    expect(new Set((await tryWrite(...sent)).map(({ index }) => index))).toEqual(
      new Set(refused.map(({ index }) => index)),
    );
    expect(await tryWrite(...oneEach(p, [ANSWERED]))).toHaveLength(1);
    if (!isThere) await write(bare(p));
    expect((await read(p)).map(([, , , count]) => count)).toEqual([MAX_LOGS]);
  });

  it('leave those that are stored, sent again among them', async () => {
    const p = newProject();
    const [kept, ...others] = many(MAX_LOGS + 1).sort((a, b) => (a.hash > b.hash ? -1 : 1));
    await write(logsOf(p, 'ta', SPAN, kept!));
    writer.forget();
    expect(await tryWrite(...oneEach(p, [...others, kept!]))).toHaveLength(1);
    await write(bare(p));
    expect((await read(p)).map(([, , , count]) => count)).toEqual([MAX_LOGS]);
    expect((await stored(p))[0]!.otelLogs.map(text)).toContain(text(kept!.bytes));
  });

  it('are refused by their bytes', async () => {
    const p = newProject();
    const large = (name: string, bytes: number) => logsOf(p, 'ta', SPAN, logOf('inputs', name.repeat(bytes)));
    expect(await tryWrite(large('x', MAX_LOG_BYTES), logsOf(p, 'ta', 'other', ASKED))).toEqual([
      { table: 'calls', index: 0, reason: `the log records of a span have at most ${MAX_LOG_BYTES} bytes` },
    ]);
    await write(large('y', MAX_LOG_BYTES - 100));
    writer.forget();
    expect(await tryWrite(large('z', 200), bare(p), bare(p, 'ta', 'other'))).toHaveLength(1);
    expect((await stored(p)).map((call) => call.inputs.length > MAX_LOG_BYTES - 100)).toEqual([false, true]);
  });
});
