/** Ops whose display names, summaries, errors and results are nothing to be proud of: the program must not notice. */
const { weave, project, run } = require('./run.cjs');
const { op } = weave;

const calls = {
  longDisplayName: op(async () => 1, { name: 'longDisplayName', callDisplayName: () => '☂'.repeat(5_000) }),
  emptyDisplayName: op(async () => 2, { name: 'emptyDisplayName', callDisplayName: () => '' }),
  textAsUsage: op(async () => 3, {
    name: 'textAsUsage',
    summarize: () => ({ usage: 'none', status_counts: [1] }),
  }),
  wordsAsTokens: op(async () => 4, {
    name: 'wordsAsTokens',
    summarize: () => ({
      usage: { m: { prompt_tokens: 'many', total_tokens: -1.5 }, n: null, '': { requests: 1e300 } },
    }),
  }),
  ownWeave: op(async () => 5, {
    name: 'ownWeave',
    summarize: () => ({ weave: { status: 'mine', costs: 1, extra: true } }),
  }),
  textAsSummary: op(async () => 6, { name: 'textAsSummary', summarize: () => 'text' }),
  nothing: op(async () => undefined, { name: 'nothing' }),
  aFunction: op(async () => () => 7, { name: 'aFunction' }),
  aDate: op(async () => new Date(0), { name: 'aDate' }),
  bytes: op(async () => Buffer.from([1, 2]), { name: 'bytes' }),
  throwsNull: op(
    async () => {
      throw null;
    },
    { name: 'throwsNull' },
  ),
  throwsNothing: op(
    async () => {
      throw new Error();
    },
    { name: 'throwsNothing' },
  ),
  throwsMuch: op(
    async () => {
      throw new Error('x'.repeat(1_000_000));
    },
    { name: 'throwsMuch' },
  ),
};

run(async () => {
  const client = await weave.init(project);
  const thrown = [];
  for (const [name, call] of Object.entries(calls)) {
    const failure = await call().then(
      () => undefined,
      (error) => ({ error }),
    );
    if (failure !== undefined) thrown.push(name);
  }
  await weave.withAttributes?.({ weave: 'text', wandb: null, '': { '': '' } }, calls.nothing);
  await client.waitForBatchProcessing();
  const all = await client.getCalls({}, true);
  return { thrown, read: all.length };
});
