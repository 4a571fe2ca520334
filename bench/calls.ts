import { randomFillSync } from 'node:crypto';
import { vocabulary } from './spans.ts';

export const CALLS_PER_REQUEST = 100;

/** A `calls/complete` request of 100 calls of about 1.7 KB, ids and times patched in per request. */
export function buildCallRequest(seed: number): { readonly body: Buffer; renew(): string[] } {
  const word = vocabulary(seed);
  const prose = (n: number) => {
    let out = '';
    while (out.length < n) out += `${word()} `;
    return out.slice(0, n);
  };
  const items = Array.from({ length: CALLS_PER_REQUEST }, (_, i) =>
    JSON.stringify({
      project_id: 'bench/spans',
      id: ID_MARK,
      trace_id: TRACE_MARK,
      op_name: `weave:///bench/spans/op/step_${i % 7}:4vmINFnQXzQMwvv7BDZ7zwquXEpX3uMtzwXZZJ4vnl8`,
      started_at: TIME_MARK,
      ended_at: TIME_MARK,
      attributes: { weave: { client_version: '0.54.0', source: 'python-sdk' } },
      inputs: { model: 'gpt-4o-mini', messages: [{ role: 'user', content: prose(500) }] },
      output: { choices: [{ message: { role: 'assistant', content: prose(500) } }] },
      summary: {
        usage: {
          'gpt-4o-mini-2024-07-18': {
            prompt_tokens: 431,
            completion_tokens: 117,
            requests: 1,
            total_tokens: 548,
          },
        },
      },
    }),
  );
  const body = Buffer.from(`{"batch":[${items.join(',')}]}`);
  const at = (mark: string) => {
    const found: number[] = [];
    for (let i = body.indexOf(mark); i >= 0; i = body.indexOf(mark, i + 1)) found.push(i);
    return found;
  };
  const [ids, traces, times] = [at(ID_MARK), at(TRACE_MARK), at(TIME_MARK)];
  return {
    body,
    renew() {
      const random = randomFillSync(Buffer.alloc(10 * ids.length)).toString('hex');
      const now = new Date().toISOString();
      const stamp = Date.now().toString(16).padStart(12, '0');
      const uuid = (i: number) => {
        const h = random.slice(i * 20, i * 20 + 20);
        return `${stamp.slice(0, 8)}-${stamp.slice(8)}-7${h.slice(0, 3)}-8${h.slice(3, 6)}-${h.slice(6, 18)}`;
      };
      const list = ids.map((p, i) => {
        const id = uuid(i);
        body.write(id, p, 'latin1');
        return id;
      });
      traces.forEach((p, i) => body.write(list[i - (i % 9)]!, p, 'latin1'));
      times.forEach((p, i) =>
        body.write(`${now.slice(0, -1)}${String(i).padStart(3, '0').slice(-3)}Z`, p, 'latin1'),
      );
      return list;
    },
  };
}

const ID_MARK = '00000000-1111-7111-8111-111111111111';
const TRACE_MARK = '00000000-2222-7222-8222-222222222222';
const TIME_MARK = '2026-01-01T00:00:00.123456Z';
