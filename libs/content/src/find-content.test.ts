import { describe, expect, it } from '@jest/globals';
import { candidates } from './candidates.ts';
import { findContent, MAX_CONTENTS, withRefs } from './find-content.ts';

const projectId = 'acme/vision';

/** Numbers that look random, always the same. */
function randomBytes(size: number, seed: number): Buffer {
  const bytes = Buffer.alloc(size);
  let state = seed + 1;
  for (let i = 0; i < size; i++) {
    state = (state * 48_271) % 2_147_483_647;
    bytes[i] = state >> 8;
  }
  return bytes;
}

/** A picture of that many bytes, unlike others of another seed. */
function png(size = 9000, seed = 0): Buffer {
  const picture = randomBytes(size, seed);
  Buffer.from('89504e470d0a1a0a', 'hex').copy(picture);
  return picture;
}

const text = png().toString('base64');
const uri = `data:image/png;base64,${text}`;

async function lifted(json: string | Buffer): Promise<string> {
  const bytes = Buffer.from(json);
  return Buffer.from(withRefs(bytes, await findContent(bytes, { projectId }))).toString();
}

/** The same text with the ref of the content for `@`. */
async function expected(template: string, of = uri): Promise<string> {
  const json = Buffer.from(JSON.stringify(of));
  const [found] = await findContent(json, { projectId });
  return template.replaceAll('@', found!.ref);
}

