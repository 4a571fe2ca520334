import { createHash } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { AppError } from '@weft/model';
import type { Target } from '../scorer.ts';
import type { MediaSource, Unread } from './media-source.ts';
import {
  contextOf,
  PROJECT,
  refOf,
  startJudgeStack,
  targetOf,
  type JudgeStack,
} from './testing/judge-stack.ts';

/** Media that calls only refer to: a judge that looks at them is sent their bytes. */

let stack: JudgeStack;
let objects: Map<string, unknown>;
let files: Map<string, Uint8Array | Unread | Error>;
let asked: string[];
beforeAll(async () => {
  stack = await startJudgeStack();
});
afterAll(() => stack.stop());
beforeEach(() => {
  stack.fake.reset();
  [objects, files, asked] = [new Map(), new Map(), []];
});

/** Of a name, so that tests can say which file they mean. */
const digestOf = (name: string) => createHash('sha256').update(name).digest('hex').slice(0, 43);

const source: MediaSource = {
  projectId: PROJECT,
  async readObject(name, version) {
    asked.push(`${name}:${version}`);
    return objects.has(name) ? Buffer.from(JSON.stringify(objects.get(name))) : 'missing';
  },
  async readFile(digest, maxBytes) {
    asked.push(digest);
    const file = files.get(digest) ?? 'missing';
    if (file instanceof Error) throw file;
    return typeof file !== 'string' && file.length > maxBytes ? 'too_large' : file;
  },
};

function file(name: string, bytes: Uint8Array | Unread | Error = Buffer.from(name)): string {
  files.set(digestOf(name), bytes);
  return digestOf(name);
}

const custom = (type: string, own: Record<string, string>) => ({
  ...{ _type: 'CustomWeaveType', weave_type: { type }, files: own, load_op: 'NO_LOAD_OP' },
});
const image = (name: string, bytes?: Uint8Array | Unread | Error, fileName = 'image.png') =>
  custom('PIL.Image.Image', { [fileName]: file(name, bytes) });
const content = (name: string, mimetype: string, bytes?: Uint8Array | Unread) =>
  custom('weave.type_wrappers.Content.content.Content', {
    content: file(name, bytes),
    'metadata.json': file(`${name} metadata`, Buffer.from(JSON.stringify({ size: 1, mimetype }))),
  });
function published(name: string, value: unknown): string {
  objects.set(name, value);
  return refOf(name);
}

const base64 = (name: string) => Buffer.from(name).toString('base64');
const picture = (name: string, type = 'png') => ({
  type: 'image_url',
  image_url: { url: `data:image/${type};base64,${base64(name)}` },
});
const sound = (name: string, format = 'wav') => ({
  type: 'input_audio',
  input_audio: { data: base64(name), format },
});

const ALL = {
  enable_image_input_scoring: true,
  enable_audio_input_scoring: true,
  enable_video_input_scoring: true,
};

async function readBy(settings: object, target: Target, prompt: string, name = 'mine') {
  const model = { llm_model_id: 'local/m', default_params: { response_format: 'json_object' } };
  const scorer = await stack.load(
    'LLMAsAJudgeScorer',
    { model, scoring_prompt: prompt, ...settings },
    { name },
  );
  const media = await scorer.readMedia?.(target, source);
  return { scorer, media, target: media === undefined ? target : { ...target, media } };
}

/** What the model is sent of the input `it`, alone or with others. */
async function sent(it: unknown, settings: object = ALL): Promise<{ text: string; media: unknown[] }> {
  const { scorer, target } = await readBy(settings, targetOf({ inputs: { it } }), '{it}');
  await scorer.score(target, contextOf());
  const [{ content: parts }] = stack.fake.requests.at(-1)!.body.messages as [{ content: string | object[] }];
  if (typeof parts === 'string') return { text: parts, media: [] };
  const [{ text }, ...media] = parts as [{ text: string }, ...object[]];
  return { text, media };
}

