import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { bytesSource, projectPrefix, trashKey, type BlobKind } from '@weft/file-storage';
import { eventually, requireBackend, sharedS3 } from '@weft/testkit';
import { newCallId } from './calls.ts';
import {
  age,
  blobs,
  blobsOf,
  claimedCall,
  close,
  deleteCalls,
  EASY_GRACE_MS,
  expectRead,
  gc,
  here,
  HOUR_MS,
  largeJson,
  listed,
  nameOf,
  ok,
  open,
  openIn,
  putOrphan,
  readFile,
  send,
  sendCall,
  stored,
  uploadFile,
  weft,
  withLog,
  type Done,
} from './garbage.ts';
import { cleanUp } from './server-process.ts';
import { newProject } from './stack.ts';

/** Garbage in the blob store of a whole server: what goes, what stays, what comes back, and who may say so. */

const DAY_MS = 24 * HOUR_MS;
/** Short enough to be waited for. */
const GRACE_MS = 2000;

here('garbage in the blob store', () => {
  beforeAll(() => open(), 120_000);
  afterAll(async () => {
    await close();
    await cleanUp();
  });

  const checkTwoGraces = async (): Promise<void> => {
    const project = newProject('gc');
    const [shared, own, other, output] = [largeJson(), largeJson(), largeJson(), largeJson(1_000_000)];
    const file = randomBytes(300_000);
    const gone = await sendCall(project, { inputs: shared, attributes: own });
    const kept = { inputs: shared, output, attributes: other };
    const keptId = await sendCall(project, kept);
    const digest = await uploadFile(project, file);
    const orphan = await putOrphan(project, 'files', randomBytes(400_000));
    await deleteCalls(project, gone);
    const garbage = [`files/${orphan}`, nameOf(own)].sort();
    const rest = [`files/${digest}`, nameOf(shared), nameOf(other), nameOf(output)].sort();
    const all = [...garbage, ...rest].sort();
    const expectWhole = async () => {
      await expectRead(project, keptId, kept);
      expect((await readFile(project, digest)).equals(file)).toBe(true);
    };

    // Too young to decide.
    const early = await gc(project, HOUR_MS);
    expect(blobsOf(early.total)).toEqual({ scanned: 6, kept: 6 });
    expect(await stored(project)).toEqual({ live: all, trash: [] });

    // Until both are old, by a clock of whole seconds: else one may be deleted in the run that trashes the other.
    await sleep(GRACE_MS + 2000);
    await eventually(async () => {
      await gc(project, GRACE_MS);
      const { live, trash } = await stored(project);
      await expectWhole();
      expect([...live, ...trash].sort()).toEqual(all);
      return trash.length === garbage.length;
    });
    expect(await stored(project)).toEqual({ live: rest, trash: garbage });
    await eventually(async () => {
      const { total } = await gc(project, GRACE_MS);
      expect([total.trashed.blobs, total.restored.blobs]).toEqual([0, 0]);
      await expectWhole();
      return (await stored(project)).trash.length === 0;
    });
    expect(await stored(project)).toEqual({ live: rest, trash: [] });
    expect(blobsOf((await gc(project, GRACE_MS)).total)).toEqual({ scanned: 4, referenced: 4 });
  };

  it(
    'goes after two graces, and what is referenced is read byte for byte all the while',
    () => checkTwoGraces(),
    120_000,
  );

  it('is only told on a dry run', async () => {
    const project = newProject('gc-dry');
    const [own, kept] = [largeJson(), largeJson()];
    await deleteCalls(project, await sendCall(project, { inputs: own }));
    const id = await sendCall(project, { inputs: kept });
    await age(project);
    const before = [await listed(projectPrefix(project)), await listed(trashKey(projectPrefix(project)))];
    const dry = await gc(project, EASY_GRACE_MS, { dry_run: true });
    const trashed = { blobs: 1, bytes: own.length };
    expect([dry.dry_run, dry.total.trashed, dry.total.referenced]).toEqual([true, trashed, { blobs: 1, bytes: kept.length }]); // prettier-ignore
    expect([await listed(projectPrefix(project)), await listed(trashKey(projectPrefix(project)))]).toEqual(before); // prettier-ignore
    const wet = await gc(project);
    expect([wet.dry_run, wet.total]).toEqual([false, dry.total]);
    expect(wet.projects).toEqual([{ project_id: project, ...wet.total }]);

    await age(project);
    const again = await gc(project, EASY_GRACE_MS, { dry_run: true });
    expect([again.total.deleted, await stored(project)]).toEqual([trashed, { live: [nameOf(kept)], trash: [nameOf(own)] }]); // prettier-ignore
    await expectRead(project, id, { inputs: kept });
  });

  it('takes all payloads of a project whose calls are all deleted, and none of its files', async () => {
    const project = newProject('gc-all');
    const ids = [];
    for (let i = 0; i < 5; i++)
      ids.push(await sendCall(project, { inputs: largeJson(), output: largeJson() }));
    const file = randomBytes(300_000);
    const digest = await uploadFile(project, file);
    await deleteCalls(project, ...ids);
    await age(project);
    expect(blobsOf((await gc(project)).total)).toEqual({ scanned: 11, referenced: 1, trashed: 10 });
    await age(project);
    expect(blobsOf((await gc(project)).total)).toEqual({ scanned: 11, referenced: 1, deleted: 10 });
    expect(await stored(project)).toEqual({ live: [`files/${digest}`], trash: [] });
    expect((await readFile(project, digest)).equals(file)).toBe(true);
  });

  it('keeps the payload of an event as long as the log may have it', async () => {
    const project = newProject('gc-events');
    const text = randomBytes(300_000).toString('hex');
    const obj = { project_id: project, object_id: 'large', val: { text } };
    const { digest } = JSON.parse((await ok('/obj/create', { obj })).toString()) as { digest: string };
    const read = async () => {
      const answer = await ok('/obj/read', { project_id: project, object_id: 'large', digest });
      expect((JSON.parse(answer.toString()) as { obj: { val: object } }).obj.val).toEqual({ text });
    };
    await read();
    const { live } = await stored(project);
    expect(live).toEqual([expect.stringMatching(/^events\//)]);
    // Something that the tables know the project by.
    await sendCall(project, {});
    for (const [ms, outcome] of [
      [6 * DAY_MS, 'kept'],
      [8 * DAY_MS, 'trashed'],
      [6 * DAY_MS, 'kept'],
      [8 * DAY_MS, 'deleted'],
    ] as const) {
      await age(project, ms);
      expect([ms, blobsOf((await gc(project)).total)]).toEqual([ms, { scanned: 1, [outcome]: 1 }]);
      await read();
    }
    expect(await stored(project)).toEqual({ live: [], trash: [] });
  });

  it('comes back when something refers to it again, and is read in between', async () => {
    const project = newProject('gc-back');
    const [again, sentAgain] = [largeJson(), largeJson()];
    await deleteCalls(project, await sendCall(project, { inputs: again, attributes: sentAgain }));
    await age(project);
    const garbage = [nameOf(again), nameOf(sentAgain)].sort();
    expect(blobsOf((await gc(project)).total)).toEqual({ scanned: 2, trashed: 2 });

    // One is sent anew, and put; the other was found in the bucket right before it went.
    const anew = await sendCall(project, { inputs: sentAgain });
    const late = newCallId();
    await withLog((log) => log.append('trace-events', [claimedCall(project, late, again)]));
    expect(await stored(project)).toEqual({ live: [nameOf(sentAgain)], trash: garbage });
    await expectRead(project, late, { inputs: again });
    await expectRead(project, anew, { inputs: sentAgain });

    await age(project);
    const { total } = await gc(project);
    expect(total.restored).toEqual({ blobs: 1, bytes: again.length });
    await eventually(async () => {
      await expectRead(project, late, { inputs: again });
      await expectRead(project, anew, { inputs: sentAgain });
      if ((await stored(project)).trash.length === 0) return true;
      await age(project);
      await gc(project);
      return false;
    });
    expect(await stored(project)).toEqual({ live: garbage, trash: [] });
    await expectRead(project, late, { inputs: again });
  }, 120_000);

  it('is none while a dead letter may refer to it', async () => {
    const project = newProject('gc-letter');
    const [held, free] = [largeJson(), largeJson()];
    await sendCall(project, {});
    for (const json of [held, free]) await putOrphan(project, 'payloads', Buffer.from(json));
    const event = claimedCall(project, newCallId(), held);
    await withLog((log) => log.deadLetter('trace-events', 'writer', [{ event, reason: 'test' }]));
    await age(project);
    expect(blobsOf((await gc(project)).total)).toEqual({ scanned: 2, kept: 1, trashed: 1 });
    expect(await stored(project)).toEqual({ live: [nameOf(held)], trash: [nameOf(free)] });

    expect(await weft('admin', 'dlq', 'replay', '--project', project)).toMatchObject({ code: 0 });
    await age(project);
    expect(blobsOf((await gc(project)).total)).toEqual({ scanned: 2, referenced: 1, deleted: 1 });
    await expectRead(project, event.id, { inputs: held });
    await deleteCalls(project, event.id);
    await age(project);
    expect(blobsOf((await gc(project)).total)).toEqual({ scanned: 1, trashed: 1 });
  }, 120_000);

  it('is not what other installations have there', async () => {
    const project = newProject('gc-known');
    await sendCall(project, {});
    const stranger = newProject('gc-stranger');
    await putOrphan(stranger, 'payloads', Buffer.from(largeJson()));
    const source = await bytesSource(Buffer.from('somebody'));
    await blobs.put(`${projectPrefix(project)}files/not-ours`, source);
    await Promise.all([age(stranger), age(project)]);
    const { total, foreign } = await gc(project);
    expect([blobsOf(total), foreign]).toEqual([{}, { blobs: 1, bytes: 8, examples: [`${projectPrefix(project)}files/not-ours`] }]); // prettier-ignore
    const other = await gc(stranger);
    expect([blobsOf(other.total), other.unknown]).toMatchObject([{}, { blobs: 1, examples: [stranger] }]);
    expect((await stored(stranger)).live).toHaveLength(1);
  });

  it('adds up: what projects use is what is in the store', async () => {
    const project = newProject('gc-usage');
    const shared = largeJson();
    const [large, small] = [randomBytes(500_000), randomBytes(1000)];
    const gone = await sendCall(project, { inputs: shared, output: largeJson() });
    await sendCall(project, { inputs: shared, attributes: shared });
    await sendCall(project, { output: largeJson() });
    for (const bytes of [large, small, large]) await uploadFile(project, bytes);
    await deleteCalls(project, gone);
    for (let i = 0; i < 2; i++) {
      await age(project);
      await gc(project);
    }
    const usage = async (query: string) =>
      JSON.parse((await ok(`/weft/v1/storage/usage${query}`, undefined)).toString()) as {
        uri: string;
        projects: { project_id: string; blob_files: object; table_files: object; payloads: object }[];
        truncated: boolean;
      };
    const bytesOf = async (kind: BlobKind) => {
      const found = await listed(`${projectPrefix(project)}${kind}/`);
      return { count: found.length, bytes: found.reduce((sum, { size }) => sum + size, 0) };
    };
    const wanted = { project_id: project, blob_files: await bytesOf('files'), table_files: { count: 1, bytes: 1000 }, payloads: await bytesOf('payloads') }; // prettier-ignore
    expect([wanted.blob_files, wanted.payloads.count]).toEqual([{ count: 1, bytes: 500_000 }, 2]);
    const { uri, projects, truncated } = await usage(`?project_id=${encodeURIComponent(project)}`);
    expect([uri, projects, truncated]).toEqual([blobs.uri, [wanted], false]);
    expect((await usage('')).projects).toContainEqual(wanted);
  });

  describe('is the business of', () => {
    const GC = '/weft/v1/storage/gc';
    const USAGE = '/weft/v1/storage/usage';
    const CHECK = '/weft/v1/storage/check';

    it('admins only', async () => {
      for (const [path, body] of [[GC, {}], [GC, { project_id: 'team/x' }], [GC, { dry_run: true }], [CHECK, {}], [USAGE, undefined], [`${USAGE}?project_id=team/x`, undefined]] as const) {
        const res = await send(path, body, 'writer');
        expect([path, res.status, await res.json()]).toEqual([path, 403, { reason: expect.any(String) }]);
        expect((await send(path, body, 'nobody')).status).toBe(401);
      }
    }); // prettier-ignore

    it('those of a project for that project only', async () => {
      const [own, foreign] = ['team/own', 'e2e/foreign'];
      for (const project of [own, foreign])
        await deleteCalls(project, await sendCall(project, { inputs: largeJson() }));
      await Promise.all([age(own), age(foreign)]);
      for (const [path, body] of [[GC, {}], [GC, { project_id: foreign }], [CHECK, {}], [USAGE, undefined], [`${USAGE}?project_id=${foreign}`, undefined]] as const)
        expect([path, (await send(path, body, 'team')).status]).toEqual([path, 403]);
      const before = await stored(foreign);
      const res = await send(GC, { project_id: own, grace_hours: EASY_GRACE_MS / HOUR_MS }, 'team');
      const done = JSON.parse((await res.text()).trim().split('\n').at(-1)!) as Done;
      expect([res.status, done.projects.map(({ project_id }) => project_id), done.total.trashed.blobs]).toEqual([200, [own], 1]);
      expect([(await stored(own)).trash.length, await stored(foreign)]).toEqual([1, before]);
      // Where another project's run stood leads nowhere else either.
      const after = `${projectPrefix(foreign).slice(0, -1)}`;
      const beside = await send(GC, { project_id: own, after, grace_hours: 1 }, 'team');
      expect(beside.status).toBe(200);
      await beside.text();
      expect(await stored(foreign)).toEqual(before);
      expect((await send(`${USAGE}?project_id=${own}`, undefined, 'team')).status).toBe(200);
    }); // prettier-ignore

    it('nobody who says what cannot be', async () => {
      for (const [body, status] of [
        [{ grace_hours: 0.0001 }, 400],
        [{ grace_hours: -1 }, 422],
        [{ after: 'elsewhere/x' }, 400],
        [{ project_id: 'no-project' }, 400],
      ] as const)
        expect([body, (await send(GC, body)).status]).toEqual([body, status]);
    });
  });

  it('leaves every call that is there as it was', async () => {
    const read = async (project: string) =>
      (await ok('/calls/stream_query', { project_id: project })).toString().split('\n').filter(Boolean).map((line) => JSON.parse(line) as object); // prettier-ignore
    const { projects } = JSON.parse((await ok('/weft/v1/storage/usage', undefined)).toString()) as { projects: { project_id: string }[] }; // prettier-ignore
    await gc(undefined);
    await gc(undefined);
    for (const { project_id: project } of projects)
      for (const call of await read(project)) expect(JSON.stringify(call)).not.toContain('blob_unavailable');
  });

  requireBackend('s3', describe)('in S3', () => {
    let bucket: Awaited<ReturnType<typeof sharedS3>>;
    beforeAll(async () => {
      bucket = await sharedS3();
      await openIn(bucket.environment(await bucket.createBucket()));
    }, 120_000);
    afterAll(() => bucket?.stop());

    it('goes after two graces too', () => checkTwoGraces(), 120_000);

    it('is checked for', async () => {
      expect(await weft('admin', 'storage', 'check')).toMatchObject({ code: 0, output: expect.stringContaining(`${blobs.uri} does all`) }); // prettier-ignore
    });
  });
});