describe('findContent', () => {
  it('replaces values at any depth and leaves all other bytes as they were', async () => {
    const template = '{ "n" : 9007199254740993, "a":[1e400,"@" , {"b": "@"}],"c":"\\u00e9é", "d":"@"}\n';
    expect(await lifted(template.replaceAll('@', uri))).toBe(await expected(template));
    expect(await lifted(JSON.stringify(uri))).toBe(await expected('"@"'));
    expect(await lifted(`[${' '.repeat(9000)}"${uri}"${' '.repeat(9000)}]`)).toBe(
      await expected(`[${' '.repeat(9000)}"@"${' '.repeat(9000)}]`),
    );
  });

  it('reads base64 as encoders of other languages escape it', async () => {
    const escaped = JSON.stringify(uri).replaceAll('/', '\\/').replaceAll('+', '\\u002B');
    expect([escaped.includes('\\u002B'), escaped.includes('\\/')]).toEqual([true, true]);
    expect(await lifted(`[${escaped}]`)).toBe(await expected('["@"]'));
    expect(await lifted(JSON.stringify([`${uri}\n`]))).toBe(await expected('["@"]', `${uri}\n`));
    const all = [...uri].map((c) => `\\u00${c.charCodeAt(0).toString(16)}`).join('');
    // As long as the text is what counts, not how it is written; none of it looks like base64 then.
    expect(await lifted(`["${all}"]`)).toBe(await expected('["@"]'));
  });

  it.each([
    ['names of members', (s: string) => `{"${s}":1,"x":{"${s}" : null}}`],
    ['JSON in a string', (s: string) => JSON.stringify({ body: JSON.stringify({ image: s }) })],
    ['a part of a longer text', (s: string) => JSON.stringify([`see ${s}`, `${s} there`, `"${s}"`])],
    ['text with line breaks', (s: string) => JSON.stringify([s.replace(/.{76}/g, '$&\n')])],
    ['other letters', (s: string) => JSON.stringify([`${s}é`, `${s}…`, `${s.slice(0, 9000)} ${s}`])],
    ['escaped other letters', (s: string) => `["${s}\\u00e9","${s}\\t","\\ud800${s}"]`],
  ])('leaves alone what stands in %s', async (_, make) => {
    for (const each of [uri, text]) expect(await lifted(make(each))).toBe(make(each));
  });

  it('leaves plain text and unknown bytes that are bare base64', async () => {
    const plain = Buffer.from('The quick brown fox. '.repeat(600)).toString('base64');
    const numbers = Buffer.from(Float32Array.from({ length: 3072 }, (_, i) => Math.sin(i) / 50).buffer);
    const json = JSON.stringify([plain, numbers.toString('base64'), 'A'.repeat(10_000), 'abcd'.repeat(5000)]);
    expect(await lifted(json)).toBe(json);
  });

  it('does not take vectors of an embedding for sound', async () => {
    for (let i = 0; i < 500; i++) {
      const bytes = randomBytes(9000, i);
      bytes.writeUInt16BE(0xffe0 + (i % 32)); // how frames of sound begin
      const json = JSON.stringify(bytes.toString('base64'));
      expect(await findContent(Buffer.from(json), { projectId })).toEqual([]);
    }
  });

  it('looks within the bounds it is given', async () => {
    const json = Buffer.from(JSON.stringify({ inputs: { a: uri }, summary: { a: uri } }));
    const end = json.indexOf('"summary"') - 1;
    const found = await findContent(json, { projectId, within: { start: 0, end } });
    expect(Buffer.from(withRefs(json, found)).toString()).toBe(
      JSON.stringify({ inputs: { a: found[0]!.ref }, summary: { a: uri } }),
    );
  });

  it('finds the same content once, with all its places', async () => {
    const json = Buffer.from(JSON.stringify([uri, 'x', uri, text, uri]));
    const found = await findContent(json, { projectId });
    expect(found.map(({ spans }) => spans.length)).toEqual([3, 1]);
    expect(found[0]!.ref).not.toBe(found[1]!.ref);
    expect(found[0]!.content!.files[0]!.digest).toBe(found[1]!.content!.files[0]!.digest);
  });

  it('does not read again what is known', async () => {
    const json = Buffer.from(JSON.stringify([uri]));
    const [first] = await findContent(json, { projectId });
    const known = (key: string) => (key === first!.key ? first!.ref : undefined);
    expect(await findContent(json, { projectId, known })).toEqual([
      { key: first!.key, ref: first!.ref, content: undefined, spans: first!.spans },
    ]);
    // Of another project it is another object.
    const [other] = await findContent(json, { projectId: 'acme/other', known });
    expect(other!.ref).toMatch(/^weave:\/\/\/acme\/other\/object\/image-/);
    expect(other!.key).not.toBe(first!.key);
  });

  it('takes a bounded number of them', async () => {
    const json = Buffer.from(
      JSON.stringify(Array.from({ length: MAX_CONTENTS + 5 }, (_, i) => png(6200, i).toString('base64'))),
    );
    const found = await findContent(json, { projectId });
    expect(found).toHaveLength(MAX_CONTENTS);
    const rest = JSON.parse(Buffer.from(withRefs(json, found)).toString()) as string[];
    expect(rest.filter((each) => !each.startsWith('weave:'))).toHaveLength(5);
  });

  it('survives what is made to be unreadable', async () => {
    const heads = ['PK\x03\x04', 'RIFF', 'ID3', '\x1aE\xdf\xa3', 'OggS', '\xff\xfb', '\xff\xf1', 'BM', 'II*\0', '\0\0\0 ftyp', '%PDF', '0&\xb2u\x8ef\xcf\x11', '\x1f\x8b', 'fLaC', '<?xml', '{\\rtf', 'MM\0*', '\x89PNG\r\n\x1a\n']; // prettier-ignore
    for (const head of heads) {
      for (const fill of ['\xff', '\0', 'PK\x01\x02', '\x80']) {
        const bytes = Buffer.alloc(7000, fill, 'latin1');
        bytes.write(head, 'latin1');
        await expect(lifted(JSON.stringify([bytes.toString('base64')]))).resolves.toBeDefined();
      }
    }
    for (const broken of [
      '',
      '"',
      `"${text}`,
      `["${text}"`,
      `["${text}\\"`,
      '\\'.repeat(20_000),
      '"'.repeat(20_000),
    ])
      await expect(lifted(broken)).resolves.toBeDefined();
  });
});

describe('candidates', () => {
  it('are none in payloads without long strings', () => {
    const json = Buffer.from(
      JSON.stringify(Array.from({ length: 20_000 }, (_, i) => ({ [`key${i}`]: text.slice(0, 50) }))),
    );
    expect(candidates(json)).toEqual([]);
    expect(candidates(Buffer.from(`[${Array.from({ length: 50_000 }, (_, i) => i / 7).join()}]`))).toEqual(
      [],
    );
    expect(candidates(Buffer.from(JSON.stringify({ prose: 'To be, or not to be. '.repeat(5000) })))).toEqual(
      [],
    );
  });

  it('are found wherever they begin', () => {
    for (let offset = 0; offset < 40; offset++) {
      for (const gap of [0, 1, 8190, 8191, 8192, 8193, 16_384]) {
        const json = JSON.stringify([
          'x'.repeat(offset),
          ' '.repeat(gap),
          'A'.repeat(8193),
          'A'.repeat(8192),
        ]);
        const start = json.indexOf('"AAAA');
        expect(candidates(Buffer.from(json))).toEqual([{ start, end: start + 8195 }]);
      }
    }
  });
});
