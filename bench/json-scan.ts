/**
 * MB/s of the JSON scanner on bodies as SDKs send them, JSON.parse as the baseline: `tsx bench/json-scan.ts [rounds]`.
 * CPU time, best of the rounds: other work on the machine does not count.
 */
import { CallFramer, JsonScanner, readFramedCall, redactSecrets } from '@weft/model';

const rounds = Number(process.argv[2] ?? 15);
const PROSE =
  'The model answered: \\"yes, but…\\" — and then\\nexplained, step by step, what it had found in the document. ';

const bodies: Readonly<Record<string, Buffer>> = {
  'LLM calls, 4 KB each': batch(1000, llmCall(3600)),
  'LLM calls, 40 KB each': batch(100, llmCall(40_000)),
  'small calls, 0.6 KB each': batch(8000, llmCall(100)),
  'plain prose without escapes': batch(100, llmCall(40_000).replaceAll('\\n', ' ').replaceAll('\\"', "'")),
  'embeddings (numbers)': batch(
    100,
    call(
      `{"vector":[${Array.from({ length: 3000 }, (_, i) => ((i * 7919) % 10_007) / 10_007 - 0.5).join(',')}]}`,
    ),
  ),
  'pretty-printed': Buffer.from(
    JSON.stringify(JSON.parse(batch(1000, llmCall(2000)).toString('utf8')), null, 2),
  ),
};

for (const [name, body] of Object.entries(bodies)) {
  console.log(`${name}: ${(body.length / 1e6).toFixed(1)} MB`);
  const baseline = measure('JSON.parse', body, () => JSON.parse(body.toString('utf8')));
  measure('scan', body, () => new JsonScanner(body).skip(0), baseline);
  measure('frame and read the calls', body, () => readAll(body), baseline);
  measure('redactSecrets', body, () => redactSecrets(body), baseline);
}

function readAll(body: Buffer): void {
  const framer = new CallFramer(body);
  framer.scanner.object(0, (_key, at) =>
    framer.scanner.array(at, (start) => {
      const framed = framer.frame(start);
      readFramedCall('call.completed', framed);
      return framed.end;
    }),
  );
}

function measure(name: string, body: Buffer, run: () => unknown, baseline?: number): number {
  run();
  let best = Infinity;
  for (let i = 0; i < rounds; i++) {
    const before = process.cpuUsage();
    run();
    const { user, system } = process.cpuUsage(before);
    best = Math.min(best, user + system);
  }
  const rate = body.length / best;
  const factor = baseline === undefined ? '' : `  ×${(rate / baseline).toFixed(1)}`;
  console.log(`  ${name.padEnd(26)} ${rate.toFixed(0).padStart(6)} MB/s${factor}`);
  return rate;
}

function batch(count: number, item: string): Buffer {
  return Buffer.from(
    `{"batch":[${Array.from({ length: count }, (_, i) => item.replace('ID', String(i))).join(',')}]}`,
  );
}

function llmCall(textBytes: number): string {
  const text = PROSE.repeat(Math.ceil(textBytes / 2 / PROSE.length))
    .slice(0, Math.floor(textBytes / 2))
    .replace(/\\$/, '');
  const messages = `[{"role":"system","content":"You are helpful."},{"role":"user","content":"${text}"}]`;
  return call(
    `{"model":"gpt-4o","messages":${messages},"temperature":0.7,"max_tokens":256}`,
    `{"choices":[{"index":0,"message":{"role":"assistant","content":"${text}"}}]}`,
  );
}

function call(inputs: string, output = 'null'): string {
  const ids =
    '"project_id":"acme/demo","id":"01890a5d-ac96-774a-9b1a-0242ac12ID","trace_id":"01890a5d-ac96-774a-9b1a-0242ac120002","parent_id":null';
  const times = '"started_at":"2026-01-02T03:04:05.678901Z","ended_at":"2026-01-02T03:04:06.000001Z"';
  const summary =
    '{"usage":{"gpt-4o":{"requests":1,"prompt_tokens":10,"completion_tokens":20,"total_tokens":30}},"status_counts":{"success":1,"error":0}}';
  return `{${ids},"op_name":"weave:///acme/demo/op/chat:abc",${times},"attributes":{"weave":{"client_version":"0.54.0","source":"python-sdk"}},"inputs":${inputs},"output":${output},"summary":${summary}}`;
}
