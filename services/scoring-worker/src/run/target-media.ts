import type { Scorer, Target } from '@weft/scoring';
import { waitedFor, type Waiting } from './missing.ts';
import { createMediaSource, type MediaSourceDeps } from './media-source.ts';

/**
 * The target with the media that its scorer looks at; or since when they are missing: clients send files beside calls, and
 * what was taken out of a call may be stored by another writer. After a minute it is scored without them.
 * @throws ScoreError; AppError `storage_unavailable`, `store_unavailable`
 */
export async function withMedia(
  deps: MediaSourceDeps & { readonly clock: () => number },
  scorer: Scorer,
  target: Target,
  signal: AbortSignal,
  missingSinceMs?: number,
): Promise<{ readonly target: Target } | Waiting> {
  if (scorer.readMedia === undefined) return { target };
  const source = createMediaSource(deps, target.call.projectId, signal);
  const media = await scorer.readMedia(target, source);
  const waiting = media.isMissing ? waitedFor(deps.clock(), missingSinceMs) : undefined;
  return waiting ?? { target: { ...target, media } };
}
