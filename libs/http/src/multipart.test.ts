import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import zlib from 'node:zlib';
import { afterEach, describe, expect, it } from '@jest/globals';
import { AppError } from '@weft/model';
import { eventually } from '@weft/testkit';
import { createBodyBudget } from './body-budget.ts';
import { receiveFile, type FileLimit, type ReceivedFile } from './multipart.ts';
import { createRouter } from './router.ts';
import { createSpool } from './spool.ts';
import { startApp, stopApps } from './test-app.ts';
import { storedZstd } from './testing/zstd.ts';

const directories: string[] = [];

afterEach(async () => {
  await stopApps();
  for (const directory of directories.splice(0)) await rm(directory, { recursive: true, force: true });
});

const MIB = 1024 * 1024;
const LIMIT = 3 * MIB;

interface Setup {
  readonly limit?: (fields: ReadonlyMap<string, string>) => FileLimit;
  readonly spoolBytes?: number;
  readonly directory?: string;
  /** What is done with the file before it is answered. */
  readonly work?: (file: ReceivedFile) => Promise<void>;
  readonly requestTimeoutMs?: number;
}

async function start(setup: Setup = {}) {
  const directory = setup.directory ?? (await mkdtemp(join(tmpdir(), 'weft-multipart-')));
  directories.push(directory);
  const spool = createSpool({ maxBytes: setup.spoolBytes ?? 64 * MIB, directory });
  const limit = setup.limit ?? (() => ({ maxBytes: LIMIT, reason: '(THE_SETTING)' }));
  const budget = createBodyBudget(8 * MIB);
  const router = createRouter();
  router.post('/file/create', async (req, res) => {
    const { fields, file } = await receiveFile(req, { spool, limit });
    try {
      if (file !== undefined) await setup.work?.(file);
      const streamed = file && (await buffer(file.open()));
      res.json({
        fields: [...fields],
        field: file?.field,
        name: file?.name,
        size: file?.size,
        sha256: file && Buffer.from(file.sha256).toString('hex'),
        streamed: streamed && sha256(streamed),
        whole: file && sha256(await file.bytes()),
        head: streamed?.subarray(0, 20).toString('hex'),
      });
    } finally {
      await file?.dispose();
      await file?.dispose();
    }
  });
  const limits = { requestTimeoutMs: setup.requestTimeoutMs ?? 60_000 };
  const app = await startApp({ routes: [{ router }], budget, limits });
  const send = async (body: FormData | string | Buffer, headers: Record<string, string> = {}) => {
    const res = await fetch(`${app.url}/file/create`, { method: 'POST', body: body as never, headers });
    return { status: res.status, body: (await res.json()) as Answer };
  };
  /** Nothing of any upload is left. */
  const isClean = () =>
    eventually(
      async () => spool.heldBytes === 0 && budget.heldBytes === 0 && (await readdir(directory)).length === 0,
    );
  return { ...app, send, spool, budget, directory, isClean };
}

