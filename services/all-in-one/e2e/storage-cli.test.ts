import { randomBytes } from 'node:crypto';
import { rename, rm, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { eventually, spawnBundle, tcpProxy } from '@weft/testkit';
import { newCallId } from './calls.ts';
import {
  age,
  blobs,
  claimedCall,
  close,
  dataDir,
  deleteCalls,
  EASY_GRACE_MS,
  expectRead,
  gc,
  here,
  HOUR_MS,
  keys,
  largeJson,
  nameOf,
  open,
  sendCall,
  server,
  stored,
  uploadFile,
  weft,
  withLog,
  type Done,
} from './garbage.ts';
import { cleanUp, runBundle } from './server-process.ts';
import { newProject } from './stack.ts';

/** `weft storage` against a server, as its user runs it: a bundle in a process of its own. */

here('weft storage', () => {
  beforeAll(() => open(), 120_000);
  afterAll(async () => {
    await close();
    await cleanUp();
  });

  describe('on the command line', () => {
    it('is told, moved and deleted', async () => {
      const project = newProject('gc-cli');
      const json = largeJson();
      const kept = await sendCall(project, { inputs: largeJson() });
      await deleteCalls(project, await sendCall(project, { inputs: json }));
      await uploadFile(project, randomBytes(2048));
      await age(project, 26 * HOUR_MS);
      const gcOf = (...args: string[]) => weft('admin', 'storage', 'gc', '--project', project, ...args);

      const dry = await gcOf('--dry-run');
      const size = '391 KiB';
      expect([dry.code, dry.stdout]).toEqual([
        0,
        `PROJECT${' '.repeat(project.length - 7)}  LOOKED AT    REFERENCED   KEPT  TO TRASH     TO RESTORE  TO DELETE\n` +
          `${project}  2 (781 KiB)  1 (${size})  -     1 (${size})  -           -\n` +
          'nothing was done: this is what a run without --dry-run would do\n',
      ]);
      expect((await stored(project)).trash).toEqual([]);
      const wet = await gcOf('--grace-hours', '1', '--json');
      const done = JSON.parse(wet.stdout.trim().split('\n').at(-1)!) as Done;
      expect([wet.code, done.total.trashed]).toEqual([0, { blobs: 1, bytes: json.length }]);
      await age(project, 26 * HOUR_MS);
      const last = await gcOf();
      expect([last.code, last.stdout]).toEqual([0, expect.stringMatching(/DELETED\n\S+ +2 .* {2}- {5}- {8}- {9}1 \(391 KiB\)\n$/)]); // prettier-ignore
      expect((await stored(project)).trash).toEqual([]);

      const usage = await weft('admin', 'storage', 'usage', '--project', project);
      expect(usage.stdout).toMatch(/^PROJECT +BLOB FILES +TABLE FILES +PAYLOADS\n\S+ +- +1 \(2\.0 KiB\) +1 \(391 KiB\)\n$/); // prettier-ignore
      expect(usage.output).toContain(`new blobs go to ${blobs.uri}\n`);
      await uploadFile(newProject('gc-cli'), randomBytes(1));
      const all = await weft('admin', 'storage', 'usage', '--json');
      expect(JSON.parse(all.stdout)).toMatchObject({ uri: blobs.uri, truncated: false });
      expect((await weft('admin', 'storage', 'usage')).stdout).toMatch(
        /^all +- +2 \(2\.0 KiB\) +1 \(391 KiB\)$/m,
      );
      await deleteCalls(project, kept);
    }, 60_000);

    it('is checked for before it is there', async () => {
      const check = await weft('admin', 'storage', 'check');
      expect([check.code, check.stdout]).toEqual([0, expect.stringMatching(/^(✓ (write|read|range|list|copy|delete) +\d+ ms\n){6}$/)]); // prettier-ignore
      expect(check.output).toContain(`${blobs.uri} does all that is needed, as seen from the server\n`);
      const direct = await runBundle('cli', ['storage', 'check', '--direct'], { WF_FILE_STORAGE_URI: blobs.uri }); // prettier-ignore
      expect([direct.code, direct.output]).toEqual([0, expect.stringContaining('as seen from here')]);
    });

    it.each([['check'], ['gc', '--project', 'team/x']])('is refused to others: %s %s %s', async (...args) => {
      expect(await weft('writer', 'storage', ...args)).toMatchObject({ code: 1, stdout: '', output: expect.stringContaining('says 403') });
    }); // prettier-ignore

    it('goes on where it was cut short', async () => {
      const project = newProject('gc-cut');
      const json = largeJson();
      await deleteCalls(project, await sendCall(project, { inputs: json }));
      await age(project);
      await gc(project);
      const id = newCallId();
      await withLog((log) => log.append('trace-events', [claimedCall(project, id, json)]));
      await age(project, 26 * HOUR_MS);
      // It waits a minute at its end, for what it has brought back.
      const { hostname, port } = new URL(server.url);
      const proxy = await tcpProxy({ target: { host: hostname, port: Number(port) } });
      const args = ['storage', 'gc', '--project', project, '--json'];
      const child = spawnBundle('cli', args, { WEFT_URL: `http://127.0.0.1:${proxy.port}`, WEFT_API_KEY: keys.get('admin')! }); // prettier-ignore
      try {
        await eventually(() => child.stdout().includes('"kind":"progress"'));
        expect(await weft('admin', ...args)).toMatchObject({ code: 1, output: expect.stringContaining('says 429') }); // prettier-ignore
        proxy.reset();
        expect((await child.ended).code).toBe(1);
      } finally {
        child.kill('SIGKILL');
        await proxy.stop();
      }
      const [, after] = /go on with --after (\S+)\n/.exec(child.output()) ?? [];
      expect(after).toMatch(/^weave\//);
      const rest = await eventually(async () => {
        const run = await weft('admin', ...args.slice(0, -1), '--after', after!, '--grace-hours', '0.004');
        return run.output.includes('says 429') ? undefined : run;
      });
      expect(rest).toMatchObject({ code: 0, output: expect.stringContaining('counted from --after on') });
      await expectRead(project, id, { inputs: json });
      expect((await stored(project)).live).toEqual([nameOf(json)]);
    }, 120_000);
  });

  describe('where the store is away', () => {
    const moved = async (work: () => Promise<void>): Promise<void> => {
      const folder = join(dataDir, 'blobs');
      await rename(folder, `${folder}-away`);
      // A folder that is not there would be made anew.
      await symlink('nowhere', folder);
      try {
        await work();
      } finally {
        await rm(folder);
        await rename(`${folder}-away`, folder);
      }
    };

    it('is left alone, and why is said', () =>
      moved(async () => {
        const check = await weft('admin', 'storage', 'check');
        expect([check.code, check.stdout]).toEqual([1, expect.stringMatching(/^✗ write +\d+ ms {2}no_bucket: .*\n$/)]); // prettier-ignore
        expect(check.output).toContain('does not do what is needed, as seen from the server\n');
        const run = await weft('admin', 'storage', 'gc', '--dry-run');
        expect([run.code, run.stdout, run.output]).toEqual([1, '', expect.stringContaining('says 503: ')]);
        expect((await weft('admin', 'storage', 'usage')).code).toBe(0);
      }));

    it('goes later, when the store goes in the middle of a run', async () => {
      const project = newProject('gc-away');
      const json = largeJson();
      await deleteCalls(project, await sendCall(project, { inputs: json }));
      await age(project);
      await gc(project);
      const id = newCallId();
      await withLog((log) => log.append('trace-events', [claimedCall(project, id, json)]));
      await age(project);
      const grace = String(EASY_GRACE_MS / HOUR_MS).slice(0, 8);
      const args = ['storage', 'gc', '--project', project, '--grace-hours', grace, '--json'];
      const child = spawnBundle('cli', args, { WEFT_URL: server.url, WEFT_API_KEY: keys.get('admin')! });
      await eventually(() => child.stdout().includes('"kind":"progress"'));
      await moved(async () => {
        expect((await child.ended).code).toBe(1);
        expect(child.output()).toMatch(/go on with --after weave\/.*\nweft: the answer of \S+ broke off \(/);
      });
      await expectRead(project, id, { inputs: json });
      await age(project);
      await gc(project);
      await expectRead(project, id, { inputs: json });
      expect((await stored(project)).live).toEqual([nameOf(json)]);
    }, 60_000);
  });
});
