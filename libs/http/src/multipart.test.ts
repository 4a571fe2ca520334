import { afterEach, describe, expect, it } from '@jest/globals';
import { multipart } from './multipart.ts';
import { createRouter } from './router.ts';
import { startApp, stopApps } from './test-app.ts';

afterEach(stopApps);

async function send(body: FormData | string | Buffer, contentType?: string) {
  const router = createRouter();
  router.post('/file/create', async (req, res) => {
    const { fields, file } = await multipart(req, { maxBytes: 1_000_000 });
    res.json({ fields: [...fields], field: file?.field, name: file?.name, hex: file?.bytes.toString('hex') });
  });
  const { url, log } = await startApp({ routes: [{ router }] });
  const headers: Record<string, string> = contentType === undefined ? {} : { 'content-type': contentType };
  const res = await fetch(`${url}/file/create`, { method: 'POST', body: body as never, headers });
  expect(log).toEqual([]);
  return { status: res.status, body: (await res.json()) as { reason?: string; hex?: string } };
}

function form(...entries: [string, string | Blob, string?][]): FormData {
  const data = new FormData();
  for (const [name, value, filename] of entries) {
    if (typeof value === 'string') data.append(name, value);
    else data.append(name, value, filename);
  }
  return data;
}

describe('multipart', () => {
  it('reads fields and the file, whatever its bytes and name', async () => {
    const bytes = Buffer.from([0, 13, 10, 45, 45, 255, 254, 13, 10]);
    const { status, body } = await send(form(['project_id', 'a/ü'], ['file', new Blob([bytes]), 'öbj.py']));
    expect(status).toBe(200);
    expect(body).toEqual({
      fields: [['project_id', 'a/ü']],
      field: 'file',
      name: 'öbj.py',
      hex: bytes.toString('hex'),
    });
  });

  it('reads an empty file, and a large one whole', async () => {
    expect((await send(form(['file', new Blob([]), 'empty']))).body).toMatchObject({
      name: 'empty',
      hex: '',
    });
    const large = Buffer.alloc(900_000, 'abc');
    expect((await send(form(['file', new Blob([large]), 'x']))).body.hex).toBe(large.toString('hex'));
  });

  it('says when there is no file', async () => {
    expect((await send(form(['project_id', 'a/b']))).body).toEqual({ fields: [['project_id', 'a/b']] });
  });

  it('keeps member names of objects out of trouble', async () => {
    expect((await send(form(['__proto__', 'x'], ['constructor', 'y']))).body).toEqual({
      fields: [
        ['__proto__', 'x'],
        ['constructor', 'y'],
      ],
    });
  });

  it('refuses a body over the limit', async () => {
    expect((await send(form(['file', new Blob([Buffer.alloc(1_000_001)]), 'x']))).status).toBe(413);
  });

  it.each([
    ['two files', form(['a', new Blob(['1']), 'a'], ['b', new Blob(['2']), 'b']), undefined],
    [
      'too many fields',
      form(...Array.from({ length: 21 }, (_, i): [string, string] => [`f${i}`, 'x'])),
      undefined,
    ],
    ['a field too large', form(['a', 'x'.repeat(70_000)]), undefined],
    ['another type', '{}', 'application/json'],
    ['no boundary', 'x', 'multipart/form-data; charset=utf-8'],
    [
      'no end',
      '--b\r\nContent-Disposition: form-data; name="file"; filename="x"\r\n\r\nabc',
      'multipart/form-data; boundary=b',
    ],
    ['a part cut in its head', '--b\r\nContent-Dispos', 'multipart/form-data; boundary=b'],
    ['nothing', Buffer.alloc(0), 'multipart/form-data; boundary=b'],
    ['no part at all', 'text', 'multipart/form-data; boundary=b'],
  ])('answers 400 to %s', async (_, body, contentType) => {
    const answer = await send(body, contentType);
    expect([answer.status, answer.body]).toEqual([400, { reason: expect.any(String) }]);
  });
});
