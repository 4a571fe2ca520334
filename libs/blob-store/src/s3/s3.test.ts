import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { createHash } from 'node:crypto';
import { buffer } from 'node:stream/consumers';
import { ConfigError, Secret } from '@weft/runtime';
import { eventually, requireBackend, s3At, sharedS3, startS3, type S3Access } from '@weft/testkit';
import { StorageUnavailable, type BlobStore } from '../blob-store.ts';
import type { BlobStoreConfig } from '../env.ts';
import { bytesOf, MIB, sourceOf } from '../testing/content.ts';
import { s3ConfigOf } from '../testing/s3-config.ts';
import {
  scriptedServer,
  type ScriptedAnswer,
  type ScriptedServer,
  type SeenRequest,
} from '../testing/scripted-server.ts';
import { openS3Store } from './s3.ts';

const BIG = 9 * MIB;
const opened: { close?(): Promise<void>; stop?(): Promise<void> }[] = [];
afterEach(async () => {
  for (const one of opened.splice(0)) await (one.close ?? one.stop)!.call(one);
});

function open(uri: string, config: BlobStoreConfig, timeoutMs = 20_000): BlobStore {
  const store = openS3Store(uri, config, { timeoutMs });
  opened.push(store);
  return store;
}

async function scripted(
  answer: (request: SeenRequest) => ScriptedAnswer | undefined,
  behind?: string,
): Promise<ScriptedServer> {
  const server = await scriptedServer(answer, behind);
  opened.push(server);
  return server;
}

/** A store whose server says this, whatever it is asked. */
async function told(answer: ScriptedAnswer, timeoutMs = 500): Promise<BlobStore> {
  const { url } = await scripted(() => answer);
  return open('s3://bucket', s3ConfigOf(s3At(url)), timeoutMs);
}

async function failure(work: Promise<unknown>): Promise<StorageUnavailable> {
  const error: unknown = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(StorageUnavailable);
  return error as StorageUnavailable;
}

async function firstPage(store: BlobStore): Promise<unknown> {
  for await (const page of store.list('a')) return page;
  return undefined;
}

const refusal = (code: string, more = ''): string =>
  `<?xml version="1.0"?><Error><Code>${code}</Code><Message>words</Message>${more}</Error>`;

describe('openS3Store', () => {
  it.each<[string, BlobStoreConfig, string]>([
    ['s3://', {}, 'WF_FILE_STORAGE_URI'],
    ['s3://bucket/folder', {}, 'WF_FILE_STORAGE_URI'],
    ['s3://a b', {}, 'WF_FILE_STORAGE_URI'],
    ['s3://b', { WF_FILE_STORAGE_AWS_ACCESS_KEY_ID: 'id' }, 'WF_FILE_STORAGE_URI'],
    ['s3://bucket', { WF_FILE_STORAGE_AWS_ACCESS_KEY_ID: 'id' }, 'WF_FILE_STORAGE_AWS_SECRET_ACCESS_KEY'],
    ['s3://bucket', { WF_FILE_STORAGE_AWS_SECRET_ACCESS_KEY: new Secret('hush') }, 'WF_FILE_STORAGE_AWS_ACCESS_KEY_ID'],
    ['s3://bucket', { WF_FILE_STORAGE_AWS_SESSION_TOKEN: new Secret('hush') }, 'WF_FILE_STORAGE_AWS_SESSION_TOKEN'],
    ['s3://bucket', { WEFT_FILE_STORAGE_AWS_ENDPOINT: 'minio:9000' }, 'WEFT_FILE_STORAGE_AWS_ENDPOINT'],
    ['s3://bucket', { WEFT_FILE_STORAGE_AWS_ENDPOINT: 'http://me:hush@minio' }, 'WEFT_FILE_STORAGE_AWS_ENDPOINT'],
    ['s3://bucket', { WEFT_FILE_STORAGE_AWS_ENDPOINT: 'http://minio/?x=1' }, 'WEFT_FILE_STORAGE_AWS_ENDPOINT'],
  ])('refuses %s %p', (uri, config, variable) => {
    const refused = expect.objectContaining({ variables: [variable] });
    expect(() => openS3Store(uri, config)).toThrow(refused as never);
    expect(() => openS3Store(uri, config)).toThrow(ConfigError);
    expect(() => openS3Store(uri, config)).not.toThrow('hush');
  }); // prettier-ignore

  it('says where it is', async () => {
    expect(open('s3://bucket', {}).uri).toBe('s3://bucket');
  });
});

