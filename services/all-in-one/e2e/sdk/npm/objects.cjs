/** Publishes objects, prompts, datasets and media, reads them back at once, and publishes them again changed and unchanged. */
const { weave, project, run, failureOf } = require('./run.cjs');

/** 1 × 1, transparent. */
const PNG = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==',
  'base64',
);
/** Half a kilobyte of every byte there is, behind the header of a WAV file. */
const WAV = Buffer.concat([
  Buffer.from('RIFF\0\0\0\0WAVEfmt '),
  Buffer.from(Array.from({ length: 512 }, (_, i) => i % 256)),
]);

class Model extends weave.WeaveObject {
  constructor({ temperature, prompt, ...base }) {
    super(base);
    this.temperature = temperature;
    this.prompt = prompt;
    this.predict = weave.op(this, this.predict);
  }
  async predict(text) {
    return this.prompt.format({ text });
  }
}

const rows = Array.from({ length: 30 }, (_, i) => ({
  id: i,
  question: `${i} × ${i}? 😀`,
  expected: { value: i * i, even: i % 2 === 0, tags: i === 3 ? [] : [null, `t${i % 3}`] },
}));
/** Saving leaves refs in the rows. */
const copies = (list) => list.map((row) => ({ ...row }));
const plain = (row) => ({ id: row.id, question: row.question, expected: row.expected });

async function datasets(client) {
  const dataset = new weave.Dataset({ name: 'squares', description: 'of numbers', rows: copies(rows) });
  const first = await dataset.save();
  const same = await new weave.Dataset({
    name: 'squares',
    description: 'of numbers',
    rows: copies(rows),
  }).save();
  const changed = rows.map((row) => (row.id === 7 ? { ...row, question: 'changed' } : row));
  const longer = [...changed, { id: 30, question: 'new', expected: null }];
  const second = await new weave.Dataset({
    name: 'squares',
    description: 'of numbers',
    rows: copies(longer),
  }).save();
  const iterated = [];
  for await (const row of dataset) iterated.push(plain(row));
  const read = await client.get(first);
  return {
    uris: [first, same, second].map((ref) => ref.uri()),
    length: dataset.length,
    iterated,
    row: plain(dataset.getRow(11)),
    rowRef: (await dataset.getRow(11).__savedRef).uri(),
    read: {
      name: read.name,
      description: read.description,
      // 0.9 gives a dataset back without loading its rows.
      rows: Array.isArray(read.rows.rows) ? read.rows.rows.map(plain) : null,
    },
    empty: (await new weave.Dataset({ name: 'empty', rows: [] }).save()).uri(),
    sent: { first: rows, second: longer },
  };
}

async function prompts(client) {
  const text = new weave.StringPrompt({
    name: 'greeting',
    description: 'polite',
    content: 'Hello {name}, {unknown}!',
  });
  const messages = new weave.MessagesPrompt({
    name: 'chat',
    messages: [
      { role: 'system', content: 'You are {mood}.' },
      { role: 'user', content: [{ type: 'text', text: '{question}' }] },
    ],
  });
  const textRef = await client.publish(text);
  const messagesRef = await client.publish(messages, 'chat-prompt');
  const [textRead, messagesRead] = [await client.get(textRef), await client.get(messagesRef)];
  const byUri = await weave.StringPrompt.get?.(client, textRef.uri());
  return {
    uris: [textRef.uri(), messagesRef.uri()],
    formatted: textRead.format({ name: 'Ann' }),
    formattedMessages: messagesRead.format({ mood: 'terse', question: 'why?' }),
    described: [textRead.name, textRead.description, messagesRead.name],
    byUri: byUri?.content ?? null,
    // What has been read is published already.
    again: (await client.publish(textRead)).uri(),
  };
}

async function models(client) {
  const prompt = new weave.StringPrompt({ content: 'Say {text}' });
  const model = new Model({ name: 'parrot ☂ / two', description: 'repeats', temperature: 0.5, prompt });
  const ref = await client.publish(model);
  const said = await model.predict('this');
  const plainObject = {
    nested: { list: [1, { two: 2 }] },
    flag: false,
    nothing: null,
    text: 'ünï',
    'a.b': '$',
  };
  const objectRef = await client.publish(plainObject, 'settings');
  const changedRef = await client.publish({ ...plainObject, flag: true, __savedRef: undefined }, 'settings');
  const unnamed = await client.publish({ any: 1 });
  const list = await client.publish([1, 'two', { three: 3 }], 'list');
  return {
    said,
    uris: [ref, objectRef, changedRef, list].map((each) => each.uri()),
    model: await client.get(ref),
    object: await client.get(objectRef),
    changed: await client.get(changedRef),
    list: await client.get(list),
    unnamed: [unnamed.uri(), await client.get(unnamed)],
    missing: (await failureOf(client.get({ ...objectRef, objectId: 'nobody', uri: () => 'nobody' })))?.status,
    badName: (await failureOf(client.publish({ any: 2 }, 'not a name!')))?.status,
  };
}

async function media(client) {
  const image = weave.weaveImage({ data: PNG });
  const audio = weave.weaveAudio({ data: WAV });
  const draw = weave.op(async function draw(picture) {
    return { picture, sound: audio, list: [image] };
  });
  const result = await draw(image);
  const ref = await client.publish({ image, audio, caption: 'both' }, 'album');
  const alone = await client.publish({ image }, 'alone');
  return {
    returned: Object.keys(result),
    album: await client.get(ref),
    uris: [ref.uri(), alone.uri()],
    bytes: { image: PNG.toString('base64'), audio: WAV.toString('base64') },
  };
}

run(async () => {
  const client = await weave.init(project);
  const results = {
    datasets: await datasets(client),
    prompts: await prompts(client),
    models: await models(client),
    media: await media(client),
  };
  await client.waitForBatchProcessing();
  return results;
});
