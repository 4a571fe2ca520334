/** More than fits into one page, batch or pair of hands: calls, rows of a dataset, objects published at the same time. */
const { weave, project, run } = require('./run.cjs');

const CALLS = 1_500;
const ROWS = 6_000;
const PUBLISHED = 40;

const work = weave.op(async function work(i) {
  return { i };
});

run(async () => {
  const client = await weave.init(project);
  for (let from = 0; from < CALLS; from += 500)
    await Promise.all(Array.from({ length: 500 }, (_, i) => work(from + i)));
  const rows = Array.from({ length: ROWS }, (_, i) => ({ i, text: `row ${i} ☂`, even: i % 2 === 0 }));
  const dataset = new weave.Dataset({ name: 'large', rows });
  const ref = await dataset.save();
  const lastRow = (await dataset.getRow(ROWS - 1).__savedRef).uri();
  const read = await client.get(ref);
  let sum = 0;
  for await (const row of read) sum += row.i ?? 0;
  const published = await Promise.all(
    Array.from({ length: PUBLISHED }, (_, i) =>
      client.publish({ same: i % 2, padding: 'é'.repeat(i % 2) }, 'contended'),
    ),
  );
  await client.waitForBatchProcessing();
  const page = await client.getCalls();
  const all = [];
  for await (const call of client.getCallsIterator({}, false, 10_000)) all.push(call.inputs.arg0);
  return {
    sent: { calls: CALLS, rows: ROWS },
    page: page.length,
    all,
    read: { length: read.length, sum, lastRow },
    published: published.map((each) => each.digest),
  };
});
