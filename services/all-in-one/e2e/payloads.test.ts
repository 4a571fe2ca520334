import zlib from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { batch, completed, endItem, ended, newCallId, startItem, started, type Members } from './calls.ts';
import { apiKey, newProject, openStack, type Stack } from './stack.ts';

/** What a client sends is what a client reads: compared as bytes, never as parsed JSON. */

let stack: Stack;
beforeAll(async () => {
  stack = await openStack();
});
afterAll(() => stack.stop());

const MIB = 1024 * 1024;

async function send(
  path: string,
  body: string | Buffer,
  headers?: Record<string, string>,
): Promise<{ status: number; bytes: Buffer }> {
  const res = await stack.send(path, body, headers);
  return { status: res.status, bytes: Buffer.from(await res.arrayBuffer()) };
}

async function accepted(
  path: string,
  body: string | Buffer,
  headers?: Record<string, string>,
): Promise<Buffer> {
  const { status, bytes } = await send(path, body, headers);
  expect([path, status, bytes.toString('utf8', 0, 300)]).toEqual([path, 200, expect.anything()]);
  return bytes;
}

async function refused(path: string, body: string | Buffer, headers?: Record<string, string>) {
  const { status, bytes } = await send(path, body, headers);
  return { status, reason: (JSON.parse(bytes.toString()) as { reason: string }).reason };
}

/** How a value must stand in the answer. */
function expectBytes(answer: Buffer, wanted: string | Buffer): void {
  if (answer.includes(wanted)) return;
  throw new Error(
    `not in the answer: ${String(wanted).slice(0, 400)}\nthe answer: ${answer.toString('utf8', 0, 2000)}`,
  );
}

const NUMBERS = ['9007199254740993', '1e400', '-0', '1.0', '1E5', '-1.50e-07', `1${'0'.repeat(399)}`];
const STRINGS = [
  '"\\ud83d"', // lone surrogates, written as escapes
  '"\\udc00\\ud800 x"',
  '"a\\/b/c"',
  '"\u2028\u2029"',
  '"\\u2028"',
  '"\\u0000"',
  '"\ufeff\u007f\\u007F"',
  '"😀 é ẞ"',
  '"\\ud83d\\ude00"',
  '"\\"weave:///e/p/object/o:1\\""',
  '""',
];
const OBJECTS = [
  '{"a":1,"a":2,"\\u0061":3}',
  '{"__proto__":{"x":1},"constructor":null,"toString":[]}',
  '{"a\\u0000":1,"a":2,"":3}',
  '{"id":"not mine","project_id":"e/other","batch":[],"start":{}}',
  '[[],{},[{}],null,true,false]',
];
const TRICKY = `[${[...NUMBERS, ...STRINGS, ...OBJECTS].join(',')}]`;
const VALUES = [...NUMBERS, ...STRINGS, ...OBJECTS, TRICKY];

function payloads(value: string): { start: Members; end: Members } {
  const object = `{"v":${value},"w":${value}}`;
  return { start: { attributes: object, inputs: object }, end: { output: value, summary: object } };
}

function expectCall(answer: Buffer, id: string, value: string): void {
  const object = `{"v":${value},"w":${value}}`;
  const line = answer.subarray(answer.indexOf(`{"id":"${id}"`));
  expectBytes(line, `"attributes":${object},"inputs":${object},"ended_at"`);
  expectBytes(line, `"output":${value},"summary":{"v":${value},"w":${value},"weave":`);
}

type Send = (project: string, id: string, value: string) => Promise<unknown>;

const PROTOCOLS: readonly (readonly [string, Send])[] = [
  [
    'upsert_batch, start and end together',
    (project, id, value) => {
      const { start, end } = payloads(value);
      return accepted('/call/upsert_batch', batch(startItem(started(project, id, start)), endItem(ended(project, id, end)))); // prettier-ignore
    },
  ],
  [
    'upsert_batch, the end first',
    async (project, id, value) => {
      const { start, end } = payloads(value);
      await accepted('/call/upsert_batch', batch(endItem(ended(project, id, end))));
      await accepted('/call/upsert_batch', batch(startItem(started(project, id, start))));
    },
  ],
  [
    'calls/complete',
    (project, id, value) => {
      const { start, end } = payloads(value);
      return accepted(`/v2/${project}/calls/complete`, batch(completed(project, id, { ...start, ...end })));
    },
  ],
  [
    'v2 call/start and call/end',
    async (project, id, value) => {
      const { start, end } = payloads(value);
      await accepted(`/v2/${project}/call/start`, `{"start":${started(project, id, start)}}`);
      await accepted(`/v2/${project}/call/end`, `{"end":${ended(project, id, end)}}`);
    },
  ],
];

