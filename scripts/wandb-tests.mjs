/** What `scripts/wandb-tests` does: a Python with the client of that time, its tests, a server to send to. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';

import { build } from './build.mjs';
import { install } from './steps/install.mjs';
import { root, run, say, SetupError } from './steps/progress.mjs';
import { prepareEnvironment } from './steps/python.mjs';

const SOURCE = join(root, '.cache/wandb-source');
const TESTS = join(root, '.cache/wandb-tests');
/** Those that talk to a trace server. Answers of models are recorded beside them. */
const SUITES = ['openai', 'anthropic', 'mistral/v1', 'groq', 'cerebras', 'instructor'].map(
  (name) => `integrations/${name}`,
);
const TRACE = ['test_op_argument_forms.py', 'test_op_return_forms.py', 'test_vals.py', 'testutil.py'];

await run(async () => {
  const python = prepareEnvironment({
    venv: '.cache/python-wandb',
    requirements: 'scripts/wandb/requirements.txt',
    options: ['--no-deps'],
  });
  if (python === undefined) throw new SetupError('these tests need Python 3.10 to 3.12 with venv');
  await collect(python);
  const server = await serve();
  say('running the tests');
  const env = { WF_TRACE_SERVER_URL: server.url, WANDB_API_KEY: 'none', WANDB_ERROR_REPORTING: 'false' };
  const args = ['-m', 'pytest', '-q', '-p', 'no:warnings', ...process.argv.slice(2)];
  const pytest = spawn(python, args, { cwd: TESTS, stdio: 'inherit', env: { ...process.env, ...env } });
  const [code] = await once(pytest, 'exit');
  await server.stop();
  process.exitCode = code ?? 1;
});

/** Out of the source distribution, with our fixtures instead of theirs. */
async function collect(python) {
  if (!existsSync(join(SOURCE, 'weave'))) {
    say('getting the tests');
    rmSync(SOURCE, { recursive: true, force: true });
    mkdirSync(SOURCE, { recursive: true });
    const pins = join(root, 'scripts/wandb/source.txt');
    const quiet = ['--quiet', '--disable-pip-version-check'];
    const download = [
      'download',
      ...quiet,
      '--no-deps',
      '--no-binary',
      ':all:',
      '--require-hashes',
      '-r',
      pins,
    ];
    await must(python, ['-m', 'pip', ...download, '-d', SOURCE]);
    const [archive] = readdirSync(SOURCE);
    await must('tar', ['-xzf', join(SOURCE, archive), '-C', SOURCE, '--strip-components=1']);
  }
  rmSync(TESTS, { recursive: true, force: true });
  mkdirSync(join(TESTS, 'trace'), { recursive: true });
  for (const name of ['conftest.py', 'pytest.ini'])
    cpSync(join(root, 'scripts/wandb', name), join(TESTS, name));
  for (const suite of SUITES)
    cpSync(join(SOURCE, 'weave', suite), join(TESTS, suite.replace('integrations/', '').replace('/', '_')), {
      recursive: true,
      filter: (from) => !from.endsWith('.py') || from.endsWith('_test.py'),
    });
  cpSync(join(SOURCE, 'weave/type_serializers/Image/image_test.py'), join(TESTS, 'image/image_test.py'));
  for (const name of TRACE) {
    const text = readFileSync(join(SOURCE, 'weave/trace/tests', name), 'utf8');
    // Beside the package now, not in it.
    const moved = text
      .replaceAll('from ...trace_server', 'from weave.trace_server')
      .replaceAll('from weave.trace.tests.testutil', 'from testutil')
      .replaceAll('from .testutil', 'from testutil');
    writeFileSync(join(TESTS, 'trace', name), moved);
  }
}

/** @returns {Promise<{url: string, stop: () => Promise<void>}>} */
async function serve() {
  const { WF_TRACE_SERVER_URL: url } = process.env;
  if (url !== undefined && url !== '') return { url, stop: async () => {} };
  install();
  await build();
  const dataDir = mkdtempSync(join(tmpdir(), 'weft-wandb-'));
  const bundle = join(root, 'dist/all-in-one.mjs');
  const args = [bundle, '--port', '0', '--data-dir', dataDir];
  const env = { ...process.env, GATEWAY_OTLP_GRPC_PORT: 'off' };
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'ignore'], env });
  const ended = once(child, 'exit');
  let said = '';
  const ready = new Promise((resolve) => {
    child.stdout.on('data', (chunk) => {
      said += chunk;
      const found = /Weft is ready at (\S+)/.exec(said);
      if (found !== null) resolve(found[1]);
    });
  });
  const first = await Promise.race([ready, ended]);
  if (typeof first !== 'string')
    throw new SetupError(`${basename(bundle)} ended before it was ready:\n${said}`);
  return {
    url: first,
    stop: async () => {
      child.kill('SIGTERM');
      await ended;
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}

async function must(command, args) {
  const child = spawn(command, args, { stdio: ['ignore', 2, 2] });
  const [code] = await once(child, 'exit');
  if (code !== 0) throw new SetupError(`${command} ${args.slice(0, 3).join(' ')} failed (lines above)`);
}
