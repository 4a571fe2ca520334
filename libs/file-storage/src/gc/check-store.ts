import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { StorageUnavailable, type BlobStore, type StorageTrouble } from '@weft/blob-store';
import { PROBES_PREFIX } from '../keys.ts';

export const CHECK_STEPS = ['write', 'read', 'range', 'list', 'copy', 'delete'] as const;

export interface CheckedStep {
  readonly step: (typeof CHECK_STEPS)[number];
  readonly ok: boolean;
  /** Why not; `wrong`: the store did something else than it was told. */
  readonly trouble?: StorageTrouble | 'wrong';
  readonly message?: string;
  readonly elapsedMs: number;
}

const SIZE = 4096;
const RANGE = { start: 1000, end: 1010 };

/** Does with a blob of 4 KiB all that is ever done with blobs, and takes it away again; stops at what fails. */
export async function* checkStore(store: BlobStore, signal?: AbortSignal): AsyncGenerator<CheckedStep> {
  const bytes = randomBytes(SIZE);
  const sha256 = createHash('sha256').update(bytes).digest();
  const key = `${PROBES_PREFIX}${randomUUID()}`;
  const copied = `${key}-copy`;
  const given = signal === undefined ? {} : { signal };

  const read = async (from: string, range?: typeof RANGE): Promise<void> => {
    const content = await store.get(from, { ...given, ...(range && { range }) });
    if (content === undefined) throw new Wrong('what was just written is not there');
    const got = await buffer(content.body);
    if (!got.equals(bytes.subarray(range?.start, range?.end)))
      throw new Wrong(`${got.length} other bytes came than were written`);
  };
  const steps: Record<(typeof CHECK_STEPS)[number], () => Promise<void>> = {
    write: async () => {
      await store.put(key, { size: SIZE, sha256, open: () => Readable.from([bytes]) }, given);
    },
    read: () => read(key),
    range: () => read(key, RANGE),
    list: async () => {
      for await (const page of store.list(key, given))
        if (page.some((info) => info.key === key && info.size === SIZE)) return;
      throw new Wrong('what was just written is not listed');
    },
    copy: async () => {
      if (!(await store.copy(key, copied))) throw new Wrong('what was just written could not be copied');
      await read(copied);
    },
    delete: async () => {
      await store.delete([key, copied]);
      if ((await store.head(key, given)) !== undefined) throw new Wrong('what was deleted is still there');
    },
  };

  let failed = false;
  for (const step of CHECK_STEPS) {
    const done = await timed(step, steps[step]);
    yield done;
    failed = !done.ok;
    if (failed) break;
  }
  if (failed) await store.delete([key, copied]).catch(() => undefined);
}

class Wrong extends Error {}

async function timed(step: CheckedStep['step'], work: () => Promise<void>): Promise<CheckedStep> {
  const began = performance.now();
  const elapsedMs = () => Math.round(performance.now() - began);
  try {
    await work();
    return { step, ok: true, elapsedMs: elapsedMs() };
  } catch (error) {
    const trouble =
      error instanceof StorageUnavailable ? error.trouble : error instanceof Wrong ? 'wrong' : undefined;
    if (trouble === undefined) throw error;
    return { step, ok: false, trouble, message: (error as Error).message, elapsedMs: elapsedMs() };
  }
}