describe('values come back byte for byte', () => {
  it.each(PROTOCOLS)('through %s', async (_, sendCall) => {
    const project = newProject('payload');
    const sent = VALUES.map((value) => [newCallId(), value] as const);
    await Promise.all(sent.map(([id, value]) => sendCall(project, id, value)));
    const request = JSON.stringify({ project_id: project });
    const [lines, list] = [
      await accepted('/calls/stream_query', request),
      await accepted('/calls/query', request),
    ];
    expect(lines.toString().split('\n')).toHaveLength(sent.length);
    for (const [id, value] of sent) {
      expectCall(lines, id, value);
      expectCall(list, id, value);
    }
    const [id] = sent.at(-1)!;
    expectCall(await accepted('/call/read', JSON.stringify({ project_id: project, id })), id, TRICKY);
  });

  it('through objects, tables and their rows', async () => {
    const project = newProject('payload');
    const rows = VALUES.map((value) => `{"v":${value}}`);
    for (const [i, val] of VALUES.entries()) {
      const object = `{"obj":{"project_id":"${project}","object_id":"o${i}","val":${val}}}`;
      const { digest } = JSON.parse((await accepted('/obj/create', object)).toString()) as { digest: string };
      for (const version of [digest, 'latest', 'v0']) {
        const read = { project_id: project, object_id: `o${i}`, digest: version };
        expectBytes(await accepted('/obj/read', JSON.stringify(read)), `"val":${val}}}`);
      }
    }
    const created = await accepted(
      '/table/create',
      `{"table":{"project_id":"${project}","rows":[${rows.join(',')}]}}`,
    );
    const { digest } = JSON.parse(created.toString()) as { digest: string };
    const read = JSON.stringify({ project_id: project, digest });
    const [table, lines] = [
      await accepted('/table/query', read),
      await accepted('/table/query_stream', read),
    ];
    expect(lines.toString().split('\n')).toHaveLength(rows.length);
    for (const row of rows) for (const answer of [table, lines]) expectBytes(answer, `"val":${row}}`);
  });

  it('through files, whatever they hold', async () => {
    const project = newProject('payload');
    const files = [
      Buffer.alloc(0),
      Buffer.from([0, 0xff, 0xfe, 13, 10, 45, 45]),
      Buffer.alloc(5 * MIB, '\r\n--x'),
    ];
    for (const path of ['/file', '/files']) {
      for (const file of files) {
        const form = new FormData();
        form.set('project_id', project);
        form.set('file', new Blob([file]), 'blob');
        const created = await stack.send(`${path}/create`, form);
        const { digest } = (await created.json()) as { digest: string };
        const read = await accepted(`${path}/content`, JSON.stringify({ project_id: project, digest }));
        expect(read.equals(file)).toBe(true);
      }
    }
  });

  it('through JSON lines also when they were sent in several lines', async () => {
    const [project, id] = [newProject('payload'), newCallId()];
    const pretty = '{\n  "a": [\r\n\t1.0 ],\n "b": "x\\ny"\n}';
    const call = completed(project, id, {
      inputs: pretty,
      output: pretty,
      summary: pretty,
      attributes: pretty,
    });
    await accepted(`/v2/${project}/calls/complete`, batch(call.replaceAll(',"', '\n,\n"')));
    const oneLine = pretty.replaceAll(/[\r\n]/g, ' ');
    const lines = await accepted('/calls/stream_query', JSON.stringify({ project_id: project }));
    expect(lines.toString().split('\n')).toHaveLength(1);
    expectBytes(lines, `"inputs":${oneLine},`);
    expectBytes(lines, `"output":${oneLine},`);
    expectBytes(
      await accepted('/call/read', JSON.stringify({ project_id: project, id })),
      `"output":${pretty},`,
    );
  });

  it('through gzip to a client behind a proxy', async () => {
    const [project, id] = [newProject('payload'), newCallId()];
    const value = `[${Array<string>(100).fill(TRICKY).join(',')}]`;
    await PROTOCOLS[2]![1](project, id, value);
    const res = await stack.send('/calls/stream_query', JSON.stringify({ project_id: project }), {
      'x-forwarded-for': '192.0.2.1',
      'accept-encoding': 'gzip',
    });
    expect(res.headers.get('content-encoding')).toBe('gzip');
    expectCall(Buffer.from(await res.arrayBuffer()), id, value);
  });
});

