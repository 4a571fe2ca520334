import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { startAllInOne, type StartedAllInOne } from '../src/start.ts';
import { batch, completed, ended, endItem, newIds, started, startItem } from './calls.ts';
import { PATIENT } from './stack.ts';

/** Accepted = stored + superseded + dead-lettered + in flight: every event that was acknowledged is accounted for. */

const PROJECT = 'led/ger';
let dataDir: string;
let server: StartedAllInOne;
beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'weft-ledger-'));
  server = await startAllInOne({ dataDir, env: PATIENT });
});
afterAll(async () => {
  await server.stop();
  await rm(dataDir, { recursive: true, force: true });
});

async function post(path: string, body: string | object): Promise<void> {
  const res = await fetch(server.url + path, {
    method: 'POST',
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
  expect([path, res.status]).toEqual([path, 200]);
}

/** Sums over all labels, by metric. */
async function sums(): Promise<Map<string, number>> {
  const text = await (await fetch(`${server.url}/metrics`)).text();
  const all = new Map<string, number>();
  for (const [, name, value] of text.matchAll(/^weft_(\w+)(?:\{[^}]*\})? (\S+)$/gm))
    all.set(name!, (all.get(name!) ?? 0) + Number(value));
  return all;
}

/** Reads see what was acknowledged: after one, nothing is in flight. */
const settle = () => post('/calls/query_stats', { project_id: PROJECT });

it('balances, whatever is sent, twice, late or deleted', async () => {
  const complete = `/v2/${PROJECT}/calls/complete`;
  const [one, two, three, bad] = newIds(4) as [string, string, string, string];
  const whole = batch(completed(PROJECT, one), completed(PROJECT, bad, { started_at: '"yesterday"' }));
  await post(complete, whole);
  await settle();
  await post(complete, whole);
  await post('/call/upsert_batch', batch(startItem(started(PROJECT, two)), endItem(ended(PROJECT, two))));
  await post('/call/upsert_batch', batch(endItem(ended(PROJECT, three))));
  await settle();
  await post('/call/upsert_batch', batch(endItem(ended(PROJECT, three)), startItem(started(PROJECT, two))));
  await post('/call/update', { project_id: PROJECT, call_id: one, display_name: 'renamed' });
  await post('/obj/create', { obj: { project_id: PROJECT, object_id: 'thing', val: { x: 1 } } });
  await post('/calls/delete', { project_id: PROJECT, call_ids: [two] });
  await settle();

  const of = await sums();
  const accepted = of.get('gateway_events_total')! + of.get('query_events_total')! + of.get('writer_events_replayed_total')!; // prettier-ignore
  expect(accepted).toBe(10);
  expect(of.get('writer_events_total')! + of.get('writer_lag_events')!).toBe(accepted);
  expect(of.get('gateway_items_rejected_total')).toBe(2);
  const text = await (await fetch(`${server.url}/metrics`)).text();
  expect(text).toContain('weft_writer_events_total{result="superseded"} 3');
  expect(text).toContain('weft_writer_events_total{result="dead_lettered"} 0');
});
