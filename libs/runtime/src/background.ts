import type { Stoppable } from './run-service.ts';

/** Something that runs until it is told to stop; its failure is the process's. */
export function background(run: (signal: AbortSignal) => Promise<void>): Stoppable {
  const controller = new AbortController();
  const done = run(controller.signal);
  return {
    done,
    stop: async () => {
      controller.abort();
      await done.catch(() => undefined);
    },
  };
}
