/** Traces one op, so that a monitor of its name sees it. */
const { weave, project, rest, run } = require('./run.cjs');

const answer = weave.op(
  async function answer({ question }) {
    return `npm says ${question}`;
  },
  { parameterNames: 'useParam0Object' },
);

run(async () => {
  const client = await weave.init(project);
  for (const question of rest) await answer({ question });
  await client.waitForBatchProcessing();
  return {};
});
