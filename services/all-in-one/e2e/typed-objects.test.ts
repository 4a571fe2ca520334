import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { requireBackend } from '@weft/testkit';
import { runProgram } from './program.ts';
import { apiKey, newProject, openStack, type Stack } from './stack.ts';

let stack: Stack;
beforeAll(async () => {
  stack = await openStack();
});
afterAll(() => stack.stop());

interface Answer<T = Record<string, unknown>> {
  readonly status: number;
  readonly text: string;
  readonly json: T;
}

async function ask<T = Record<string, unknown>>(
  method: string,
  path: string,
  body?: object | string,
): Promise<Answer<T>> {
  const res = await fetch(stack.url + path, {
    method,
    headers: {
      authorization: `Basic ${Buffer.from(`api:${apiKey}`).toString('base64')}`,
      'content-type': 'application/json',
    },
    ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  });
  const text = await res.text();
  const lines = text.split('\n').filter((line) => line !== '');
  return { status: res.status, text, json: (lines.length === 1 ? JSON.parse(lines[0]!) : undefined) as T };
}

interface Created {
  readonly digest: string;
  readonly object_id: string;
  readonly version_index: number;
}

const v2 = (project: string, rest: string) => `/v2/${project}/${rest}`;
const make = async (project: string, kind: string, body: object) => {
  const { status, text, json } = await ask<Created>('POST', v2(project, kind), body);
  expect([status, text]).toEqual([200, expect.any(String)]);
  return json;
};
const readVal = async (project: string, { object_id, digest }: Created) =>
  (
    await stack.post<{ obj: { val: unknown; kind: string; base_object_class: string | null } }>('/obj/read', {
      project_id: project,
      object_id,
      digest,
    })
  ).obj;
const list = async <T = Record<string, unknown>>(project: string, rest: string) =>
  (await ask('GET', v2(project, rest))).text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as T);

const SOURCE = 'import weave\n\n@weave.op\ndef add(x: int) -> int:\n    return x + 1  # é\n';
const INSTANT = expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/);

