import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { callsOf, isNewest, NPM_SDKS, NPM_TIMEOUT_MS } from './npm.ts';
import { runProgram } from './program.ts';
import { newProject, openStack, type ReadCall, type Stack } from './stack.ts';

/** Objects of npm `weave`: what was published is what is read, through the package and on the wire; changed = a new version. */

let stack: Stack;
beforeAll(async () => {
  stack = await openStack();
});
afterAll(() => stack.stop());

type Row = Record<string, unknown>;
interface Published {
  readonly datasets: {
    readonly uris: readonly [string, string, string];
    readonly length: number;
    readonly iterated: readonly Row[];
    readonly row: Row;
    readonly rowRef: string;
    readonly read: { name: string; description: string; rows: Row[] | null };
    readonly empty: string;
    readonly sent: { readonly first: readonly Row[]; readonly second: readonly Row[] };
  };
  readonly prompts: Record<string, unknown> & { readonly uris: readonly [string, string]; again: string };
  readonly models: {
    readonly said: string;
    readonly uris: readonly [string, string, string, string];
    readonly model: Record<string, string>;
    readonly object: object;
    readonly changed: object;
    readonly list: unknown;
    readonly unnamed: readonly [string, unknown];
    readonly missing: number;
    readonly badName: number;
  };
  readonly media: {
    readonly uris: readonly [string, string];
    readonly album: unknown;
    readonly bytes: { readonly image: string; readonly audio: string };
  };
}
interface StoredObject {
  readonly object_id: string;
  readonly digest: string;
  readonly version_index: number;
  readonly is_latest: number;
  readonly base_object_class: string | null;
  readonly val: Record<string, unknown>;
}

const digestOf = (uri: string) => uri.split(':').at(-1)!;

