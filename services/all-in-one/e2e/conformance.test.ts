import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { requireBackend } from '@weft/testkit';
import { startProgram, type Program } from './program.ts';
import { newProject, openStack, python, python2025, type Stack } from './stack.ts';

/**
 * What users of the official Python SDKs rely on, check by check: the programs in `sdk/conformance/`, which also run by hand:
 * `WF_TRACE_SERVER_URL=… WANDB_BASE_URL=… WANDB_API_KEY=… python services/all-in-one/e2e/sdk/conformance/run.py e2e/mine tracing filters:pages`
 */
const SDK_AREAS = [
  'calls', 'classes', 'costs', 'datasets', 'deletions', 'evaluations', 'expansion', 'feedback', 'media', 'objects',
  'prompts', 'tracing',
]; // prettier-ignore
/** These speak plain HTTP, or need what only the newest client has. */
const OTHER_AREAS = ['digests', 'filters', 'lifecycle', 'queries', 'queues', 'statistics', 'typed'];

/** The second sends starts and ends instead of whole calls, as all did before 2026. */
const CLIENTS: readonly (Pick<Program, 'command' | 'env'> & { client: string; areas: readonly string[] })[] =
  [
    { client: 'weave 0.54', command: python, env: {}, areas: [...SDK_AREAS, ...OTHER_AREAS] },
    {
      client: 'weave 0.54 with starts and ends',
      command: python,
      env: { WEAVE_USE_CALLS_COMPLETE: 'false', CHECKS: 'sdk' },
      areas: ['calls', 'evaluations', 'feedback', 'prompts', 'tracing'],
    },
    { client: 'weave 0.51', command: python2025, env: { CHECKS: 'sdk' }, areas: SDK_AREAS },
  ];

interface Result {
  readonly area: string;
  readonly check: string;
  readonly ok: boolean;
  readonly error?: string;
}

const TIMEOUT_MS = 420_000;

requireBackend('python', describe)('Python clients', () => {
  let stack: Stack;
  const programs: Awaited<ReturnType<typeof startProgram>>[] = [];
  beforeAll(async () => {
    stack = await openStack();
    for (const { command, env, areas } of CLIENTS) {
      const args = ['conformance/run.py', newProject('conformance'), ...areas];
      programs.push(await startProgram(stack, { command, args, env, timeoutMs: TIMEOUT_MS }));
    }
  }, CLIENTS.length * TIMEOUT_MS);
  afterAll(() => stack.stop());

  describe.each(CLIENTS.map((client, index) => ({ ...client, index })))('$client', ({ index, areas }) => {
    it.each(areas)('%s', (area) => {
      const { stdout } = programs[index]!;
      const lines = stdout.split('\n').filter((line) => line.startsWith('{"area"'));
      const results = lines
        .map((line) => JSON.parse(line) as Result)
        .filter((result) => result.area === area);
      const failed = results.filter((result) => !result.ok).map(({ check, error }) => `${check}: ${error}`);
      expect(failed).toEqual([]);
      expect(results).not.toEqual([]);
    });

    it('comes to its end', () => {
      const { code, stdout, stderr } = programs[index]!;
      if (!/^\{"end"/m.test(stdout)) throw new Error(`it ended with ${code}: ${stderr.slice(-2000)}`);
    });
  });
});
