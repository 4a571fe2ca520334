/** Logs predictions and scores while they come, in both styles of the EvaluationLogger. */
const { weave, project, run } = require('./run.cjs');

class Model extends weave.WeaveObject {
  constructor(base) {
    super(base);
    this.temperature = 0.25;
  }
}

async function awaited() {
  const logger = new weave.EvaluationLogger({
    name: 'awaited',
    description: 'one after the other',
    model: new Model({ name: 'my-model' }),
    dataset: 'questions',
    attributes: { run: 'nightly', build: 7 },
    experiment: 'α',
  });
  for (const i of [0, 1, 2]) {
    const prediction = await logger.logPredictionAsync({ question: `q${i}`, row: { i } }, `answer ${i} ☂`);
    await prediction.logScore('accuracy', i / 2);
    await prediction.logScore('passed', i > 0);
    await prediction.logScore('judge', { score: i, reason: `because ${i}` });
    await prediction.finish();
    await prediction.finish();
  }
  await logger.logSummary({ mean: 0.5, custom: { any: [1, null] } });
  return { call: logger.evaluateEntry.callId, model: (await logger.model.__savedRef).uri() };
}

async function notAwaited() {
  const logger = new weave.EvaluationLogger({ name: 'not-awaited', model: { name: 'other' } });
  for (let i = 0; i < 8; i++) {
    const prediction = logger.logPrediction({ i }, i * 2);
    prediction.logScore('even', i % 2 === 0);
    prediction.logScore('value', i);
    // The last one is finished by the summary.
    if (i < 7) prediction.finish();
  }
  await logger.logSummary();
  return { call: logger.evaluateEntry.callId };
}

run(async () => {
  const client = await weave.init(project);
  const results = { awaited: await awaited(), notAwaited: await notAwaited() };
  await client.waitForBatchProcessing();
  return results;
});
