import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { completed, newCallId } from './calls.ts';
import { newProject, openStack, type Stack } from './stack.ts';

let stack: Stack;
const project = newProject('export');
const EVIL = '=HYPERLINK("http://evil")';

beforeAll(async () => {
  stack = await openStack();
  const calls = [
    completed(project, newCallId(), {
      op_name: '"first"',
      started_at: '"2026-01-02T03:04:05.000006Z"',
      inputs: JSON.stringify({ q: EVIL, list: ['a', 'b'], minus: -5 }).replace('-5', '-5.0'),
      output: '9007199254740993',
      summary: '{"usage":{"m":{"prompt_tokens":3,"completion_tokens":4}}}',
    }),
    completed(project, newCallId(), {
      op_name: '"second, with \\"quotes\\""',
      started_at: '"2026-01-02T03:04:05.500006Z"',
      inputs: '{"q":"two\\nlines"}',
      output: '{"a":\n1}',
    }),
  ];
  const sent = await stack.send(`/v2/${project}/calls/complete`, `{"batch":[${calls.join(',')}]}`);
  expect(sent.status).toBe(200);
});
afterAll(() => stack.stop());

const columns = ['op_name', 'inputs.q', 'inputs.list', 'inputs.minus', 'output', 'summary.weave.status', 'summary.weave.latency_ms', 'tokens', 'started_at']; // prettier-ignore
const exported = async (body: object) => {
  const res = await stack.send('/weft/v1/calls/export', { project_id: project, columns, ...body });
  return {
    status: res.status,
    bytes: Buffer.from(await res.arrayBuffer()),
    name: res.headers.get('content-disposition'),
  };
};

it('writes CSV that no sheet program runs', async () => {
  const { bytes, name } = await exported({ format: 'csv' });
  expect(name).toBe('attachment; filename="calls.csv"');
  expect(bytes.toString().split('\r\n')).toEqual([
    columns.join(','),
    '"second, with ""quotes""","two\nlines",,,"{""a"": 1}",success,500,,2026-01-02T03:04:05.500006Z',
    `first,"'=HYPERLINK(""http://evil"")","[""a"",""b""]",-5.0,9007199254740993,success,1000,7,2026-01-02T03:04:05.000006Z`,
    '',
  ]);
});

it('writes JSON lines with values as they were sent', async () => {
  const { bytes } = await exported({ format: 'jsonl', limit: 1, filter: { op_names: ['first'] } });
  expect(bytes.toString()).toBe(
    `{"op_name":"first","inputs.q":${JSON.stringify(EVIL)},"inputs.list":["a","b"],"inputs.minus":-5.0,"output":9007199254740993,` +
      '"summary.weave.status":"success","summary.weave.latency_ms":1000,"tokens":7,"started_at":"2026-01-02T03:04:05.000006Z"}\n',
  );
});

it('writes Parquet with its row groups', async () => {
  const { bytes } = await exported({ format: 'parquet' });
  expect([bytes.toString('latin1', 0, 4), bytes.toString('latin1', bytes.length - 4)]).toEqual([
    'PAR1',
    'PAR1',
  ]);
});

it('says what is wrong', async () => {
  expect((await exported({ format: 'xls' })).status).toBe(422);
  expect((await exported({ format: 'csv', columns: ['nothing'] })).status).toBe(422);
  expect((await exported({ format: 'csv', columns: [] })).status).toBe(422);
});