describe('media that a call refers to', () => {
  it.each<[string, () => unknown, object, string]>([
    ['a picture of PIL', () => image('a'), picture('a'), 'image'],
    ['a JPEG of PIL', () => image('a', undefined, 'image.jpg'), picture('a', 'jpeg'), 'image'],
    ['a sound of wave', () => custom('wave.Wave_read', { '_metadata.json': file('x'), 'audio.wav': file('a') }), sound('a'), 'audio'],
    ['a sound of Audio', () => custom('weave.type_handlers.Audio.audio.Audio', { 'audio.mp3': file('a') }), sound('a', 'mp3'), 'audio'],
    ['a film', () => custom('moviepy.video.VideoClip.VideoClip', { 'video.mp4': file('a') }), { type: 'file', file: { file_data: `data:video/mp4;base64,${base64('a')}` } }, 'video'],
    ['a film that is a picture', () => custom('moviepy.video.VideoClip.VideoClip', { 'video.gif': file('a') }), picture('a', 'gif'), 'image'],
    ['a Content', () => content('a', 'image/webp'), picture('a', 'webp'), 'image'],
    ['a Content of sound', () => content('a', 'audio/x-wav'), sound('a'), 'audio'],
    ['the ref of a Content', () => published('image-1234.png', content('a', 'image/png')), picture('a'), 'image'],
    ['the ref of a picture', () => published('Image', image('a')), picture('a'), 'image'],
    ['the ref of a picture in an object', () => `${published('row', { photo: [image('a')] })}/attr/photo/index/0`, picture('a'), 'image'],
    ['a part of OpenAI with a picture', () => ({ type: 'image_url', image_url: { url: published('p', content('a', 'image/png')) } }), picture('a'), 'image'],
    ['a part of OpenAI with a sound', () => ({ type: 'input_audio', input_audio: { data: published('p', content('a', 'audio/mpeg')), format: 'mp3' } }), sound('a', 'mp3'), 'audio'],
    ['a part of OpenAI with a sound in WebM', () => ({ type: 'input_audio', input_audio: { data: published('p', content('a', 'video/webm')), format: 'webm' } }), sound('a', 'webm'), 'audio'],
  ])('%s', async (_, it, part, kind) => {
    expect(await sent(it())).toEqual({ text: `(${kind} 1)`, media: [part] });
  }); // prettier-ignore

  it('in a part of Anthropic has the place of its text', async () => {
    const data = published('p', content('a', 'image/png'));
    const it = [{ type: 'image', source: { type: 'base64', media_type: 'image/png', data } }];
    const { text, media } = await sent(it);
    expect([text.includes("'data': '(image 1)'"), media]).toEqual([true, [picture('a')]]);
  });

  it('is read and sent once, however often it is there', async () => {
    const ref = published('p', image('a'));
    expect(await sent([ref, ref, image('a'), { type: 'image_url', image_url: ref }])).toMatchObject({
      media: [picture('a')],
    });
    expect(asked.filter((each) => each === digestOf('a'))).toHaveLength(1);
  });

  it('counts in the forecast', async () => {
    // What answers took before counts for a judge of the same name.
    const { scorer, target } = await readBy(ALL, targetOf({ inputs: { it: image('a') } }), '{it}', 'new');
    expect(scorer.forecast(target).promptTokens).toBeGreaterThanOrEqual(800);
  });
});