interface Answer {
  readonly reason?: string;
  readonly size?: number;
  readonly sha256?: string;
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

function form(...entries: [string, string | Blob, string?][]): FormData {
  const data = new FormData();
  for (const [name, value, filename] of entries) {
    if (typeof value === 'string') data.append(name, value);
    else data.append(name, value, filename);
  }
  return data;
}

const blob = (bytes: Uint8Array) => new Blob([bytes as Uint8Array<ArrayBuffer>]);

/** As it is on the wire. */
async function encoded(data: FormData): Promise<{ body: Buffer; type: string }> {
  const request = new Request('http://h', { method: 'POST', body: data });
  return {
    body: Buffer.from(await request.arrayBuffer()),
    type: request.headers.get('content-type')!,
  };
}

describe('receiveFile', () => {
  it('reads fields and the file, whatever its bytes and name', async () => {
    const { send, isClean } = await start();
    const bytes = Buffer.from([0, 13, 10, 45, 45, 255, 254, 13, 10]);
    const { status, body } = await send(form(['project_id', 'a/ü'], ['file', blob(bytes), '../öbj.py']));
    expect(status).toBe(200);
    expect(body).toEqual({
      fields: [['project_id', 'a/ü']],
      field: 'file',
      name: 'öbj.py',
      size: bytes.length,
      sha256: sha256(bytes),
      streamed: sha256(bytes),
      whole: sha256(bytes),
      head: bytes.toString('hex'),
    });
    await isClean();
  });

  it.each([0, 1, 256 * 1024, 256 * 1024 + 1, LIMIT])(
    'gives %d bytes back as they came, fields before and after them',
    async (size) => {
      const { send, isClean } = await start();
      const bytes = randomBytes(size);
      const hash = sha256(bytes);
      const { status, body } = await send(
        form(['a', '1'], ['file', blob(bytes), 'x'], ['project_id', 'e/p']),
      );
      expect([status, body]).toEqual([
        200,
        expect.objectContaining({ size, sha256: hash, streamed: hash, whole: hash }),
      ]);
      expect(body).toMatchObject({ fields: [['a', '1'], ['project_id', 'e/p']] }); // prettier-ignore
      await isClean();
    },
  );

  it('keeps 256 KiB in memory, the rest in a file that has no name', async () => {
    const seen: number[] = [];
    const size = LIMIT - 1;
    const { send, spool, budget, directory, isClean } = await start({
      work: async () => {
        seen.push(spool.heldBytes, budget.heldBytes, (await readdir(directory)).length);
      },
    });
    expect((await send(form(['file', blob(Buffer.alloc(size)), 'x']))).status).toBe(200);
    expect(seen).toEqual([size, 0, 0]);
    await isClean();
  });

  it('says when there is no file', async () => {
    const { send } = await start();
    expect((await send(form(['project_id', 'a/b']))).body).toEqual({ fields: [['project_id', 'a/b']] });
  });

  it('keeps member names of objects out of trouble', async () => {
    const { send } = await start();
    const fields = [
      ['__proto__', 'x'],
      ['constructor', 'y'],
    ] as [string, string][];
    expect((await send(form(...fields))).body).toEqual({ fields });
  });

  it.each([
    ['gzip', (data: Buffer) => zlib.gzipSync(data)],
    ['deflate', (data: Buffer) => zlib.deflateSync(data)],
    ['deflate', (data: Buffer) => zlib.deflateRawSync(data)],
    ['br', (data: Buffer) => zlib.brotliCompressSync(data, { params: { [zlib.constants.BROTLI_PARAM_QUALITY]: 1 } })], // prettier-ignore
    ['zstd', (data: Buffer) => storedZstd(data)],
  ])('decodes %s on the way, and refuses half of it', async (encoding, encode) => {
    const { send, isClean } = await start();
    const bytes = randomBytes(MIB);
    const { body, type } = await encoded(form(['project_id', 'e/p'], ['file', blob(bytes), 'x']));
    const wire = encode(body);
    const headers = { 'content-type': type, 'content-encoding': encoding };
    expect((await send(wire, headers)).body).toMatchObject({ sha256: sha256(bytes), size: MIB });
    expect((await send(wire.subarray(0, wire.length / 2), headers)).status).toBe(400);
    expect((await send(Buffer.alloc(1000, 0xff), headers)).status).toBe(400);
    expect((await send(Buffer.alloc(1), headers)).status).toBe(400);
    expect((await send(Buffer.alloc(0), headers)).status).toBe(400);
    await isClean();
  });

  it('refuses bytes behind the end of gzip', async () => {
    const { send } = await start();
    const { body, type } = await encoded(form(['file', blob(Buffer.from('hi')), 'x']));
    const wire = Buffer.concat([zlib.gzipSync(body), Buffer.from('more')]);
    expect((await send(wire, { 'content-type': type, 'content-encoding': 'gzip' })).status).toBe(400);
  });

  it('refuses a file over the limit and names the setting: announced, chunked or as a bomb', async () => {
    const { send, isClean, port } = await start();
    const reason = `Request too large: a file of at most ${LIMIT} bytes (THE_SETTING)`;
    const large = form(['file', blob(Buffer.alloc(LIMIT + 1)), 'x']);
    expect(await send(large)).toEqual({ status: 413, body: { reason } });
    const { body, type } = await encoded(form(['file', blob(Buffer.alloc(40 * MIB)), 'x']));
    const headers = { 'content-type': type, 'content-encoding': 'gzip' };
    expect(await send(zlib.gzipSync(body), headers)).toEqual({ status: 413, body: { reason } });
    await isClean();
    // Announced: refused before anything of it has come.
    const socket = connect(port, '127.0.0.1');
    socket.write(
      `POST /file/create HTTP/1.1\r\nHost: localhost\r\nContent-Type: ${type}\r\nContent-Length: ${body.length}\r\n\r\n`,
    );
    const [answer] = (await once(socket, 'data')) as [Buffer];
    expect(String(answer)).toMatch(/^HTTP\/1\.1 413/);
    socket.destroy();
  });

  it('asks for the limit with the fields so far, and again with all', async () => {
    const seen: string[][] = [];
    const { send, isClean } = await start({
      limit: (fields) => {
        seen.push([...fields.keys()]);
        if (fields.get('project_id') === 'foreign') throw new AppError('forbidden', 'Forbidden');
        return { maxBytes: fields.has('after') ? 1 : LIMIT, reason: '' };
      },
    });
    expect((await send(form(['project_id', 'foreign'], ['file', blob(Buffer.alloc(MIB)), 'x']))).status).toBe(403); // prettier-ignore
    expect((await send(form(['file', blob(Buffer.alloc(2)), 'x'], ['after', '']))).status).toBe(413);
    expect(seen).toEqual([[], ['project_id'], [], [], ['after']]);
    await isClean();
  });

  it('refuses with 503 what there is no room for, and takes the next', async () => {
    const { send, isClean } = await start({ spoolBytes: MIB });
    const large = form(['file', blob(Buffer.alloc(MIB + 1)), 'x']);
    const refused = await send(large);
    expect([refused.status, refused.body.reason]).toEqual([503, expect.stringContaining('WEFT_SPOOL_MAX_BYTES')]); // prettier-ignore
    await isClean();
    expect((await send(form(['file', blob(Buffer.alloc(MIB)), 'x']))).status).toBe(200);
    await isClean();
  });

  it('names the directory that cannot be written to', async () => {
    const { send } = await start({ directory: '/proc/self/none' });
    const { status, body } = await send(form(['file', blob(Buffer.alloc(MIB)), 'x']));
    expect([status, body.reason]).toEqual([503, expect.stringContaining('/proc/self/none (TMPDIR)')]);
    expect((await send(form(['file', blob(Buffer.alloc(1000)), 'x']))).status).toBe(200);
  });

  it('leaves nothing of a client that goes away', async () => {
    const { port, spool, isClean } = await start();
    const { body, type } = await encoded(form(['file', blob(randomBytes(2 * MIB)), 'x']));
    const socket = connect(port, '127.0.0.1');
    socket.write(
      `POST /file/create HTTP/1.1\r\nHost: localhost\r\nContent-Type: ${type}\r\nContent-Length: ${body.length}\r\n\r\n`,
    );
    socket.write(body.subarray(0, MIB));
    await eventually(() => spool.heldBytes > 0);
    socket.destroy();
    await isClean();
  });

  it('cuts off who sends slower than 100 kB/s beyond the limit of time', async () => {
    const { port, spool, isClean } = await start({ requestTimeoutMs: 300 });
    const socket = connect(port, '127.0.0.1');
    const type = 'multipart/form-data; boundary=b';
    socket.write(
      `POST /file/create HTTP/1.1\r\nHost: localhost\r\nContent-Type: ${type}\r\nContent-Length: 1000000\r\n\r\n`,
    );
    socket.write('--b\r\nContent-Disposition: form-data; name="file"; filename="x"\r\n\r\n');
    const [answer] = (await once(socket, 'data')) as [Buffer];
    expect(String(answer)).toMatch(/^HTTP\/1\.1 408/);
    expect(spool.heldBytes).toBe(0);
    await isClean();
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
    ['more around the parts than in them', Buffer.alloc(4 * MIB, 'x'), 'multipart/form-data; boundary=b'],
  ])('answers 400 to %s', async (_, body, contentType) => {
    const { send, isClean } = await start();
    const answer = await send(body, contentType === undefined ? {} : { 'content-type': contentType });
    expect([answer.status, answer.body]).toEqual([400, { reason: expect.any(String) }]);
    await isClean();
  });
});
