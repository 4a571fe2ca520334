/** Sends pictures as base64 with the npm `weave` package named in argv[2]. Prints the hashes of what was sent. */
const { createHash, randomBytes } = require('node:crypto');
const [, , sdk, project] = process.argv;
const weave = require(sdk);

const PNG_HEAD = Buffer.from('89504e470d0a1a0a', 'hex');
/** Only the head is looked at by anyone. */
const png = (size) => Buffer.concat([PNG_HEAD, randomBytes(size)]);

async function main() {
  const client = await weave.init(project);
  const [photo, drawing] = [png(20_000), png(500_000)];
  const uri = (bytes) => `data:image/png;base64,${bytes.toString('base64')}`;
  const draw = weave.op(async function draw() {
    return { drawn: uri(drawing), n: 1 };
  });
  await draw({ image: uri(photo), note: 'kept' });
  await client.waitForBatchProcessing();
  const sha256 = (bytes) => createHash('sha256').update(bytes).digest('hex');
  console.log(JSON.stringify({ photo: sha256(photo), drawing: sha256(drawing) }));
}

main().then(
  () => process.exit(0),
  (error) => {
    console.error(error);
    process.exit(1);
  },
);
