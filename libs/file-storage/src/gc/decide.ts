import type { BlobInfo } from '@weft/blob-store';
import type { BlobKind, BlobName } from '../keys.ts';
import { eachOf } from './each-of.ts';
import { isOld, type Outcome } from './moves.ts';
import type { GcReport } from './report.ts';
import type { Held, References } from './types.ts';

/** A blob of ours, at its key or in the trash. */
export interface Found extends BlobName {
  /** Without the trash's prefix. */
  readonly key: string;
  readonly info: BlobInfo;
}

/** What is done to a blob, and what comes of it if nobody interferes. */
export interface Step {
  readonly outcome: Outcome;
  take(blob: Found): Promise<Outcome>;
}

/** Undefined: nothing is done. */
export interface Steps {
  readonly referenced: Step | undefined;
  readonly unreferenced: Step;
}

interface DecideDeps {
  readonly references: References;
  readonly held: Held;
  readonly report: GcReport;
  /** What was put after that, by the store's clock, is too young. */
  readonly limitMs: (kind: BlobKind) => number;
  readonly pace: (signal?: AbortSignal) => Promise<void>;
  readonly dryRun: boolean;
  readonly signal: AbortSignal | undefined;
}

/** What the blobs have in common. */
type Group = Pick<BlobName, 'projectId' | 'kind'>;
type Fate = 'referenced' | 'unreferenced' | 'kept';

const AT_ONCE = 16;
const NONE: ReadonlySet<string> = new Set();

/** Decides about blobs, all of one project and kind, at most 1000 at a time, and does what is to be done. */
export function createDecide(deps: DecideDeps): (blobs: readonly Found[], steps: Steps) => Promise<void> {
  const { references, held, report, limitMs, pace, dryRun, signal } = deps;

  async function fatesOf(
    { projectId, kind }: Group,
    digests: readonly string[],
  ): Promise<(digest: string) => Fate> {
    const letters = held.of(projectId, kind);
    if (letters === 'all' || digests.length === 0) return () => 'kept';
    const referenced =
      kind === 'events' ? NONE : await references.referenced(projectId, kind, digests, signal);
    return (digest) =>
      referenced.has(digest) ? 'referenced' : letters.has(digest) ? 'kept' : 'unreferenced';
  }

  return async (blobs, steps) => {
    const group = blobs[0]!;
    const isTooYoung = ({ info }: Found) => !isOld(info, limitMs(group.kind));
    const digests = blobs.filter((blob) => !isTooYoung(blob)).map(({ digest }) => digest);
    const fateOf = await fatesOf(group, digests);
    await eachOf(blobs, AT_ONCE, async (blob) => {
      const count = (what: Parameters<GcReport['add']>[1]) =>
        report.add(blob.projectId, what, blob.info.size);
      count('scanned');
      const fate = isTooYoung(blob) ? 'kept' : fateOf(blob.digest);
      if (fate !== 'unreferenced') count(fate);
      const step = fate === 'kept' ? undefined : steps[fate];
      if (step === undefined) return;
      if (dryRun) return count(step.outcome);
      await pace(signal);
      count(await step.take(blob));
    });
  };
}
