/** Publishes objects and a dataset with the npm `weave` package named in argv[2] and reads them back at once. */
const [, , sdk, project] = process.argv;
const weave = require(sdk);

async function main() {
  const client = await weave.init(project);
  const ref = await client.publish({ model: 'gpt', temperature: 0.25, tags: ['a', 'b'] }, 'settings');
  const again = await client.publish({ model: 'gpt', temperature: 0.5, tags: [] }, 'settings');
  const prompt = new weave.StringPrompt({ name: 'greet', content: 'Hello {name}' });
  const promptRef = await client.publish(prompt, 'greet');
  const dataset = new weave.Dataset({
    name: 'sums',
    rows: Array.from({ length: 25 }, (_, i) => ({ id: String(i), question: `${i}+${i}`, expected: 2 * i })),
  });
  const datasetRef = await dataset.save();
  const loaded = await client.get(datasetRef);
  const rows = [];
  // 0.9 gives a dataset back without loading its rows.
  if (typeof loaded.rows.load === 'function') {
    for await (const row of loaded) rows.push({ id: row.id, question: row.question, expected: row.expected });
  }
  console.log(
    JSON.stringify({
      settings: await client.get(ref),
      again: await client.get(again),
      prompt: (await client.get(promptRef)).content,
      uris: [ref.uri(), again.uri(), promptRef.uri(), datasetRef.uri()],
      rows,
    }),
  );
}

main().then(
  () => process.exit(0),
  (error) => {
    console.error(error);
    process.exit(1);
  },
);
