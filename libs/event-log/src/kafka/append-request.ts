import type { OutRecord } from './producer-source.ts';

/** What one append waits for: all of its records, or the first that fails. */
export class AppendRequest {
  readonly records: readonly OutRecord[];
  readonly events: number;
  readonly bytes: number;
  readonly #settled: (error: Error | undefined) => void;
  readonly #timer: NodeJS.Timeout;
  #left: number;
  #isSettled = false;

  constructor(
    records: readonly OutRecord[],
    events: number,
    timeoutMs: number,
    on: {
      readonly late: (request: AppendRequest) => void;
      readonly settled: (error: Error | undefined) => void;
    },
  ) {
    this.records = records;
    this.events = events;
    this.bytes = bytesOf(records);
    this.#left = records.length;
    this.#settled = on.settled;
    this.#timer = setTimeout(() => on.late(this), timeoutMs);
  }

  get isSettled(): boolean {
    return this.#isSettled;
  }

  acknowledged(): void {
    if (--this.#left === 0) this.#settle(undefined);
  }

  fail(error: Error): void {
    this.#settle(error);
  }

  #settle(error: Error | undefined): void {
    if (this.#isSettled) return;
    this.#isSettled = true;
    clearTimeout(this.#timer);
    this.#settled(error);
  }
}

export function bytesOf(records: readonly OutRecord[]): number {
  let bytes = 0;
  for (const { value } of records) bytes += value.length;
  return bytes;
}

/** One record on its way. */
export interface Entry {
  readonly record: OutRecord;
  readonly request: AppendRequest;
}
