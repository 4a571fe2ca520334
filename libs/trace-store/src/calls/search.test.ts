import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { parseQuery, supersetOf } from '@weft/query-language';
import { openClickHouse } from '../clickhouse.ts';
import { openTraceReader } from '../reader.ts';
import { batch, completeOf, json, openTestStore, T0, type TestStore } from '../testing/store.ts';
import type { TraceReader } from '../trace-store.ts';
import { openTraceWriter } from '../writer.ts';
import { callFields } from './fields.ts';
import { compileSearch, readOddBits } from './search.ts';

const P = 'e/search';
const CALLS = 1200;
let store: TestStore;
let reader: TraceReader;

beforeAll(async () => {
  store = await openTestStore();
  const writer = openTraceWriter(store.writer);
  const texts = new Map([
    [17, 'Refund of Order-7f3a91c2 was 50%_done, caf\u00e9'],
    [18, 'it is \\u0073ecret'],
  ]);
  const calls = Array.from({ length: CALLS }, (_, i) =>
    completeOf(P, `call-${i}`, {
      startedAtUs: T0 + i,
      salt: String(i),
      inputs: json(`{"text":"${texts.get(i) ?? `nothing to see in number ${i}`}"}`),
    }),
  );
  expect(await writer.write(batch({ calls }))).toEqual([]);
  await writer.close();
  reader = openTraceReader(store.reader);
}, 60_000);

afterAll(async () => {
  await reader?.close();
  await store?.close();
}, 60_000);

const contains = (substr: string, insensitive: boolean) =>
  parseQuery(
    { $expr: { $contains: { input: { $getField: 'inputs.text' }, substr, case_insensitive: insensitive } } },
    callFields(),
  );

async function find(substr: string, insensitive = false): Promise<string[]> {
  const query = {
    projectId: P,
    filter: {},
    sort: [],
    payloads: [],
    condition: contains(substr, insensitive),
  };
  const ids: string[] = [];
  for await (const page of reader.streamCalls(query)) ids.push(...page.map((call) => call.id));
  return ids;
}

const CASES: readonly (readonly [text: string, insensitive: boolean, found: readonly string[]])[] = [
  ['fund of Order-7f3a91c2 wa', false, ['call-17']],
  ['FUND OF ORDER-7F3A', true, ['call-17']],
  ['fund of order', false, []],
  ['f3a91', false, ['call-17']],
  ['Order-7f', false, ['call-17']],
  ['50%_do', false, ['call-17']],
  ['50%do', false, []],
  ['café', false, ['call-17']],
  ['secret', false, ['call-18']],
  ['xylophone quartz', false, []],
];

describe.each(['before', 'after'])('texts in payloads, %s parts are merged', (when) => {
  beforeAll(async () => {
    if (when === 'after') await store.command('OPTIMIZE TABLE calls FINAL');
  }, 60_000);

  it.each(CASES)('%j, in either case: %j', async (text, insensitive, found) => {
    expect(await find(text, insensitive)).toEqual(found);
  });
});

it('looks merged parts up in the index', async () => {
  const params: Record<string, string> = {};
  const sql = compileSearch(supersetOf(contains('fund of Order-7f3a91c2 wa', false))!, params, 0)!;
  const bound = sql.replace(/\{(\w+):String\}/g, (_, name: string) => `'${params[name]!}'`);
  const plan = await store.query(
    `SELECT arrayStringConcat(groupArray(explain), '\\n') FROM (EXPLAIN indexes = 1 SELECT id FROM calls WHERE project_id = '${P}' AND ${bound})`,
  );
  expect(plan.join('\n')).toMatch(/Name: inputs_words[\s\S]*Granules: 1\/[2-9]/);
});

it('uses the indexes for rows from before them once an operator has looked at those', async () => {
  const Q = 'e/old';
  const writer = openTraceWriter(store.writer);
  const texts = ['plain', 'caf\\u00e9', 'caf\u00e9'];
  const calls = texts.map((text, i) =>
    completeOf(Q, `old-${i}`, { startedAtUs: T0 + i, inputs: json(`{"text":"${text}"}`) }),
  );
  expect(await writer.write(batch({ calls }))).toEqual([]);
  await writer.close();
  const db = openClickHouse(store.writer);
  const bitsOf = async () => [await readOddBits(db, P), await readOddBits(db, Q)];
  await store.command('ALTER TABLE calls UPDATE odd = 15 WHERE 1 SETTINGS mutations_sync = 1');
  expect(await bitsOf()).toEqual([15, 15]);
  const adr = readFileSync(new URL('../../../../docs/adr/009-payload-search.md', import.meta.url), 'utf8');
  const look = /ALTER TABLE calls UPDATE odd = 0 WHERE .*/.exec(adr)![0];
  await store.command(`${look} SETTINGS mutations_sync = 1`);
  expect(await bitsOf()).toEqual([15, 0]);
  await db.close();
});
