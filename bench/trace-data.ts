import { newId } from '@weft/model';

/** Agents of a run, their steps, and what each step calls: how many of each there are grows with the trace. */
const STEPS_PER_AGENT = 8;
const CALLS_PER_STEP = 5;
const CALLS_PER_AGENT = 1 + STEPS_PER_AGENT * (1 + CALLS_PER_STEP);
const OPS = ['search', 'chat.completions.create', 'read_file', 'rank', 'embed'];
const BATCH = 1000;

/** Stores one trace of `count` calls by way of the API, as an SDK would. @returns its root. */
export async function seedTrace(url: string, project: string, count: number): Promise<string> {
  const traceId = newId(Date.now());
  let [atUs, made] = [Date.UTC(2026, 0, 1) * 1000, 0];
  let batch: string[] = [];
  const at = (us: number) => JSON.stringify(new Date(us / 1000).toISOString().replace('Z', `${String(us % 1000).padStart(3, '0')}Z`));
  const add = (parentId: string | null, op: string, startUs: number, endUs: number, more = '') => {
    const id = newId(Math.floor(startUs / 1000));
    made++;
    batch.push(
      `{"project_id":"${project}","id":"${id}","trace_id":"${traceId}","parent_id":${JSON.stringify(parentId)},"op_name":"weave:///${project}/op/${op}:v1","started_at":${at(startUs)},"ended_at":${at(endUs)},"attributes":{},"inputs":{"n":${made}},"output":null,"summary":{${more}}${made % 97 === 0 ? ',"exception":"TimeoutError: it took too long"' : ''}}`,
    );
    return id;
  };
  const agents = Math.max(1, Math.round((count - 1) / CALLS_PER_AGENT));
  const rootId = add(null, 'run', atUs, atUs + agents * 60_000_000);
  while (made < count) {
    const agentId = add(rootId, 'agent', atUs, atUs + 58_000_000);
    for (let step = 0; step < STEPS_PER_AGENT && made < count; step++) {
      const stepUs = atUs + step * 7_000_000;
      const stepId = add(agentId, `step ${step}`, stepUs, stepUs + 6_900_000);
      for (let call = 0; call < CALLS_PER_STEP && made < count; call++) {
        const usage = call === 1 ? '"usage":{"gpt-4o-mini":{"prompt_tokens":900,"completion_tokens":120,"requests":1}}' : '';
        add(stepId, OPS[call]!, stepUs + call * 1_000_000, stepUs + call * 1_300_000 + 900_000, usage);
      }
    }
    atUs += 60_000_000;
    if (batch.length >= BATCH) {
      await send(url, project, batch);
      batch = [];
    }
  }
  await send(url, project, batch);
  return rootId;
} // prettier-ignore

async function send(url: string, project: string, batch: readonly string[]): Promise<void> {
  for (;;) {
    const res = await fetch(`${url}/v2/${project}/calls/complete`, {
      method: 'POST',
      body: `{"batch":[${batch.join(',')}]}`,
    });
    if (res.ok) return void (await res.arrayBuffer());
    if (res.status < 500 && res.status !== 429) throw new Error(`${res.status} ${await res.text()}`);
    await new Promise((resolve) => setTimeout(resolve, 1000));
  }
}