describe.each(NPM_SDKS)('npm %s', (sdk) => {
  let project: string;
  let published: Published;
  beforeAll(async () => {
    project = newProject('npm-objects');
    published = await runProgram<Published>(stack, 'npm/objects.cjs', sdk, project);
  }, NPM_TIMEOUT_MS);

  const versions = async (objectId: string) =>
    (
      await stack.post<{ objs: StoredObject[] }>('/objs/query', {
        project_id: project,
        filter: { object_ids: [objectId] },
      })
    ).objs.map(({ digest, version_index, is_latest, base_object_class }) => ({
      digest,
      version_index,
      is_latest,
      base_object_class,
    }));
  const valOf = async (objectId: string, digest: string) =>
    (
      await stack.post<{ obj: StoredObject }>('/obj/read', {
        project_id: project,
        object_id: objectId,
        digest,
      })
    ).obj.val;
  const atRef = async (...refs: string[]) =>
    (await stack.post<{ vals: unknown[] }>('/refs/read_batch', { refs })).vals;

  it('saves datasets by content', async () => {
    const { uris, length, iterated, row, rowRef, read, sent, empty } = published.datasets;
    expect([length, iterated, row]).toEqual([30, sent.first, sent.first[11]]);
    expect(read).toEqual({
      name: 'squares',
      description: 'of numbers',
      rows: isNewest(sdk) ? sent.first : null,
    });
    const [first, same, second] = uris.map(digestOf);
    expect(same).toBe(first);
    const version = (digest: string, version_index: number, is_latest: number) => ({
      digest,
      version_index,
      is_latest,
      base_object_class: 'Dataset',
    });
    expect(await versions('squares')).toEqual([version(first!, 0, 0), version(second!, 1, 1)]);
    for (const [digest, rows] of [
      [first!, sent.first],
      [second!, sent.second],
      [digestOf(empty), []],
    ] as const) {
      const objectId = digest === digestOf(empty) ? 'empty' : 'squares';
      const table = {
        project_id: project,
        digest: ((await valOf(objectId, digest)).rows as string).split('/').at(-1),
      };
      const stored = await stack.post<{ rows: { val: Row }[] }>('/table/query', table);
      expect(stored.rows.map(({ val }) => val)).toEqual(rows);
      expect(await stack.post('/table/query_stats', table)).toEqual({ count: rows.length });
    }
    expect(rowRef).toMatch(new RegExp(`^${uris[0]}/attr/rows/id/\\w{43}$`));
    expect(await atRef(rowRef, `${rowRef}/key/expected/key/tags`)).toEqual([sent.first[11], [null, 't2']]);
  });

  it('publishes prompts, which can be formatted when they are read', async () => {
    const { uris, formatted, formattedMessages, described, byUri, again } = published.prompts;
    expect(formatted).toBe('Hello Ann, {unknown}!');
    expect(formattedMessages).toEqual([
      { role: 'system', content: 'You are terse.' },
      { role: 'user', content: [{ type: 'text', text: 'why?' }] },
    ]);
    expect(described).toEqual(['greeting', 'polite', 'chat']);
    expect(byUri).toBe(isNewest(sdk) ? 'Hello {name}, {unknown}!' : null);
    expect(again).toBe(uris[0]);
    for (const [name, uri] of [['greeting', uris[0]], ['chat-prompt', uris[1]]] as const)
      expect(await versions(name)).toEqual([
        { digest: digestOf(uri), version_index: 0, is_latest: 1, base_object_class: 'Prompt' },
      ]);
    const { objs } = await stack.post<{ objs: StoredObject[] }>('/objs/query', {
      project_id: project,
      filter: { base_object_classes: ['Prompt'] },
    });
    expect(objs.map(({ object_id }) => object_id).sort()).toEqual(['StringPrompt', 'chat-prompt', 'greeting']);
  }); // prettier-ignore

  it('publishes models with their ops and what they refer to, and plain values', async () => {
    const { said, uris, model, object, changed, list, unnamed, missing, badName } = published.models;
    expect(said).toBe('Say this');
    expect(model).toMatchObject({ _type: 'Model', name: 'parrot ☂ / two', description: 'repeats', temperature: 0.5 });
    expect(await atRef(model.prompt!, `${uris[0]}/attr/prompt/attr/content`, model.predict!)).toEqual([
      expect.objectContaining({ _type: 'StringPrompt', content: 'Say {text}' }),
      'Say {text}',
      expect.objectContaining({ weave_type: { type: 'Op' }, files: { 'obj.py': expect.any(String) } }),
    ]);
    expect(await versions('parrot-two')).toEqual([expect.objectContaining({ base_object_class: 'Model' })]);
    const settings = { nested: { list: [1, { two: 2 }] }, flag: false, nothing: null, text: 'ünï', 'a.b': '$' };
    expect([object, changed]).toEqual([settings, { ...settings, flag: true }]);
    expect(await valOf('settings', 'latest')).toEqual({ ...settings, flag: true });
    expect(await valOf('settings', 'v0')).toEqual(settings);
    expect(list).toEqual([1, 'two', { three: 3 }]);
    expect(unnamed).toEqual([expect.stringMatching(/\/object\/[0-9a-f-]{36}:\w{43}$/), { any: 1 }]);
    expect([missing, badName]).toEqual([404, 422]);
  }); // prettier-ignore

  it('stores the bytes of images and audio', async () => {
    const { album, bytes, uris } = published.media;
    const [call] = callsOf(
      await stack.lines<ReadCall>('/calls/stream_query', { project_id: project }),
      'draw',
    );
    const media = (type: string, name: string) => ({
      _type: 'CustomWeaveType',
      weave_type: { type },
      files: { [name]: expect.stringMatching(/^\w{43}$/) },
      load_op: 'NO_LOAD_OP',
    });
    const [image, audio] = [media('PIL.Image.Image', 'image.png'), media('wave.Wave_read', 'audio.wav')];
    expect(call!.inputs).toEqual({ arg0: image });
    expect(call!.output).toEqual({ picture: image, sound: audio, list: [image] });
    expect(album).toEqual({ image, audio, caption: 'both' });
    const { picture, sound } = call!.output as Record<'picture' | 'sound', { files: Record<string, string> }>;
    for (const [digest, sent] of [
      [picture.files['image.png'], bytes.image],
      [sound.files['audio.wav'], bytes.audio],
    ]) {
      const res = await stack.send('/file/content', { project_id: project, digest });
      expect([res.status, Buffer.from(await res.arrayBuffer()).toString('base64')]).toEqual([200, sent]);
    }
    expect(await atRef(`${uris[1]}/key/image`)).toEqual([image]);
  });
});