describe('ops', () => {
  it('are op objects with their source in a file', async () => {
    const project = newProject('typed');
    const op = await make(project, 'ops', { name: 'My Op/x:y', source_code: SOURCE });
    expect(op).toEqual({ digest: expect.any(String), object_id: 'my_op_xy', version_index: 0 });
    const { json } = await ask('GET', v2(project, `ops/my_op_xy/versions/${op.digest}`));
    expect(json).toEqual({ ...op, created_at: INSTANT, code: SOURCE });
    const stored = await readVal(project, op);
    expect(stored).toMatchObject({ kind: 'op', base_object_class: null });
    expect(stored.val).toEqual({
      _type: 'CustomWeaveType',
      weave_type: { type: 'Op' },
      files: { 'obj.py': expect.any(String) },
    });
    const digest = (stored.val as { files: Record<string, string> }).files['obj.py'];
    const file = await stack.send('/file/content', { project_id: project, digest });
    expect(await file.text()).toBe(SOURCE);
  });

  it('without name or source get both', async () => {
    const project = newProject('typed');
    expect(await make(project, 'ops', {})).toMatchObject({ object_id: 'Op' });
    expect((await ask('GET', v2(project, 'ops/Op/versions/latest'))).json.code).toContain('def Op(');
  });

  it('are numbered by version, also once deleted, and published again keep their number', async () => {
    const project = newProject('typed');
    const versions = [];
    for (const i of [0, 1, 2])
      versions.push(await make(project, 'ops', { name: 'f', source_code: `def f(): return ${i}` }));
    expect(versions.map(({ version_index }) => version_index)).toEqual([0, 1, 2]);
    const gone = v2(project, `ops/f?digests=${versions[0]!.digest},${versions[2]!.digest}`);
    expect((await ask('DELETE', gone)).json).toEqual({ num_deleted: 2 });
    const again = await ask('GET', v2(project, `ops/f/versions/${versions[2]!.digest}`));
    expect([again.status, again.json]).toEqual([
      404,
      {
        reason: expect.stringContaining('f:v2 was deleted at'),
        deleted_at: INSTANT,
        error_type: 'ObjectDeletedError',
      },
    ]);
    expect((await ask('GET', v2(project, 'ops/f/versions/latest'))).json).toMatchObject({ version_index: 1 });
    expect(await make(project, 'ops', { name: 'f', source_code: 'def f(): return 3' })).toMatchObject({
      version_index: 3,
    });
    expect(await make(project, 'ops', { name: 'f', source_code: 'def f(): return 2' })).toMatchObject({
      version_index: 2,
    });
    expect((await ask('DELETE', v2(project, 'ops/f'))).json).toEqual({ num_deleted: 3 });
    expect((await ask('DELETE', v2(project, 'ops/f'))).status).toBe(404);
  });

  it('are listed by page, the deleted ones left out', async () => {
    const project = newProject('typed');
    for (const name of ['b', 'a', 'c', 'd'])
      await make(project, 'ops', { name, source_code: `def ${name}(): pass` });
    await ask('DELETE', v2(project, 'ops/c'));
    const names = async (page: string) =>
      (await list<{ object_id: string }>(project, `ops${page}`)).map((op) => op.object_id);
    expect(await names('')).toEqual(['b', 'a', 'd']);
    expect(await names('?limit=2')).toEqual(['a', 'b']);
    expect(await names('?offset=2&limit=5&eager=true')).toEqual(['d']);
    expect(await names('?limit=0')).toEqual([]);
    expect((await ask('GET', v2(project, 'ops?limit=-1'))).status).toBe(400);
    expect((await ask('GET', v2(project, 'ops?limit=x'))).status).toBe(422);
    expect(await list(newProject('typed'), 'ops')).toEqual([]);
  });

  it.each([
    [{ name: '' }, 422],
    [{ name: 'a'.repeat(129) }, 400],
    [{ name: 5 }, 422],
  ])('refuse %j', async (body, status) => {
    expect((await ask('POST', v2(newProject('typed'), 'ops'), body)).status).toBe(status);
  });

  it('are no other objects', async () => {
    const project = newProject('typed');
    await make(project, 'datasets', { name: 'd', rows: [] });
    await make(project, 'ops', { name: 'f' });
    for (const path of ['ops/d/versions/latest', 'datasets/f/versions/latest', 'models/d/versions/latest'])
      expect([path, (await ask('GET', v2(project, path))).status]).toEqual([path, 404]);
    for (const path of ['ops/d', 'datasets/f', 'scorers/d', 'ops/none', 'ops/f?digests=', 'ops/f?digests=x'])
      expect([path, (await ask('DELETE', v2(project, path))).status]).toEqual([path, 404]);
    expect(await list(project, 'models')).toEqual([]);
    expect(await list(project, 'datasets')).toHaveLength(1);
  });
});

describe('datasets', () => {
  it('are objects that name a table', async () => {
    const project = newProject('typed');
    const body = '{"name":"My Data","description":"d","rows":[{"a":1.0,"big":9007199254740993},{"a": 2}]}';
    const { status, json: dataset } = await ask<Created>('POST', v2(project, 'datasets'), body);
    expect([status, dataset]).toEqual([
      200,
      { digest: expect.any(String), object_id: 'my_data', version_index: 0 },
    ]);
    const { json } = await ask('GET', v2(project, 'datasets/my_data/versions/v0'));
    const table = new RegExp(`^weave:///${project}/table/[0-9a-f]{64}$`);
    expect(json).toEqual({
      ...dataset, created_at: INSTANT, name: 'My Data', description: 'd', rows: expect.stringMatching(table),
    }); // prettier-ignore
    const digest = String(json.rows).split('/').at(-1);
    const rows = await stack.send('/table/query', { project_id: project, digest });
    expect(await rows.text()).toContain('{"a":1.0,"big":9007199254740993}');
    expect(await readVal(project, dataset)).toMatchObject({
      base_object_class: 'Dataset',
      val: { _type: 'Dataset', _class_name: 'Dataset', _bases: ['Object', 'BaseModel'], name: 'My Data' },
    });
    expect(await list(project, 'datasets?limit=1')).toEqual([json]);
    expect(await make(project, 'datasets', { rows: [] })).toMatchObject({ object_id: 'Dataset' });
  });

  it.each([
    [{ name: 'd' }, 400],
    [{ rows: [5] }, 422],
    [{ rows: {} }, 400],
    [{ name: {}, rows: [] }, 400],
    ['{', 400],
  ])('refuse %j', async (body, status) => {
    expect((await ask('POST', v2(newProject('typed'), 'datasets'), body)).status).toBe(status);
  });
});

