import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { requireBackend, sharedS3 } from '@weft/testkit';
import { runCli } from '../cli.ts';

async function weft(env: Record<string, string>, ...args: string[]) {
  let [out, notes] = ['', ''];
  const port = { out: (text: string) => void (out += text), note: (text: string) => void (notes += text) };
  const code = await runCli(args, { ...port, env });
  return { code, out, notes };
}

const direct = (env: Record<string, string>, ...args: string[]) =>
  weft(env, 'storage', 'check', '--direct', ...args);

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'weft-cli-storage-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** All steps, in order, that went well. */
const ALL_WELL =
  /^✓ write +\d+ ms\n✓ read +\d+ ms\n✓ range +\d+ ms\n✓ list +\d+ ms\n✓ copy +\d+ ms\n✓ delete +\d+ ms\n$/;

describe('weft storage check --direct', () => {
  it('tries a folder without a server, and leaves nothing there', async () => {
    const store = join(folder, 'blobs');
    const uri = pathToFileURL(store).href;
    const { code, out, notes } = await direct({ WF_FILE_STORAGE_URI: uri });
    expect([code, notes]).toEqual([0, `${uri} does all that is needed, as seen from here\n`]);
    expect(out).toMatch(ALL_WELL);
    const left = readdirSync(store, { recursive: true, withFileTypes: true });
    expect(left.filter((entry) => entry.isFile())).toEqual([]);
  });

  it('answers in JSON', async () => {
    const uri = pathToFileURL(join(folder, 'json')).href;
    const { code, out, notes } = await direct({ WF_FILE_STORAGE_URI: uri }, '--json');
    expect([code, notes]).toEqual([0, '']);
    const answer = JSON.parse(out) as { steps: { step: string; ok: boolean; elapsed_ms: number }[] };
    expect(answer).toMatchObject({ uri, ok: true });
    expect(answer.steps[0]).toEqual({ step: 'write', ok: true, elapsed_ms: expect.any(Number) });
    expect(answer.steps.map(({ step }) => step)).toEqual([
      'write',
      'read',
      'range',
      'list',
      'copy',
      'delete',
    ]);
  });

  it('exits 1 and says which step failed and why', async () => {
    const file = join(folder, 'a-file');
    writeFileSync(file, '');
    const uri = pathToFileURL(file).href;
    const { code, out, notes } = await direct({ WF_FILE_STORAGE_URI: uri });
    expect([code, notes]).toEqual([1, `${uri} does not do what is needed, as seen from here\n`]);
    expect(out).toMatch(/^✗ write +\d+ ms {2}\w+: .*a-file.*\n$/);
    const json = await direct({ WF_FILE_STORAGE_URI: uri }, '--json');
    expect([json.code, JSON.parse(json.out)]).toEqual([
      1,
      expect.objectContaining({ ok: false, steps: [expect.objectContaining({ step: 'write', ok: false, message: expect.any(String) })] }), // prettier-ignore
    ]);
  });

  it.each([
    [{ WF_FILE_STORAGE_URI: 'ftp://hunter2' }, 'WF_FILE_STORAGE_URI has a scheme'],
    [{ WF_FILE_STORAGE_URI: 's3://key:hunter2@bucket' }, 'WF_FILE_STORAGE_URI may hold no credentials'],
    [
      { WF_FILE_STORAGE_URI: 's3://bucket', WF_FILE_STORAGE_AWS_SECRET_ACCESS_KEY: 'hunter2' },
      'WF_FILE_STORAGE_AWS_ACCESS_KEY_ID',
    ],
    [
      { WF_FILE_STORAGE_URI: 'az://account/traces', WF_FILE_STORAGE_AZURE_CONNECTION_STRING: 'hunter2' },
      'WF_FILE_STORAGE_AZURE_CONNECTION_STRING',
    ],
    [
      { WF_FILE_STORAGE_URI: 'gs://bucket', WF_FILE_STORAGE_GCP_CREDENTIALS_JSON_B64: 'hunter2' },
      'WF_FILE_STORAGE_GCP_CREDENTIALS_JSON_B64',
    ],
    [
      { WF_FILE_STORAGE_URI: 's3://bucket', WF_FILE_STORAGE_PROJECT_RAMP_PCT: 'hunter2' },
      'WF_FILE_STORAGE_PROJECT_RAMP_PCT: must be an integer from 0 to 100',
    ],
    [{}, 'WF_FILE_STORAGE_URI is not set here'],
  ])('names what is wrong in %j, and shows no value', async (env, message) => {
    const { code, out, notes } = await direct(env as Record<string, string>);
    expect([code, out, notes]).toEqual([1, '', expect.stringContaining(message)]);
    expect(notes).not.toContain('hunter2');
    const doctor = await weft(env as Record<string, string>, 'doctor', '--data-dir', join(folder, 'none'));
    const known = 'WF_FILE_STORAGE_URI' in env;
    expect(doctor.out).toMatch(
      known ? /^FAILED +bucket: WF_/m : /^- +bucket: WF_FILE_STORAGE_URI is not set here/m,
    );
    expect(doctor.out).not.toContain('hunter2');
  });

  it('is mentioned by the doctor where the settings are right', async () => {
    const { out } = await weft({ WF_FILE_STORAGE_URI: 's3://traces' }, 'doctor', '--data-dir', folder);
    expect(out).toMatch(/^ok +bucket: s3:\/\/traces; "weft storage check --direct" tries it/m);
  });
});

requireBackend('s3', describe)('weft storage check --direct in S3', () => {
  it('tries a bucket, and says what is wrong with one that is not there', async () => {
    const server = await sharedS3();
    try {
      const env = server.environment(await server.createBucket());
      const well = await direct(env);
      expect([well.code, well.out]).toEqual([0, expect.stringMatching(ALL_WELL)]);
      const secret = 'hunter2-hunter2-hunter2';
      for (const [over, trouble] of [
        [{ WF_FILE_STORAGE_URI: 's3://there-is-none' }, 'no_bucket'],
        [{ WF_FILE_STORAGE_AWS_SECRET_ACCESS_KEY: secret }, 'denied'],
      ] as const) {
        const { code, out, notes } = await direct({ ...env, ...over });
        expect([code, out]).toEqual([
          1,
          expect.stringMatching(new RegExp(`^✗ write +\\d+ ms {2}${trouble}: `)),
        ]);
        expect(out + notes).not.toContain(secret);
      }
    } finally {
      await server.stop();
    }
  }, 120_000);
});