describe('nothing is read', () => {
  it('for a judge that looks at no media', async () => {
    const { scorer } = await readBy({}, targetOf({ inputs: { it: image('a') } }), '{it}');
    expect(scorer.readMedia).toBeUndefined();
  });

  it('elsewhere than where the judge looks', async () => {
    const inputs = { it: image('a'), other: image('b'), more: published('p', image('c')) };
    const paths = { ...ALL, media_scoring_json_paths: ['$.inputs.it'] };
    await readBy(paths, targetOf({ inputs, output: image('d') }), '{it}');
    expect(asked).toEqual([digestOf('a')]);
  });

  it('of other kinds than are asked for, which stay as they are', async () => {
    const ref = published('p', content('a', 'audio/wav'));
    const part = { type: 'input_audio', input_audio: { data: ref, format: 'wav' } };
    const it = [ref, part, custom('wave.Wave_read', { 'audio.wav': file('b') })];
    const { text, media } = await sent(it, { enable_image_input_scoring: true });
    expect([media, text.split(ref).length - 1, text.includes(digestOf('b'))]).toEqual([[], 2, true]);
    expect(asked).not.toContain(digestOf('a'));
    expect(asked).not.toContain(digestOf('b'));
  });

  it('of other projects, of calls and of ops', async () => {
    objects.set('p', image('a'));
    const refs = [
      'weave:///e/other/object/p:v',
      'weave:///e/p/call/p',
      'weave:///e/p/op/p:v',
      'weave:///e/p',
    ];
    const part = { type: 'image_url', image_url: { url: refs[0] } };
    const { text, media } = await sent([...refs, part]);
    expect([media, asked]).toEqual([[], []]);
    for (const ref of refs) expect(text).toContain(ref);
    expect(text).toContain('(image left out: it is not there)');
  });

  it('that is no medium, and it stays as it is', async () => {
    const refs = [published('doc', content('a', 'application/pdf')), published('set', { rows: 'x' }), refOf('none')];
    const { text, media } = await sent([...refs, custom('datetime.datetime', { val: digestOf('a') }), content('b', 'text/plain')]);
    expect(media).toEqual([]);
    for (const ref of refs) expect(text).toContain(ref);
    expect(asked).not.toContain(digestOf('a'));
    expect(asked).not.toContain(digestOf('b'));
  }); // prettier-ignore
});

describe('what cannot be had', () => {
  it.each<[Uint8Array | Unread, string, boolean]>([
    ['missing', '(image left out: it is not there)', true],
    ['gone', '(image left out: it is not there)', false],
    [new Uint8Array(0), '(image left out: it is not there)', false],
    [new Uint8Array(8 * 1024 * 1024 + 1), '(image left out: too many or too large)', false],
  ])('is named (%#)', async (bytes, text, isMissing) => {
    const target = targetOf({ inputs: { it: image('a', bytes) } });
    const read = await readBy(ALL, target, '{it}');
    expect(read.media!.isMissing).toBe(isMissing);
    expect(await sent(image('a', bytes))).toEqual({ text, media: [] });
  });

  it('may be yet to come: an object, and what says what a Content is', async () => {
    const unsaid = custom('Content', { content: file('a'), 'metadata.json': digestOf('nothing') });
    for (const it of [refOf('none'), unsaid]) {
      const { media } = await readBy(ALL, targetOf({ inputs: { it } }), '{it}');
      expect(media).toEqual({ found: new Map(), isMissing: true });
    }
  });

  it('because a store is away fails as the store does', async () => {
    const away = new AppError('storage_unavailable', 'away');
    const inputs = { it: image('a', away) };
    await expect(readBy(ALL, targetOf({ inputs }), '{it}')).rejects.toBe(away);
  });

  it('because there is too much of it is not read', async () => {
    const many = Array.from({ length: 20 }, (_, i) => image(`n${i}`));
    expect((await sent(many)).media).toHaveLength(16);
    expect(asked).toHaveLength(16);
    const large = [1, 2, 3].map((n) => image(`l${n}`, new Uint8Array(7 * 1024 * 1024).fill(n)));
    const { media, text } = await sent(large);
    expect([media.length, text]).toEqual([2, "['(image 1)', '(image 2)', '(image left out: too many or too large)']"]); // prettier-ignore
  });

  it('because refs are too many is not looked for', async () => {
    await sent(Array.from({ length: 300 }, (_, i) => refOf(`o${i}`)));
    expect(asked).toHaveLength(100);
  });
});