describe('large values', () => {
  const text = `"${'lorem \\" ipsum \\u0000 dolor é '.repeat(650_000)}"`; // 20 MB

  it('20 MB come back through a call', async () => {
    const [project, id] = [newProject('large'), newCallId()];
    expect(Buffer.byteLength(text)).toBeGreaterThan(20_000_000);
    await accepted('/call/upsert_batch', batch(startItem(started(project, id)), endItem(ended(project, id, { output: text })))); // prettier-ignore
    const read = await accepted('/call/read', JSON.stringify({ project_id: project, id }));
    expect(read.includes(`"output":${text},`)).toBe(true);
  });

  it('20 MB come back through an object', async () => {
    const project = newProject('large');
    await accepted('/obj/create', `{"obj":{"project_id":"${project}","object_id":"big","val":${text}}}`);
    const read = { project_id: project, object_id: 'big', digest: 'latest' };
    expect((await accepted('/obj/read', JSON.stringify(read))).includes(`"val":${text}}`)).toBe(true);
  });
});

describe('nesting', () => {
  const nested = (levels: number) => `${'['.repeat(levels)}${']'.repeat(levels)}`;

  it.each(['/call/upsert_batch', 'calls/complete'])(
    'takes 512 levels in %s; 513 are set aside, not their neighbours',
    async (route) => {
      const project = newProject('deep');
      const [deep, deeper, flat] = [newCallId(), newCallId(), newCallId()];
      const calls = [
        completed(project, deep, { output: nested(512), inputs: `{"v":${nested(511)}}` }),
        completed(project, deeper, { output: nested(513) }),
        completed(project, flat, { output: '1.0' }),
      ];
      const answer =
        route === 'calls/complete'
          ? await accepted(`/v2/${project}/calls/complete`, batch(...calls))
          : await accepted(route, batch(...calls.flatMap((call) => [startItem(call), endItem(call)])));
      const { errors } = JSON.parse(answer.toString()) as { errors: { index: number; reason: string }[] };
      const indexes = route === 'calls/complete' ? [1] : [2, 3];
      expect(errors).toEqual(indexes.map((index) => ({ index, reason: 'is nested deeper than 512' })));
      const read = await accepted('/calls/stream_query', JSON.stringify({ project_id: project }));
      expectBytes(read, `"output":${nested(512)},`);
      expectBytes(read, '"output":1.0,');
      expect(read.toString().split('\n')).toHaveLength(2);
    },
  );

  it('refuses a lone item with the reason', async () => {
    const project = newProject('deep');
    const body = `{"start":${started(project, newCallId(), { inputs: `{"v":${nested(512)}}` })}}`;
    for (const path of ['/call/start', `/v2/${project}/call/start`])
      expect(await refused(path, body)).toEqual({ status: 400, reason: 'start is nested deeper than 512' });
    const object = `{"obj":{"project_id":"${project}","object_id":"o","val":${nested(600)}}}`;
    expect(await refused('/obj/create', object)).toEqual({ status: 400, reason: expect.stringContaining('nested deeper') }); // prettier-ignore
    const query = `{"project_id":"${project}","query":${nested(600)}}`;
    expect((await refused('/calls/stream_query', query)).status).toBe(400);
  });
});

describe('invalid UTF-8', () => {
  const broken = (text: string) => Buffer.from(text.replaceAll('¤', '\u0001'), 'latin1').map((c) => (c === 1 ? 0xff : c)) as Buffer; // prettier-ignore

  it('sets the item aside and stores its neighbours', async () => {
    const project = newProject('utf8');
    const body = batch(...['"a"', '"¤"', '"b"'].map((output) => completed(project, newCallId(), { output })));
    const answer = await accepted(`/v2/${project}/calls/complete`, broken(body));
    expect(JSON.parse(answer.toString())).toEqual({ errors: [{ index: 1, reason: 'is not valid UTF-8' }] });
    const { count } = await stack.post<{ count: number }>('/calls/query_stats', { project_id: project });
    expect(count).toBe(2);
  });

  it('refuses objects, tables and feedback', async () => {
    const project = newProject('utf8');
    for (const [path, body] of [
      ['/obj/create', `{"obj":{"project_id":"${project}","object_id":"o","val":"¤"}}`],
      ['/table/create', `{"table":{"project_id":"${project}","rows":[{"a":"¤"}]}}`],
      [
        '/feedback/create',
        `{"project_id":"${project}","weave_ref":"r","feedback_type":"t","payload":{"a":"¤"}}`,
      ],
    ] as const)
      expect([path, await refused(path, broken(body))]).toEqual([
        path,
        { status: 400, reason: 'the body is not valid UTF-8' },
      ]);
  });
});

