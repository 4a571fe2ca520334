import { ApiError } from '../../../api/request.ts';

/** How far something that is done to many calls has come. */
export interface Progress {
  readonly done: number;
  readonly total: number;
  /** Those that it was not done to. */
  readonly failed: readonly string[];
  /** Why, of the last failure. */
  readonly reason?: string;
  readonly isOver: boolean;
}

/** Does something to ids, some at a time. What fails does not stop the others, but what is refused for all would be. */
export async function runBulk(
  ids: readonly string[],
  size: number,
  act: (ids: readonly string[]) => Promise<unknown>,
  tell: (progress: Progress) => void,
  signal: AbortSignal,
): Promise<Progress> {
  const failed: string[] = [];
  let reason: string | undefined;
  let done = 0;
  const now = (isOver: boolean): Progress => ({
    done,
    total: ids.length,
    failed: [...failed],
    isOver,
    ...(reason !== undefined && { reason }),
  });
  for (let from = 0; from < ids.length; from += size) {
    const some = ids.slice(from, from + size);
    if (signal.aborted) {
      failed.push(...some);
      reason ??= 'You stopped it.';
      continue;
    }
    try {
      await act(some);
      done += some.length;
    } catch (error) {
      failed.push(...some);
      reason = error instanceof Error ? error.message : 'It failed.';
      if (error instanceof ApiError && error.status === 403)
        reason = 'Your key may not do this in this project.';
    }
    tell(now(false));
  }
  const end = now(true);
  tell(end);
  return end;
}