describe('what a store answers', () => {
  it.each<[number, string, string, RegExp]>([
    [403, 'InvalidAccessKeyId', 'denied', /nobody has this access key id.*WF_FILE_STORAGE_AWS_ACCESS_KEY_ID/],
    [403, 'SignatureDoesNotMatch', 'denied', /secret key is not that/],
    [403, 'AccessDenied', 'denied', /s3:PutObject/],
    [400, 'ExpiredToken', 'denied', /token has expired/],
    [403, 'RequestTimeTooSkewed', 'denied', /clocks/],
    [400, 'KMS.DisabledException', 'denied', /KMS/],
    [404, 'NoSuchBucket', 'no_bucket', /create the bucket.*WF_FILE_STORAGE_URI/],
    [400, 'AuthorizationHeaderMalformed', 'no_bucket', /WF_FILE_STORAGE_AWS_REGION/],
    [503, 'SlowDown', 'throttled', /SlowDown/],
    [429, 'TooManyRequests', 'throttled', /429/],
    [500, 'InternalError', 'unreachable', /500/],
    [400, 'RequestTimeout', 'timeout', /RequestTimeout/],
    [400, 'BadDigest', 'corrupt', /BadDigest/],
    [507, 'XMinioStorageFull', 'full', /make room/],
    [418, 'Teapot', 'denied', /418 Teapot/],
  ])('%i %s is %s', async (status, code, trouble, message) => {
    const store = await told({ status, body: refusal(code) });
    const works = [() => store.put('key', sourceOf(bytesOf(10))), () => store.delete(['key'])];
    for (const work of works) {
      const error = await failure(work());
      expect(error.trouble).toBe(trouble);
      expect(error.message).toMatch(message);
      expect(error.message).toMatch(/^s3:\/\/bucket at 127\.0\.0\.1:\d+ /);
    }
  }); // prettier-ignore

  it('names the region that the bucket is in', async () => {
    const headers = { 'x-amz-bucket-region': 'ap-south-1' };
    const store = await told({ status: 301, headers, body: refusal('PermanentRedirect') });
    for (const work of [() => store.get('key'), () => store.head('key')]) {
      const error = await failure(work());
      expect(error.trouble).toBe('no_bucket');
      expect(error.message).toContain('the bucket is in the region ap-south-1');
    }
  });

  it('is not understood when it is no store that answers', async () => {
    const page = { headers: { 'content-type': 'text/html' }, body: '<html><br>Welcome<p>' };
    for (const status of [200, 404, 502]) {
      const store = await told({ status, ...page });
      const error = await failure(firstPage(store));
      expect([status, error.trouble]).toEqual([status, status === 404 ? 'no_bucket' : 'unreachable']);
    }
  });

  it('may ask for a pause', async () => {
    let asked = 0;
    const { url } = await scripted(() =>
      ++asked === 1
        ? { status: 503, headers: { 'retry-after': '30' }, body: refusal('SlowDown') }
        : { status: 404 },
    );
    const store = open('s3://bucket', s3ConfigOf(s3At(url)), 2000);
    expect((await failure(store.head('key'))).trouble).toBe('throttled');
    expect(asked).toBe(1);
  });

  it('may refuse a part of a deletion, and do it later', async () => {
    const one = (code: string) =>
      `<DeleteResult><Error><Key>a</Key><Code>${code}</Code><Message/></Error></DeleteResult>`;
    const answers = [one('InternalError'), one('NoSuchKey'), one('AccessDenied')];
    const { url, seen } = await scripted(() => ({ status: 200, body: answers.shift()! }));
    const store = open('s3://bucket', s3ConfigOf(s3At(url)));
    await store.delete(['a', 'b<&']);
    expect(seen).toHaveLength(2);
    expect(seen[1]!.body).toContain('<Key>b&lt;&amp;</Key>');
    expect((await failure(store.delete(['a']))).trouble).toBe('denied');
  });

  it('may be an error after a good status', async () => {
    const answers = ['InternalError', 'SlowDown'].map((code) => ({ status: 200, body: refusal(code) }));
    const { url, seen } = await scripted(({ method }) => {
      if (method === 'HEAD') return { status: 200, headers: { 'content-length': '10' } };
      const copied = '<CopyObjectResult><ETag>"a"</ETag></CopyObjectResult>';
      return answers.shift() ?? { status: 200, body: copied };
    });
    expect(await open('s3://bucket', s3ConfigOf(s3At(url))).copy('a', 'b')).toBe(true);
    expect(seen.filter(({ method }) => method === 'PUT')).toHaveLength(3);
  });

  it('may not know conditions', async () => {
    let isThere = false;
    const { url, seen } = await scripted(({ method, headers }) => {
      if (headers['if-none-match'] !== undefined) return { status: 501, body: refusal('NotImplemented') };
      return { status: method === 'HEAD' && !isThere ? 404 : 200 };
    });
    const store = open('s3://bucket', s3ConfigOf(s3At(url)));
    expect(await store.put('key', sourceOf(bytesOf(10)))).toBe('created');
    isThere = true;
    expect(await store.put('key', sourceOf(bytesOf(10)))).toBe('exists');
    expect(seen.map(({ method }) => method)).toEqual(['PUT', 'HEAD', 'PUT', 'PUT', 'HEAD']);
  });
});