describe('scorers, evaluations and models', () => {
  it('name what they stand on', async () => {
    const project = newProject('typed');
    const scorer = await make(project, 'scorers', { name: 'My Scorer', op_source_code: SOURCE });
    const ref = `weave:///${project}/object/my_scorer:${scorer.digest}`;
    expect(scorer).toEqual({
      digest: expect.any(String),
      object_id: 'my_scorer',
      version_index: 0,
      scorer: ref,
    });
    const { json: read } = await ask('GET', v2(project, `scorers/my_scorer/versions/${scorer.digest}`));
    expect(read).toMatchObject({ name: 'My Scorer', description: null });
    const opDigest = String(read.score_op).split(':').at(-1);
    expect(read.score_op).toBe(`weave:///${project}/op/my_scorer_score:${opDigest}`);
    expect((await ask('GET', v2(project, `ops/my_scorer_score/versions/${opDigest}`))).json.code).toBe(
      SOURCE,
    );

    const dataset = 'weave:///e/p/object/d:x';
    const evaluation = await make(project, 'evaluations', {
      name: 'E', description: 'about', dataset, scorers: [ref], evaluation_name: 'run', eval_attributes: { mine: 1 },
    }); // prettier-ignore
    expect(evaluation).toMatchObject({ evaluation_ref: `weave:///${project}/object/e:${evaluation.digest}` });
    const { json: of } = await ask('GET', v2(project, 'evaluations/e/versions/latest'));
    expect(of).toEqual({
      object_id: 'e', digest: evaluation.digest, version_index: 0, created_at: INSTANT, name: 'E', description: 'about',
      dataset, scorers: [ref], trials: 1, evaluation_name: 'run',
      evaluate_op: expect.stringContaining('/op/e.evaluate:'),
      predict_and_score_op: expect.stringContaining('/op/e.predict_and_score:'),
      summarize_op: expect.stringContaining('/op/e.summarize:'),
    }); // prettier-ignore
    expect((await readVal(project, evaluation)).val).toMatchObject({
      _type: 'Evaluation',
      mine: 1,
      metadata: null,
    });
  });

  it('of a model are its source and its attributes, as they were sent', async () => {
    const project = newProject('typed');
    const body = `{"name":"M","source_code":"class M: pass","attributes":{"t": 1.0,"big":12345678901234567890,"__proto__":{"x":1}}}`;
    const { json: model } = await ask<Created & { model_ref: string }>('POST', v2(project, 'models'), body);
    expect(model.model_ref).toBe(`weave:///${project}/object/m:${model.digest}`);
    const { text, json } = await ask('GET', v2(project, `models/m/versions/${model.digest}`));
    expect(json).toMatchObject({ name: 'M', description: null, source_code: 'class M: pass' });
    expect(text).toContain('"attributes":{"t":1.0,"big":12345678901234567890,"__proto__":{"x":1}}');
    expect(await make(project, 'models', { name: 'plain', source_code: '' })).toMatchObject({
      version_index: 0,
    });
    expect((await ask('GET', v2(project, 'models/plain/versions/latest'))).json).toMatchObject({
      source_code: '',
      attributes: null,
    });
    expect(await list(project, 'models')).toHaveLength(2);
    const bad = await ask('POST', v2(project, 'models'), {
      name: 'x',
      source_code: '',
      attributes: { _type: 'Op' },
    });
    expect([bad.status, bad.json.reason]).toEqual([400, 'attributes._type: cannot be an attribute']);
  });
});

requireBackend('python', describe)('the Python SDK', () => {
  it('gets what typed routes have made, and reads what it has published through them', async () => {
    const out = await runProgram<Record<string, unknown>>(stack, 'typed-objects.py', newProject('py-typed'));
    expect(out).toMatchObject({
      op: 4, rows: [{ a: 1 }, { a: 2 }], length: 2, score: { ok: true }, listed: ['addone', 'my_scorer_score', 'my_scorer_summarize'],
      published: 'weave:///', deleted: 1,
    }); // prettier-ignore
  }, 120_000);
});
