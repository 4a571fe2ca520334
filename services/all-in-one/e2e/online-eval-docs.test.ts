import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { requireBackend } from '@weft/testkit';
import { NPM_TIMEOUT_MS } from './npm.ts';
import { startProgram } from './program.ts';
import { scoredProject } from './scoring.ts';
import { openScoringStack, requireScoring, type ScoringStack } from './scoring-stack.ts';
import { apiKey, newProject, python } from './stack.ts';

/** The programs of docs/online-eval.md, in its order, as a reader would run them. */

const DOCS = fileURLToPath(new URL('../../../docs/online-eval.md', import.meta.url));
/** What `scripts/weft` becomes once it has built it. */
const CLI = fileURLToPath(new URL('../../../dist/cli.mjs', import.meta.url));
/** Where the packages are found that JavaScript programs import. */
const PACKAGES = fileURLToPath(new URL('../node_modules/', import.meta.url));
const TIMEOUT_MS = 3 * NPM_TIMEOUT_MS;

const markdown = await readFile(DOCS, 'utf8');
const programs = new Map(
  [...markdown.matchAll(/<!-- run: (\S+) -->\n+```\w+\n([^]*?)```/g)].map(([, name, code]) => [name!, code!]),
);
const describeScoring = await requireScoring(describe);

describeScoring('docs/online-eval.md', () => {
  let stack: ScoringStack;
  let directory: string;
  beforeAll(async () => {
    stack = await openScoringStack('openai');
    stack.llm.answer({ content: { score: 0.75, reason: 'it is right' } });
    await mkdir(join(PACKAGES, '.docs'), { recursive: true });
    directory = await mkdtemp(join(PACKAGES, '.docs', 'run-'));
    await writeFile(join(directory, 'weft'), `#!/bin/sh\nexec node '${CLI}' "$@"\n`, { mode: 0o755 });
  }, 60_000);
  afterAll(async () => {
    await rm(directory, { recursive: true, force: true });
    await stack?.stop();
  });

  const run = async (name: string, project: string): Promise<string> => {
    const file = join(directory, `try-${name}`);
    await writeFile(file, programs.get(name)!.replaceAll('my-team/my-project', project));
    const command = name.endsWith('.py') ? python : name.endsWith('.sh') ? '/bin/sh' : process.execPath;
    const PATH = [directory, dirname(process.execPath), '/usr/bin', '/bin'].join(delimiter);
    const env = { PATH, WEFT_URL: stack.url, WEFT_API_KEY: apiKey };
    const { code, stdout, stderr } = await startProgram(stack, {
      command,
      args: [file],
      env,
      timeoutMs: TIMEOUT_MS,
    });
    if (code !== 0) throw new Error(`${name} ended with ${code}\n${stdout}\n${stderr}`);
    return stdout;
  };

  it('has programs in each language', () => {
    expect([...programs.keys()]).toEqual(['monitor.py', 'app.py', 'scores.py', 'monitor.mjs', 'app.mjs', 'monitor.sh', 'app.sh']); // prettier-ignore
  });

  requireBackend('python', describe)('Python', () => {
    it(
      'makes a monitor, and reads its scores',
      async () => {
        const project = newProject('docs-python');
        await run('monitor.py', project);
        await run('app.py', project);
        await scoredProject(stack, project).settled('helpfulness', 1);
        expect(await run('scores.py', project)).toContain(
          `What is the capital of France? wandb.runnable.helpful {'score': 0.75, 'reason': 'it is right'}`,
        );
        expect(stack.llm.requests.at(-1)!.text).toContain('A user asked: What is the capital of France?');
      },
      TIMEOUT_MS,
    );
  });

  it(
    'TypeScript makes a monitor',
    async () => {
      const project = newProject('docs-npm');
      await run('monitor.mjs', project);
      await run('app.mjs', project);
      const scored = scoredProject(stack, project);
      expect(await scored.settled('politeness', 1)).toMatchObject({ matched: 1, scored: 1 });
      expect(await scored.scores()).toMatchObject([{ feedback_type: 'wandb.runnable.polite', payload: { output: { score: 0.75 } } }]); // prettier-ignore
    },
    TIMEOUT_MS,
  );

  it(
    'weft and curl make a monitor',
    async () => {
      const project = newProject('docs-weft');
      expect(await run('monitor.sh', project)).toContain(`weave:///${project}/object/brevity:`);
      await run('app.sh', project);
      const scored = scoredProject(stack, project);
      expect(await scored.settled('brevity', 2)).toMatchObject({ matched: 2, scored: 2 });
      const outputs = (await scored.scores()).map(({ feedback_type: type, payload }) => [
        type,
        payload.output,
      ]);
      expect(Object.fromEntries(outputs)).toMatchObject({
        'wandb.runnable.brief': { score: 0.75 },
        'wandb.runnable.not_empty': { passed: true, characters: 5 },
      });
    },
    TIMEOUT_MS,
  );
});
