/**
 * Traces one op with settings as a user has them. argv: …, how the server is told:
 * `environment` = the variables that are there; `host` = WANDB_BASE_URL only; `file` = W&B's settings file, its content as the
 * next argument; `login` = a host given to login(), as the next argument, and the key from nowhere else.
 */
const { mkdirSync, readFileSync, writeFileSync } = require('node:fs');
const { homedir } = require('node:os');
const { join } = require('node:path');
const { weave, project, rest, run } = require('./run.cjs');
const [how, what] = rest;

const hello = weave.op(async function hello() {
  return 'hello';
});

run(async () => {
  const key = process.env.WANDB_API_KEY;
  if (how !== 'environment') delete process.env.WF_TRACE_SERVER_URL;
  if (how === 'file' || how === 'login') delete process.env.WANDB_BASE_URL;
  if (how === 'file') {
    mkdirSync(join(homedir(), '.config/wandb'), { recursive: true });
    writeFileSync(join(homedir(), '.config/wandb/settings'), what);
  }
  let saved = null;
  if (how === 'login') {
    delete process.env.WANDB_API_KEY;
    writeFileSync(join(homedir(), '.netrc'), '');
    await weave.login(key, what);
    saved = readFileSync(join(homedir(), '.netrc'), 'utf8').includes(key);
    // The next program of this user knows the key from there, and the host from its settings.
    delete process.env.WANDB_API_KEY;
    process.env.WANDB_BASE_URL = `https://${what}`;
  }
  const client = await weave.init(project);
  return { said: await hello(), project: client.projectId, saved };
});
