/** Calls ops and leaves the rest to the SDK: nothing waits for what is still to be sent. argv: …, how many calls, characters of each. */
const { weave, project, rest, run } = require('./run.cjs');
const [count, characters] = rest.map(Number);

const step = weave.op(async function step(i, text) {
  return { i, text };
});

run(async () => {
  await weave.init(project);
  await Promise.all(Array.from({ length: count }, (_, i) => step(i, '中'.repeat(characters))));
  return { count };
});