describe('compressed bodies', () => {
  const { zstdCompressSync } = zlib as { zstdCompressSync?: (bytes: Buffer) => Buffer };
  const encoders: [string, (bytes: Buffer) => Buffer][] = [
    ['identity', (bytes) => bytes],
    ['gzip', zlib.gzipSync],
    ['GZIP', zlib.gzipSync],
    ['x-gzip', zlib.gzipSync],
    ['deflate', zlib.deflateSync],
    ['deflate', zlib.deflateRawSync],
    ['br', zlib.brotliCompressSync],
    ...(zstdCompressSync === undefined
      ? []
      : ([['zstd', zstdCompressSync]] as [string, (b: Buffer) => Buffer][])),
  ];

  it.each(encoders)('%s is read', async (encoding, encode) => {
    const [project, id] = [newProject('encoded'), newCallId()];
    const body = Buffer.from(batch(completed(project, id, { output: TRICKY })));
    await accepted(`/v2/${project}/calls/complete`, encode(body), { 'content-encoding': encoding });
    expectBytes(
      await accepted('/call/read', JSON.stringify({ project_id: project, id })),
      `"output":${TRICKY},`,
    );
  });

  it('others are refused, broken ones too', async () => {
    const body = Buffer.from(batch());
    for (const encoding of ['snappy', 'gzip, gzip', 'compress'])
      expect(await refused('/call/upsert_batch', body, { 'content-encoding': encoding })).toEqual({
        status: 415,
        reason: expect.stringContaining('content-encoding'),
      });
    for (const [encoding, bytes] of [
      ['gzip', body],
      ['gzip', zlib.gzipSync(body).subarray(0, -4)],
      ['deflate', Buffer.concat([zlib.deflateSync(body), body])],
      ['br', body],
    ] as const)
      expect((await refused('/call/upsert_batch', bytes, { 'content-encoding': encoding })).status).toBe(400);
  });
});

describe('32 MiB', () => {
  /** A batch that is exactly so long. */
  function exactly(project: string, id: string, sizeBytes: number): Buffer {
    const body = (fill: string) => batch(completed(project, id, { output: `"${fill}"` }));
    return Buffer.from(body('x'.repeat(sizeBytes - body('').length)));
  }

  it.each([
    ['as sent', (bytes: Buffer) => bytes, undefined],
    ['inflated', (bytes: Buffer) => zlib.gzipSync(bytes, { level: 1 }), { 'content-encoding': 'gzip' }],
  ] as const)('are taken, one byte more is 413 (%s)', async (_, encode, headers) => {
    const [project, id] = [newProject('limit'), newCallId()];
    const path = `/v2/${project}/calls/complete`;
    await accepted(path, encode(exactly(project, id, 32 * MIB)), headers);
    const { status, reason } = await refused(
      path,
      encode(exactly(project, newCallId(), 32 * MIB + 1)),
      headers,
    );
    expect([status, reason]).toEqual([413, 'Request too large: at most 33554432 bytes, decoded']);
    const { count } = await stack.post<{ count: number }>('/calls/query_stats', { project_id: project });
    expect(count).toBe(1);
  });

  it('are told in JSON also to a client that does not say how much it sends', async () => {
    const chunk = Buffer.alloc(MIB, ' ');
    const body = new ReadableStream({
      start: (stream) => {
        for (let i = 0; i < 33; i++) stream.enqueue(chunk);
        stream.close();
      },
    });
    const res = await fetch(`${stack.url}/call/upsert_batch`, {
      method: 'POST',
      body,
      headers: { authorization: `Bearer ${apiKey}` },
      duplex: 'half',
    } as RequestInit);
    expect([res.status, await res.json()]).toEqual([413, { reason: expect.stringContaining('too large') }]);
  });
});
