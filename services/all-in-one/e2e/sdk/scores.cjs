/** Logs an evaluation with scores by the npm `weave` package named in argv[2]. argv[3]: project. */
const [, , sdk, project] = process.argv;
const weave = require(sdk);

async function main() {
  const client = await weave.init(project);
  const logger = new weave.EvaluationLogger({ name: 'sums', model: 'calculator', dataset: 'sums' });
  for (const [question, output, expected] of [
    ['1+1', 2, 2],
    ['1+2', 4, 3],
  ]) {
    const prediction = logger.logPrediction({ question }, output);
    prediction.logScore('correct', output === expected);
    prediction.finish();
  }
  await logger.logSummary();
  await client.waitForBatchProcessing();
  console.log(JSON.stringify({}));
}

main().then(
  () => process.exit(0),
  (error) => {
    console.error(error);
    process.exit(1);
  },
);
