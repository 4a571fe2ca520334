import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { newId } from '@weft/model';
import { eventually } from '@weft/testkit';
import { startAllInOne, type StartedAllInOne } from './start.ts';

/** Online evaluation in one process: calls that are sent get scores, on backends of its own. */

const project = 'acme/scored';
let dir: string;
let server: StartedAllInOne;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'weft-scoring-'));
  server = await startAllInOne({
    dataDir: dir,
    env: { WEAVE_ENABLE_ONLINE_EVAL: 'true', WF_SCORING_WORKER_BATCH_TIMEOUT: '0' },
  });
}, 60_000);
afterAll(async () => {
  await server?.stop();
  await rm(dir, { recursive: true, force: true });
}, 60_000);

async function post<T>(path: string, body: object): Promise<T> {
  const res = await fetch(`${server.url}${path}`, { method: 'POST', body: JSON.stringify(body) });
  const text = await res.text();
  if (!res.ok) throw new Error(`${path}: ${res.status} ${text}`);
  return JSON.parse(text) as T;
}

async function publish(name: string, val: object): Promise<string> {
  const obj = { project_id: project, object_id: name, val };
  const { digest } = await post<{ digest: string }>('/obj/create', { obj });
  return `weave:///${project}/object/${name}:${digest}`;
}

async function call(opName: string, output: unknown): Promise<string> {
  const id = newId();
  const at = new Date().toISOString();
  const start = { project_id: project, id, op_name: opName, trace_id: id, started_at: at, attributes: {}, inputs: { q: 1 } }; // prettier-ignore
  const end = { project_id: project, id, ended_at: at, output, summary: {} };
  const batch = [
    { mode: 'start', req: { start } },
    { mode: 'end', req: { end } },
  ];
  await post('/call/upsert_batch', { batch });
  return id;
}

interface Feedback {
  readonly feedback_type: string;
  readonly payload: { readonly output: unknown };
  readonly runnable_ref: string;
  readonly trigger_ref: string;
}

async function feedbackOn(callId: string): Promise<Feedback[]> {
  const query = {
    $expr: { $eq: [{ $getField: 'weave_ref' }, { $literal: `weave:///${project}/call/${callId}` }] },
  };
  const { result } = await post<{ result: Feedback[] }>('/feedback/query', { project_id: project, query });
  return result;
}

const object = (className: string, ...bases: string[]) => ({
  _type: className,
  _class_name: className,
  _bases: [...bases, 'Object', 'BaseModel'],
});

describe('online evaluation', () => {
  it('scores what a monitor looks at, once, and nothing else', async () => {
    const scorer = await publish('is-json', { ...object('ValidJSONScorer', 'Scorer'), name: 'is-json' });
    const monitor = await publish('watch', {
      ...object('Monitor'),
      name: 'watch',
      active: true,
      sampling_rate: 1,
      scorers: [scorer],
      op_names: [`weave:///${project}/op/answer:*`],
    });
    const [good, other] = [await call('answer', '{"a":1}'), await call('other', '{}')];
    const [score] = await eventually(async () => {
      const found = await feedbackOn(good);
      return found.length > 0 && found;
    });
    expect(score).toMatchObject({
      feedback_type: 'wandb.runnable.is-json',
      payload: { output: { json_valid: true } },
      runnable_ref: scorer,
      trigger_ref: monitor,
    });
    expect(await feedbackOn(other)).toEqual([]);
    const ledger = await post<{ monitors: object[] }>('/monitors/ledger', { project_id: project });
    expect(ledger.monitors).toMatchObject([{ monitor: 'watch', matched: 1, scored: 1, pending: 0 }]);
  });
});
