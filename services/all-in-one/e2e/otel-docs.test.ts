import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { eventually, requireBackend } from '@weft/testkit';
import { startFakeLlm } from './fake-llm.ts';
import { startProgram } from './program.ts';
import { apiKey, newProject, openStack, pythonOtel, type ReadCall, type Stack } from './stack.ts';

/** Every program of docs/otel.md, as a reader would run it, against a provider that says "hello there" for 7 and 2 tokens. */

const DOCS = fileURLToPath(new URL('../../../docs/otel.md', import.meta.url));
/** Where the packages are found that JavaScript programs import. */
const PACKAGES = fileURLToPath(new URL('../node_modules/', import.meta.url));
const TIMEOUT_MS = 120_000;
const QUESTION = 'What is the capital of France?';

const markdown = await readFile(DOCS, 'utf8');
const programs = [...markdown.matchAll(/<!-- run: (\S+) -->\n+```\w+\n([^]*?)```/g)].map(
  ([, name, code]) => ({
    name: name!,
    code: code!,
  }),
);

let stack: Stack;
let llm: Awaited<ReturnType<typeof startFakeLlm>>;
let directory: string;
beforeAll(async () => {
  [stack, llm] = await Promise.all([openStack(), startFakeLlm()]);
  const parent = join(PACKAGES, '.docs');
  await mkdir(parent, { recursive: true });
  directory = await mkdtemp(join(parent, 'run-'));
});
afterAll(async () => {
  await rm(directory, { recursive: true, force: true });
  await Promise.all([stack.stop(), llm.stop()]);
});

it('has a program for each framework', () => {
  expect(programs.map(({ name }) => name).sort()).toEqual(
    [
      ...['langchain', 'langfuse', 'logfire', 'openinference', 'openlit', 'openllmetry', 'opentelemetry', 'own', 'pydantic-ai', 'strands'].map((name) => `${name}.py`),
      ...['langfuse', 'openinference', 'openllmetry', 'own', 'vercel'].map((name) => `${name}.mjs`),
      'openlit.cjs',
      'opentelemetry.cjs',
    ].sort(),
  ); // prettier-ignore
});

describe.each(programs.filter(({ name }) => !name.endsWith('.py')))('$name', check);
requireBackend('python', describe)('in Python', () => {
  describe.each(programs.filter(({ name }) => name.endsWith('.py')))('$name', check);
});

function check({ name, code }: { name: string; code: string }): void {
  it(
    'sends its prompt, its answer, its model and its tokens, and warns of nothing',
    async () => {
      const project = newProject('docs');
      // By its own name it would be taken for the package.
      const file = join(directory, `try-${name}`);
      await writeFile(file, code.replaceAll('my-team/my-project', project));
      const { code: exit, stdout, stderr } = await startProgram(stack, {
        command: name.endsWith('.py') ? pythonOtel : process.execPath,
        args: [file],
        timeoutMs: TIMEOUT_MS,
        env: {
          OTEL_EXPORTER_OTLP_ENDPOINT: `${stack.url}/otel`,
          OTEL_EXPORTER_OTLP_HEADERS: `project_id=${project},wandb-api-key=${apiKey}`,
          OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT: 'true',
          LANGFUSE_BASE_URL: stack.url,
          LANGFUSE_PUBLIC_KEY: 'weft',
          LANGFUSE_SECRET_KEY: apiKey,
          OPENAI_BASE_URL: llm.url,
          OPENAI_API_KEY: 'none',
        },
      });
      expect({ exit, stdout, stderr: withoutNotices(stderr) }).toEqual({ exit: 0, stdout: '', stderr: '' });
      const calls = await eventually(async () => {
        const sent = await stack.lines<ReadCall>('/calls/stream_query', { project_id: project });
        return sent.some((call) => call.summary['usage'] !== undefined) && sent.some(hasContent) ? sent : undefined;
      });
      const answer = name.startsWith('own.') ? 'Paris' : 'hello there';
      const asked = calls.filter((call) => hasContent(call) && call.summary['usage'] !== undefined);
      expect(asked.length).toBeGreaterThan(0);
      for (const call of asked) {
        expect(JSON.stringify(call.inputs)).toContain(QUESTION);
        expect(JSON.stringify(call.output)).toContain(answer);
        expect(call.summary.weave.status).toBe('success');
        const [[model, usage]] = Object.entries(call.summary['usage'] as Record<string, Record<string, number>>) as [[string, Record<string, number>]];
        expect(model).toMatch(/^gpt-4o-mini/);
        expect([usage['input_tokens'] ?? usage['prompt_tokens'], usage['output_tokens'] ?? usage['completion_tokens']]).toEqual([7, 2]);
      }
    },
    TIMEOUT_MS,
  ); // prettier-ignore
}

function hasContent({ inputs, output }: ReadCall): boolean {
  return JSON.stringify(inputs) !== '{}' && JSON.stringify(output) !== '{}';
}

/** What libraries say of themselves, not of what they send. */
function withoutNotices(stderr: string): string {
  return stderr
    .split('\n')
    .filter(
      (line) =>
        !/DeprecationWarning|^\(Use `node --trace|fetching pricing info|PydanticAIInstrumentor only instruments/.test(
          line,
        ),
    )
    .join('\n')
    .trim();
}
