/** Calls a (local) OpenAI in all the ways that wrapOpenAI traces, and sets prices for its models. argv: …, base URL of the provider. */
const { weave, project, rest, run, failureOf } = require('./run.cjs');
const { OpenAI } = require('openai');

const messages = [{ role: 'user', content: 'Say hello ☂' }];

async function textOf(stream, stopAfter = Infinity) {
  let text = '';
  let chunks = 0;
  for await (const chunk of stream) {
    text +=
      chunk.choices?.[0]?.delta?.content ?? (chunk.type === 'response.output_text.delta' ? chunk.delta : '');
    if (++chunks === stopAfter) break;
  }
  return text;
}

run(async () => {
  const client = await weave.init(project);
  const openai = weave.wrapOpenAI(
    new OpenAI({ apiKey: 'sk-local-secret-0123456789', baseURL: rest[0], maxRetries: 0 }),
  );
  const { completions } = openai.chat;
  const tools = [
    { type: 'function', function: { name: 'add', parameters: { type: 'object', properties: {} } } },
  ];

  const agent = weave.op(async function agent() {
    const [one, two] = await Promise.all([
      completions.create({ model: 'gpt-local', messages, temperature: 0.5, tools }),
      completions.create({ model: 'gpt-other', messages, max_tokens: 5 }),
    ]);
    return [one.choices[0].message.content, two.choices[0].message.content];
  });
  const said = {
    agent: await agent(),
    streamed: await textOf(await completions.create({ model: 'gpt-local', messages, stream: true })),
    stopped: await textOf(await completions.create({ model: 'gpt-local', messages, stream: true }), 1),
    failure: (await failureOf(completions.create({ model: 'fail', messages }))).status,
    response: (await openai.responses.create({ model: 'gpt-local', input: 'Say hello' })).output[0].content[0]
      .text,
    responseStreamed: await textOf(
      await openai.responses.create({ model: 'gpt-local', input: 'Say', stream: true }),
    ),
    image: Object.keys((await openai.images.generate({ model: 'paint-local', prompt: 'a dot' })).data[0]),
  };
  await client.waitForBatchProcessing();

  const api = client.traceServerApi.cost;
  const costs = {
    'gpt-local': { prompt_token_cost: 0.5, completion_token_cost: 2, effective_date: '2020-01-01T00:00:00Z' },
    'gpt-other': { prompt_token_cost: 10, completion_token_cost: 20, effective_date: '2020-01-01T00:00:00Z' },
  };
  const { data: created } = await api.costCreateCostCreatePost({ project_id: project, costs });
  const [root] = await client.getCalls({ op_names: [`weave:///${project}/op/agent:*`] });
  const costsOf = async () => (await client.getCall(root.id, true)).summary.weave.costs ?? null;
  const priced = await costsOf();
  const children = await client.getCalls({ parent_ids: [root.id] }, true);
  const { data: prices } = await api.costQueryCostQueryPost({
    project_id: project,
    query: { $expr: { $eq: [{ $getField: 'llm_id' }, { $literal: 'gpt-local' }] } },
  });
  await api.costPurgeCostPurgePost({
    project_id: project,
    query: { $expr: { $or: created.ids.map(([id]) => ({ $eq: [{ $getField: 'id' }, { $literal: id }] })) } },
  });
  return {
    said,
    root: root.id,
    without: root.summary.weave.costs ?? null,
    priced,
    children: children.map(({ summary }) => summary.weave.costs),
    prices: prices.results.map(({ llm_id, completion_token_cost }) => [llm_id, completion_token_cost]),
    purged: await costsOf(),
  };
});
