import type { Logger } from './logger.ts';
import { openPatiently, type PatienceOptions } from './open-patiently.ts';
import type { StartStep } from './run-service.ts';

export interface BackendOptions<T> {
  /** Of the start step. */
  readonly name: string;
  /** Given for what another process brings: it may not be there yet and is waited for (see openPatiently). */
  readonly awaited?: Pick<PatienceOptions, 'what' | 'timeoutMs'>;
  readonly logger: Logger;
  /** @param onFatal to be called when it cannot go on: the process then stops with exit code 1. */
  readonly open: (onFatal: (error: unknown) => void) => Promise<T>;
}

/** A start step whose result others stand on. */
export interface Backend<T> extends StartStep {
  /** @throws Error before it is open. */
  readonly value: T;
}

/** What a service stands on: opened at the start, closed at the end. */
export function backend<T extends { close(): Promise<void> }>(options: BackendOptions<T>): Backend<T> {
  const { name, awaited, logger } = options;
  let opened: T | undefined;
  return {
    name,
    get value() {
      if (opened === undefined) throw new Error(`${name}: used before it was open`);
      return opened;
    },
    start: async (signal) => {
      let onFatal!: (error: unknown) => void;
      const done = new Promise<never>((_, reject) => (onFatal = reject));
      // A failure before the service listens to `done` is not an unhandled one.
      done.catch(() => undefined);
      const open = () => options.open(onFatal);
      const part = await (awaited === undefined
        ? open()
        : openPatiently(open, { ...awaited, signal, logger }));
      opened = part;
      return { stop: () => part.close(), done };
    },
  };
}