describe('credentials', () => {
  const NAMES = Object.keys(process.env).filter((name) => name.startsWith('AWS_'));
  const before = NAMES.map((name) => [name, process.env[name]] as const);
  const set = (values: Record<string, string>) => {
    for (const name of Object.keys(process.env)) if (name.startsWith('AWS_')) delete process.env[name];
    const none = { AWS_CONFIG_FILE: '/dev/null', AWS_SHARED_CREDENTIALS_FILE: '/dev/null' };
    Object.assign(process.env, none, { AWS_EC2_METADATA_DISABLED: 'true' }, values);
  };
  afterAll(() => {
    set({});
    Object.assign(process.env, Object.fromEntries(before));
  });

  it('are those of the environment where none are set, and so is the region', async () => {
    set({ AWS_ACCESS_KEY_ID: 'ambient', AWS_SECRET_ACCESS_KEY: 'hush', AWS_REGION: 'eu-north-1' });
    const { url, seen } = await scripted(() => ({ status: 404 }));
    expect(
      await open('s3://bucket', { WEFT_FILE_STORAGE_AWS_ENDPOINT: `${url}/` }).head('key'),
    ).toBeUndefined();
    expect(seen[0]!.path).toBe('/bucket/key');
    expect(seen[0]!.headers.authorization).toMatch(/Credential=ambient\/\d+\/eu-north-1\/s3\//);
  });

  it('are temporary with a token', async () => {
    const { url, seen } = await scripted(() => ({ status: 404 }));
    const WF_FILE_STORAGE_AWS_SESSION_TOKEN = new Secret('a-token');
    await open('s3://bucket', { ...s3ConfigOf(s3At(url)), WF_FILE_STORAGE_AWS_SESSION_TOKEN }).head('key');
    expect(seen[0]!.headers['x-amz-security-token']).toBe('a-token');
  });

  it('are missed by name', async () => {
    set({});
    const { url, seen } = await scripted(() => ({ status: 404 }));
    const error = await failure(open('s3://bucket', { WEFT_FILE_STORAGE_AWS_ENDPOINT: url }).head('key'));
    expect(error.trouble).toBe('denied');
    expect(error.message).toMatch(/the environment has no credentials.*WF_FILE_STORAGE_AWS_ACCESS_KEY_ID/);
    expect(seen).toEqual([]);
  });

  it('are of us-east-1 where nothing says a region', async () => {
    set({ AWS_ACCESS_KEY_ID: 'ambient', AWS_SECRET_ACCESS_KEY: 'hush' });
    const { url, seen } = await scripted(() => ({ status: 404 }));
    await open('s3://bucket', { WEFT_FILE_STORAGE_AWS_ENDPOINT: url }).head('key');
    expect(seen[0]!.headers.authorization).toContain('/us-east-1/s3/');
  });
});

requireBackend('s3', describe)('a bucket', () => {
  let s3: S3Access & { stop(): Promise<void> };
  let bucket: string;
  beforeAll(async () => {
    s3 = await sharedS3();
    bucket = await s3.createBucket();
  }, 120_000);
  afterAll(() => s3?.stop());

  const read = async (store: BlobStore, key: string) => buffer((await store.get(key))!.body);

  /** What a put of both sizes and a copy send. */
  async function sent(config: BlobStoreConfig, prefix: string): Promise<readonly SeenRequest[]> {
    const { url, seen } = await scripted(() => undefined, s3.url);
    const store = open(`s3://${bucket}`, { ...s3ConfigOf(s3At(url)), ...config });
    await store.put(`${prefix}/small`, sourceOf(bytesOf(1000)));
    await store.put(`${prefix}/big`, sourceOf(bytesOf(BIG)));
    await store.copy(`${prefix}/big`, `${prefix}/copy`);
    expect((await read(store, `${prefix}/copy`)).equals(bytesOf(BIG))).toBe(true);
    return seen;
  }
  const named = (seen: readonly SeenRequest[], prefix: string) => {
    const path = `/${bucket}/${prefix}`;
    const find = (method: string, start: string) =>
      seen.find((one) => one.method === method && one.path.startsWith(`${path}${start}`))!;
    return {
      small: find('PUT', '/small'),
      create: find('POST', '/big?uploads'),
      part: find('PUT', '/big?'),
      complete: find('POST', '/big?uploadId'),
      copy: find('PUT', '/copy'),
    };
  };

  it('is encrypted with the KMS key that is set', async () => {
    const seen = await sent({ WF_FILE_STORAGE_AWS_KMS_KEY: 'arn:aws:kms:eu:1:key/k' }, 'kms');
    const { small, create, part, complete, copy } = named(seen, 'kms');
    for (const { headers } of [small, create, copy]) {
      expect(headers['x-amz-server-side-encryption']).toBe('aws:kms');
      expect(headers['x-amz-server-side-encryption-aws-kms-key-id']).toBe('arn:aws:kms:eu:1:key/k');
    }
    for (const { headers } of [part, complete])
      expect(Object.keys(headers).filter((name) => name.includes('encryption'))).toEqual([]);
  });

  it('is as the bucket says without one', async () => {
    const seen = await sent({}, 'plain');
    const headers = seen.flatMap((one) => Object.keys(one.headers));
    expect(headers.filter((name) => name.includes('encryption'))).toEqual([]);
  });

  it('gets the checksum of what it is sent, in the signature too', async () => {
    const { small, create, part, complete } = named(await sent({}, 'sums'), 'sums');
    for (const { headers, body } of [small, part]) {
      const hash = createHash('sha256').update(body, 'latin1');
      expect(headers['x-amz-checksum-sha256']).toBe(hash.copy().digest('base64'));
      expect(headers['x-amz-content-sha256']).toBe(hash.digest('hex'));
      expect(headers['content-length']).toBe(String(body.length));
    }
    expect(create.headers['x-amz-checksum-algorithm']).toBe('SHA256');
    expect(complete.body).toContain(`<ChecksumSHA256>${part.headers['x-amz-checksum-sha256'] as string}<`);
    for (const { headers } of [small, complete]) expect(headers['if-none-match']).toBe('*');
  });

  it('is told from one in another region', async () => {
    const store = open(`s3://${bucket}`, { ...s3ConfigOf(s3), WF_FILE_STORAGE_AWS_REGION: 'eu-west-3' });
    const error = await failure(store.get('key'));
    expect(error.trouble).toBe('no_bucket');
    expect(error.message).toContain('WF_FILE_STORAGE_AWS_REGION');
  });

  it('is reached in spite of a clock that is wrong', async () => {
    const now = Date.now;
    const clock = jest.spyOn(Date, 'now').mockImplementation(() => now() + 3_600_000);
    try {
      const store = open(`s3://${bucket}`, s3ConfigOf(s3));
      expect(await store.put('skewed', sourceOf(bytesOf(10)))).toBe('created');
    } finally {
      clock.mockRestore();
    }
  });

  it('serves more requests at once than there are connections', async () => {
    const store = open(`s3://${bucket}`, s3ConfigOf(s3));
    const keys = Array.from({ length: 120 }, (_, i) => `crowd/${i}`);
    const put = await Promise.all(keys.map((key, i) => store.put(key, sourceOf(bytesOf(1000, i % 250)))));
    expect(new Set(put)).toEqual(new Set(['created']));
    const found = await Promise.all(keys.map((key) => read(store, key)));
    expect(found.every((bytes, i) => bytes.equals(bytesOf(1000, i % 250)))).toBe(true);
  });

  it('leaves no parts behind', async () => {
    const store = open(`s3://${bucket}`, s3ConfigOf(s3));
    const broken = sourceOf(bytesOf(BIG), () => {
      throw new Error('gone');
    });
    const { url, seen } = await scripted(() => undefined, s3.url);
    const watched = open(`s3://${bucket}`, s3ConfigOf(s3At(url)));
    await expect(watched.put('broken', broken)).rejects.toThrow();
    await eventually(() =>
      seen.some(({ method, path }) => method === 'DELETE' && path.includes('uploadId=')),
    );
    expect(await store.head('broken')).toBeUndefined();
  });

  it('keeps what it was given when its server is killed', async () => {
    const own = await startS3();
    opened.push(own);
    const store = open(`s3://${await own.createBucket()}`, s3ConfigOf(own));
    await store.put('small', sourceOf(bytesOf(1000)));
    await store.put('big', sourceOf(bytesOf(BIG)));
    await own.kill();
    const waiting = read(store, 'small');
    await own.restart();
    expect((await waiting).equals(bytesOf(1000))).toBe(true);
    expect((await read(store, 'big')).equals(bytesOf(BIG))).toBe(true);
  });
});
