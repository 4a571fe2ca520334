/** Calls a (local) OpenAI through wrapOpenAI: plain, streamed, and an error from the provider. argv: sdk, project, provider's base URL. */
const [, , sdk, project, baseURL] = process.argv;
const weave = require(sdk);
const { OpenAI } = require('openai');

async function main() {
  const client = await weave.init(project);
  const openai = weave.wrapOpenAI(
    new OpenAI({ apiKey: 'sk-local-secret-0123456789', baseURL, maxRetries: 0 }),
  );
  const messages = [{ role: 'user', content: 'Say hello' }];
  const plain = await openai.chat.completions.create({ model: 'gpt-local', messages });
  let streamed = '';
  const stream = await openai.chat.completions.create({
    model: 'gpt-local',
    messages,
    stream: true,
    stream_options: { include_usage: true },
  });
  for await (const chunk of stream) streamed += chunk.choices[0]?.delta?.content ?? '';
  const failure = await openai.chat.completions.create({ model: 'fail', messages }).then(
    () => null,
    (error) => error.status,
  );
  await client.waitForBatchProcessing();
  console.log(JSON.stringify({ plain: plain.choices[0].message.content, streamed, failure }));
}

main().then(
  () => process.exit(0),
  (error) => {
    console.error(error);
    process.exit(1);
  },
);
