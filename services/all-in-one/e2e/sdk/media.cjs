/**
 * Sends pictures and sound of noise and a prompt of 30 MB with the npm `weave` package named in argv[2], as input, output, object
 * and rows. Prints the hashes of what was sent.
 */
const { createHash, randomBytes } = require('node:crypto');
const [, , sdk, project] = process.argv;
const weave = require(sdk);

/** Only the head is looked at by anyone. */
const png = (size) => Buffer.concat([Buffer.from('89504e470d0a1a0a', 'hex'), randomBytes(size)]);
const WAV = Buffer.concat([Buffer.from('RIFF\0\0\0\0WAVE'), randomBytes(500_000)]);
const PICTURES = [png(900_000), png(300_000), png(1000)];

/**
 * 30 MB in UTF-8: 10 million characters of three bytes. `weave` sends no item of more than 10 Mi characters (MAX_BATCH_SIZE_CHARS
 * in its weaveClient.js): it says so in a file, and neither that item nor what comes after it ever leaves the process.
 */
function longPrompt() {
  const codes = new Uint16Array(10_000_000);
  const noise = randomBytes(codes.length);
  for (let i = 0; i < codes.length; i++) codes[i] = 0x4e00 + noise[i] * 80 + (i % 80);
  return Buffer.from(codes.buffer).toString('utf16le');
}

async function main() {
  const client = await weave.init(project);
  const [image, second, third] = PICTURES.map((data) => weave.weaveImage({ data }));
  const audio = weave.weaveAudio({ data: WAV });
  const draw = weave.op(async function draw(picture) {
    return { picture, sound: audio };
  });
  await draw(image);
  const prompt = longPrompt();
  const complete = weave.op(async function complete(text) {
    return { characters: text.length };
  });
  await complete(prompt);
  const album = await client.publish({ image, audio }, 'album');
  const dataset = new weave.Dataset({
    name: 'pictures',
    rows: [
      { id: '1', image: second },
      { id: '2', image: third, more: [image] },
    ],
  });
  const ref = await dataset.save();
  await client.waitForBatchProcessing();
  const sha256 = (bytes) => createHash('sha256').update(bytes).digest('hex');
  const [first, ...rows] = PICTURES.map(sha256);
  const sent = { image: first, rows, audio: sha256(WAV), prompt: sha256(prompt) };
  console.log(JSON.stringify({ sent, uris: [album.uri(), ref.uri()] }));
}

main().then(
  () => process.exit(0),
  (error) => {
    console.error(error);
    process.exit(1);
  },
);
