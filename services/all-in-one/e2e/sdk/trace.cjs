/** A user's program: traces ops with the npm `weave` package named in argv[2], then reads back what it sent. Prints one JSON object. */
const [, , sdk, project] = process.argv;
const weave = require(sdk);

class Boom extends Error {}

const inner = weave.op(async function inner(x) {
  return x * 2;
});
const outer = weave.op(async function outer(x) {
  return (await inner(x)) + (await inner(x + 1));
});
const fails = weave.op(async function fails() {
  throw new Boom('out of luck');
});
const parentOfFailure = weave.op(async function parentOfFailure() {
  await fails().catch(() => {});
  return 'survived';
});
const counts = weave.op(
  async function* counts(n) {
    for (let i = 0; i < n; i++) yield i;
  },
  {
    name: 'counts',
    streamReducer: {
      initialStateFn: () => [],
      reduceFn: (state, chunk) => [...state, chunk],
      finalizeFn: () => {},
    },
  },
);
const tricky = weave.op(async function tricky(text) {
  return { text, unicode: '😀 é \u2028', zero: -0, deep: { list: [1, [2, [3]]] } };
});

async function main() {
  const client = await weave.init(project);
  const results = {
    outer: await outer(20),
    failure: await fails().then(
      () => null,
      (error) => error.message,
    ),
    parent: await parentOfFailure(),
    tricky: await tricky('quote " backslash \\ newline \n'),
  };
  const seen = [];
  for await (const n of await counts(4)) seen.push(n);
  results.counts = seen;
  await client.waitForBatchProcessing();

  const all = [];
  for await (const call of client.getCallsIterator({})) all.push(call);
  const roots = await client.getCalls({ trace_roots_only: true });
  const limited = await client.getCalls({}, false, 2);
  const byOp = await client.getCalls({ op_names: [`weave:///${project}/op/inner:*`] });
  const one = await client.getCall(all[0].id);
  const children = await client.getCalls({
    parent_ids: [all.find((call) => call.op_name.includes('/op/outer:')).id],
  });
  console.log(
    JSON.stringify({
      results,
      all,
      one: { id: one.id, op_name: one.op_name },
      roots: roots.map((call) => call.id),
      limited: limited.length,
      byOp: byOp.map((call) => call.inputs),
      children: children.length,
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
