/** Traces ops of all kinds and reads them back in all ways. */
const { weave, project, run, failureOf } = require('./run.cjs');

class Refused extends Error {}
const { op } = weave;

const leaf = op(async function leaf(i) {
  return i * i;
});
const fanOut = op(async function fanOut(n) {
  const all = await Promise.all(Array.from({ length: n }, (_, i) => leaf(i)));
  return all.reduce((sum, i) => sum + i, 0);
});
const descend = op(async (levels) => (levels === 0 ? 'bottom' : descend(levels - 1)), { name: 'descend' });
const synchronous = op(function synchronous(text) {
  return text.toUpperCase();
});

const refuses = op(async function refuses(what) {
  throw what;
});
const passesOn = op(async function passesOn(what) {
  return refuses(what);
});
const survives = op(async function survives(what) {
  return (await failureOf(passesOn(what)))?.message ?? 'no message';
});

const named = op(async () => 'arrow', { name: 'my.named-op_1' });
const twoParameters = op(async (left, right) => left + right, {
  name: 'twoParameters',
  parameterNames: ['left', 'right'],
});
const oneObject = op(async ({ text, times }) => text.repeat(times), {
  name: 'oneObject',
  parameterNames: 'useParam0Object',
  callDisplayName: ({ text, times }) => `${text} × ${times}`,
});

class Greeter extends weave.WeaveObject {
  constructor(greeting) {
    super({ name: 'greeter', description: 'says hello' });
    this.greeting = greeting;
    this.greet = op(this, this.greet);
  }
  async greet(who) {
    return `${this.greeting}, ${who}!`;
  }
}
class Shouter {
  async shout(text) {
    return `${text}!!!`;
  }
}
const decorated = op(Shouter.prototype, 'shout', Object.getOwnPropertyDescriptor(Shouter.prototype, 'shout'));
Object.defineProperty(Shouter.prototype, 'shout', decorated);

const toList = {
  initialStateFn: () => [],
  reduceFn: (state, chunk) => [...state, chunk],
  finalizeFn: (state) => state.push('end'),
};
const streams = op(
  async function* streams(n) {
    for (let i = 0; i < n; i++) yield { i, square: await leaf(i) };
  },
  { name: 'streams', streamReducer: toList },
);

const model = op(async (text) => ({ text, tokens: text.length }), {
  name: 'model',
  summarize: ({ tokens }) => ({
    usage: { 'tiny-1': { prompt_tokens: tokens, total_tokens: tokens } },
    seen: 1,
  }),
});
const conversation = op(async function conversation(texts) {
  for (const text of texts) await model(text);
  weave.requireCurrentChildSummary().rounds = texts.length;
  return weave.requireCurrentCallStackEntry().callId;
});
const echo = op(async function echo(value) {
  return value;
});
const tagged = op(async function tagged() {
  return 'tagged';
});

async function main() {
  const client = await weave.init(project, { globalAttributes: { service: 'shop', tier: 1 } });
  const seen = {
    fanOut: await fanOut(12),
    descend: await descend(20),
    synchronous: await synchronous('straße'),
    named: await named(),
    twoParameters: await twoParameters(2, 3),
    oneObject: await oneObject({ text: 'ab', times: 2 }),
    greet: await new Greeter('Good day').greet('Ann'),
    shout: await new Shouter().shout('hey'),
  };

  seen.failures = [];
  for (const what of [new Refused('no ☂'), 'only a text', { code: 7 }]) {
    const error = await failureOf(passesOn(what));
    seen.failures.push(error === what);
  }
  seen.survives = await survives(new Refused('again'));

  seen.streamed = [];
  for await (const { square } of await streams(4)) seen.streamed.push(square);
  for await (const { i } of await streams(100)) if (i === 1) break;

  const [invoked, call] = await tagged.invoke();
  await call.setDisplayName('renamed at once');
  seen.invoked = [invoked, typeof call.id, call.output];
  seen.conversation = await conversation(['a', 'bcd', '']);
  if (weave.withAttributes !== undefined) {
    await weave.withAttributes({ tenant: 'x', nested: { 'dotted.name': [1, null] } }, () =>
      weave.withAttributes({ tenant: 'y', ünï: '☂' }, tagged),
    );
  }
  const values = {
    nothing: null,
    missing: undefined,
    numbers: [0, -0, 0.1 + 0.2, 1e21, 5e-324, 2 ** 53 - 1, NaN, Infinity],
    texts: ['', '\u0000\u001f\u007f', '\u2028\u2029', '😀👩‍👩‍👧 é e\u0301 \ud800 中文', '"\\/', '<script>&amp;'],
    keys: JSON.parse('{"":1,"a.b":2,"$x":3,"constructor":4,"😀":5,"weave:///not/a/ref":6}'),
    deep: Array.from({ length: 50 }).reduce((inner) => [inner], 'core'),
    long: 'ü'.repeat(300_000),
    many: Array.from({ length: 5_000 }, (_, i) => i),
  };
  const circular = { name: 'loop' };
  circular.self = circular;
  await echo(values);
  if (weave.withAttributes !== undefined) await echo(circular);
  await client.waitForBatchProcessing();

  const all = [];
  for await (const each of client.getCallsIterator({})) all.push(each);
  const opRef = (name) => all.find((each) => each.op_name.includes(`/op/${name}:`)).op_name;
  const top = all.find((each) => each.op_name === opRef('fanOut'));
  const filters = {
    roots: { trace_roots_only: true },
    anyVersion: { op_names: [`weave:///${project}/op/leaf:*`] },
    oneVersion: { op_names: [opRef('leaf'), opRef('my.named-op_1')] },
    trace: { trace_ids: [top.trace_id] },
    children: { parent_ids: [top.id] },
    some: { call_ids: [top.id, all.at(-1).id, '01900000-0000-7000-8000-000000000000'] },
    both: { trace_ids: [top.trace_id], trace_roots_only: true },
    none: { op_names: ['nothing'] },
  };
  const filtered = {};
  for (const [name, filter] of Object.entries(filters)) {
    const calls = await client.getCalls(filter);
    filtered[name] = { filter, ids: calls.map(({ id }) => id) };
  }
  await client.updateCall(top.id, 'renamed when read');
  const missing = await failureOf(client.getCall('01900000-0000-7000-8000-000000000000'));
  return {
    seen,
    all,
    filtered,
    limited: (await client.getCalls({}, false, 3)).map(({ id }) => id),
    renamed: (await client.getCall(top.id)).display_name,
    missing: missing.message,
    sent: JSON.parse(JSON.stringify(values)),
  };
}

run(main);
