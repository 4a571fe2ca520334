/** `scripts/chaos [--rounds N] [--seed N]`: kills a running server again and again and judges what is left. Exit code 1 if anything is. */
import { parseArgs } from 'node:util';
import { runChaos } from './run.ts';

const { values } = parseArgs({
  options: { rounds: { type: 'string', default: '100' }, seed: { type: 'string', default: '1' } },
});
const result = await runChaos({
  rounds: Number(values.rounds),
  seed: Number(values.seed),
  onProgress: (text) => process.stderr.write(`${text}\n`),
});
const { lost, doubled, wrong, phantom, ...figures } = result;
console.log(
  JSON.stringify(
    { ...figures, lost: lost.length, doubled: doubled.length, wrong: wrong.length, phantom: phantom.length },
    null,
    2,
  ),
);
for (const [name, ids] of Object.entries({ lost, doubled, wrong, phantom }))
  if (ids.length > 0) console.log(name, ids.slice(0, 10));
process.exitCode =
  lost.length + doubled.length + wrong.length + phantom.length + result.exitCode === 0 ? 0 : 1;
