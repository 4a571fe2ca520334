/**
 * Runs in the image of the weft command at each `docker compose up`: makes an admin key when there is none yet, and says it
 * this once. Everything else about keys is the command's own: `docker compose run --rm weft keys --help`.
 */
import { spawnSync } from 'node:child_process';

const [command = '/app/main.mjs'] = process.argv.slice(2);
const file = process.env.WEFT_KEYS_FILE;

function weft(...args) {
  const { status, stdout, error } = spawnSync(process.execPath, [command, 'keys', ...args, '--file', file], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  if (status !== 0) process.exit(error === undefined ? (status ?? 1) : 1);
  return stdout;
}

if (JSON.parse(weft('list', '--json')).length > 0) {
  console.log(`There are API keys in ${file} already.`);
} else {
  const { key } = JSON.parse(weft('create', '--user', 'admin', '--role', 'admin', '--json'));
  console.log(`\nYour API key, shown this once:\n\n    ${key}\n`);
}
