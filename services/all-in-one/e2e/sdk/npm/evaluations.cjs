/** Evaluates an op, and a model object whose answers are sometimes no use, over a dataset with scorers of all kinds. */
const { weave, project, run } = require('./run.cjs');

const rows = [
  { question: 'capital of France', expected: 'Paris', kind: 'geo' },
  { question: 'six times seven', expected: '42', kind: 'math' },
  { question: 'nothing', expected: 'nothing', kind: 'fails' },
  { question: 'smallest prime', expected: '2', kind: 'math' },
];
const ANSWERS = { 'capital of France': 'Paris', 'six times seven': '41', 'smallest prime': '2' };

const exact = weave.op(function exact({ modelOutput, datasetRow }) {
  return modelOutput.answer === datasetRow.expected;
});
const closeness = weave.op(
  async ({ modelOutput, datasetRow }) => ({
    distance: Math.abs(Number(modelOutput.answer) - Number(datasetRow.expected)) || 0,
    within: { one: true },
  }),
  { name: 'closeness' },
);
const picky = weave.op(async function picky({ datasetRow }) {
  if (datasetRow.kind === 'geo') throw new Error('no opinion on geography');
  return 1;
});

const chat = weave.op(
  async function chat(question) {
    return { model: 'tiny-1', answer: ANSWERS[question], usage: { prompt_tokens: 5, completion_tokens: 2 } };
  },
  { summarize: ({ model, usage }) => ({ usage: { [model]: usage } }) },
);
const answers = weave.op(async function answers({ datasetRow }) {
  if (datasetRow.kind === 'fails') throw new Error('no answer');
  return { answer: (await chat(datasetRow.question)).answer };
});

class Parrot extends weave.WeaveObject {
  constructor(base) {
    super(base);
    this.id = base.name;
    this.volume = 11;
    this.invoke = weave.op(this, this.invoke, { name: 'Parrot.invoke' });
  }
  async invoke({ datasetRow }) {
    return { answer: datasetRow.text };
  }
}

run(async () => {
  const client = await weave.init(project);
  const dataset = new weave.Dataset({ name: 'quiz', rows });
  const evaluation = new weave.Evaluation({
    name: 'quiz-evaluation',
    description: 'of general knowledge',
    dataset,
    scorers: [exact, closeness, picky],
  });
  const summary = await evaluation.evaluate({ model: answers, maxConcurrency: 2 });
  const mapped = new weave.Evaluation({
    name: 'parrot-evaluation',
    dataset: new weave.Dataset({
      name: 'words',
      rows: [
        { word: 'a', expected: 'a' },
        { word: 'b', expected: 'c' },
      ],
    }),
    scorers: [exact],
    columnMapping: { text: 'word', expected: 'expected' },
  });
  const parrot = new Parrot({ name: 'parrot' });
  const trials = await mapped.evaluate({ model: parrot, nTrials: 2 });
  await client.waitForBatchProcessing();
  const calls = await client.getCalls({ op_names: [`weave:///${project}/op/Evaluation.evaluate:*`] });
  return {
    summary,
    trials,
    outputs: calls.map(({ output }) => output),
    names: calls.map(({ display_name }) => display_name),
    refs: {
      evaluation: (await evaluation.__savedRef).uri(),
      dataset: (await dataset.__savedRef).uri(),
      parrot: (await parrot.__savedRef).uri(),
      model: (await answers.__savedRef).uri(),
      scorers: await Promise.all([exact, closeness, picky].map(async (op) => (await op.__savedRef).uri())),
      rows: await Promise.all([0, 1, 2, 3].map(async (i) => (await dataset.getRow(i).__savedRef).uri())),
    },
    read: await client.get(await evaluation.__savedRef),
  };
});
