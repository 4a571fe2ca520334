import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { callsOf, isNewest, NPM_SDKS, NPM_TIMEOUT_MS, opOf } from './npm.ts';
import { startProgram } from './program.ts';
import { newProject, openStack, type ReadCall, type Stack } from './stack.ts';
import { CERTIFICATE, startTlsFront } from './tls-front.ts';

/** How users point npm `weave` at the server, and what programs do at their end. */

let stack: Stack;
let front: Awaited<ReturnType<typeof startTlsFront>>;
beforeAll(async () => {
  stack = await openStack();
  front = await startTlsFront(stack.url);
});
afterAll(async () => {
  await front.stop();
  await stack.stop();
});

const readAll = (project: string, more: object = {}) =>
  stack.lines<ReadCall>('/calls/stream_query', { project_id: project, ...more });

/** What the program printed; it has to end by itself, with code 0. */
async function run<T>(args: readonly string[], env: Record<string, string> = {}): Promise<T> {
  const { code, stdout, stderr } = await startProgram(stack, { command: process.execPath, args, env });
  expect([code, stderr]).toEqual([0, '']);
  return JSON.parse(stdout.trimEnd().split('\n').at(-1)!) as T;
}

describe.each(NPM_SDKS)('npm %s', (sdk) => {
  const trace = (project: string, how: readonly string[], env: Record<string, string>) =>
    run<{ said: string; project: string; saved: boolean | null }>(
      ['npm/setup.cjs', sdk, project, ...how],
      env,
    );

  it.each(['/', '/traces', '/traces/'])('is pointed at the server with %s behind', async (path) => {
    const project = newProject('npm-setup');
    await trace(project, ['environment'], { WF_TRACE_SERVER_URL: stack.url.replace(/\/$/, '') + path });
    expect((await readAll(project)).map(opOf)).toEqual(['hello']);
  }, NPM_TIMEOUT_MS); // prettier-ignore

  it.each(['host', 'file'])('is pointed at a host over https by a %s, and asks whose projects are meant', async (how) => {
    const name = newProject('npm-host').split('/')[1]!;
    const before = front.requests.length;
    const env = { WANDB_BASE_URL: `http://${front.host}`, NODE_EXTRA_CA_CERTS: CERTIFICATE };
    const { project } = await trace(name, [how, `[default]\nwandb_base_url = https://${front.host}\n`], env);
    expect(project).toMatch(new RegExp(`^[^/]+/${name}$`));
    expect(front.requests.slice(before)).toEqual(['POST /graphql', ...['file/create', 'obj/create', 'call/upsert_batch'].map((path) => `POST /traces/${path}`)]);
    expect((await readAll(project)).map(opOf)).toEqual(['hello']);
  }, NPM_TIMEOUT_MS); // prettier-ignore

  it('logs in, and remembers the key', async () => {
    const project = newProject('npm-login');
    const before = front.requests.length;
    const { saved } = await trace(project, ['login', front.host], { NODE_EXTRA_CA_CERTS: CERTIFICATE });
    expect([saved, front.requests[before]]).toEqual([true, 'GET /traces/health']);
    expect((await readAll(project)).map(opOf)).toEqual(['hello']);
  }, NPM_TIMEOUT_MS); // prettier-ignore

  it('sends everything before it ends, in batches of up to 30 MB', async () => {
    const [many, large] = [newProject('npm-many'), newProject('npm-large')];
    await run(['npm/flush.cjs', sdk, many, '600', '3']);
    const calls = await readAll(many);
    expect(calls.map((call) => (call.output as { i: number }).i).sort((a, b) => a - b)).toEqual(Array.from({ length: 600 }, (_, i) => i));
    expect(new Set(calls.map((call) => call.inputs.arg1))).toEqual(new Set(['中中中']));
    // 10 Mi characters of three bytes each are the largest batch.
    await run(['npm/flush.cjs', sdk, large, '7', '800000']);
    const stored = await readAll(large);
    const text = '中'.repeat(800_000);
    expect(stored.map((call) => [call.inputs.arg1 === text, (call.output as { text: string }).text === text])).toEqual(Array(7).fill([true, true]));
  }, NPM_TIMEOUT_MS); // prettier-ignore

  it('goes on where a call is no good, and the calls beside it are stored', async () => {
    const project = newProject('npm-awkward');
    const { thrown, read } = await run<{ thrown: string[]; read: number }>(['npm/awkward.cjs', sdk, project]);
    expect(thrown).toEqual(['throwsNull', 'throwsNothing', 'throwsMuch']);
    const all = await readAll(project);
    expect(all).toHaveLength(read);
    // A display name of more than 1024 characters is refused, as by W&B, but not the batch that it comes in.
    expect(all.map(opOf)).toEqual([
      'emptyDisplayName', 'textAsUsage', 'wordsAsTokens', 'ownWeave', 'textAsSummary', 'nothing', 'aFunction', 'aDate', 'bytes',
      ...thrown, ...(isNewest(sdk) ? ['nothing'] : []),
    ]);
    const summary = (op: string) => callsOf(all, op)[0]!.summary;
    expect(summary('textAsUsage')).toMatchObject({ usage: 'none', status_counts: [1], weave: { status: 'success' } });
    expect(summary('wordsAsTokens')).toMatchObject({ usage: { m: { prompt_tokens: 'many', total_tokens: -1.5 } } });
    expect(summary('ownWeave').weave).toMatchObject({ status: 'success', extra: true });
    expect(callsOf(all, 'throwsMuch')[0]!.exception).toHaveLength(1_000_000);
    if (isNewest(sdk)) expect(callsOf(all, 'nothing')[1]!.attributes).toEqual({ weave: 'text', wandb: null, '': { '': '' } });
  }, NPM_TIMEOUT_MS); // prettier-ignore
});
