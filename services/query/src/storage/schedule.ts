import { setTimeout as pause } from 'node:timers/promises';
import { AppError } from '@weft/model';
import { background, type Logger, type StartStep } from '@weft/runtime';
import type { GcDone } from '@weft/file-storage';
import type { Garbage, GarbageOptions } from './garbage.ts';

const HOUR_MS = 3_600_000;
/** From the start of the process to its first run: others start with it, and processes are started often. */
const FIRST_MS = 10 * 60_000;

/** Collects garbage now and then. What fails is logged and tried again at the next time. */
export function garbageSchedule(
  garbage: Garbage,
  {
    logger,
    garbage: options = {},
  }: { readonly logger: Logger; readonly garbage?: GarbageOptions | undefined },
): StartStep[] {
  const { intervalHours = 0 } = options;
  if (intervalHours === 0) return [];
  const intervalMs = intervalHours * HOUR_MS;

  async function run(signal: AbortSignal): Promise<void> {
    try {
      for await (const line of garbage.collect({ signal }))
        if (line.kind === 'done') logger.info(said(line), 'storage: collected garbage');
    } catch (err) {
      if (signal.aborted) return;
      if (!(err instanceof AppError)) throw err;
      logger.warn({ err }, 'storage: could not collect garbage: trying again at the next time');
    }
  }
  const loop = async (signal: AbortSignal): Promise<void> => {
    let waitMs = Math.min(FIRST_MS, intervalMs);
    while (await waited(waitMs, signal)) {
      await run(signal);
      waitMs = intervalMs;
    }
  };
  return [{ name: 'storage garbage', start: async () => background(loop) }];
}

function said({ total, foreign, unknown }: GcDone): object {
  return { ...total, foreign: foreign.blobs, unknown: unknown.blobs };
}

/** False when `signal` aborts. */
async function waited(ms: number, signal: AbortSignal): Promise<boolean> {
  try {
    await pause(ms, undefined, { signal, ref: false });
    return true;
  } catch (error) {
    if (signal.aborted) return false;
    throw error;
  }
}
