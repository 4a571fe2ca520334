import type { Column } from './native.ts';

/**
 * Once a guard was asked, the server may take the rows for so long: shorter than the session of a consumer of the log, so
 * that hardly anything lands after a successor has taken over.
 */
export const TAKE_WITHIN_MS = 5_000;
/** For a server that needs longer; well before the last repair after a take-over (RECONCILE), which finds what landed late. */
export const MAX_TAKE_WITHIN_MS = 40_000;

const MEASURE_EVERY_MS = 60_000;

/**
 * Tells until when rows may be taken, by the clock of the server. Asked for in one breath with the guard: a process that is
 * stopped right after that, for however long, comes too late.
 */
export class ServerClock {
  private aheadMs = 0;
  private withinMs = TAKE_WITHIN_MS;
  private measuredAtMs = -Infinity;
  private readonly askServer: () => Promise<number>;

  /** @param askServer its time in milliseconds since 1970. */
  constructor(askServer: () => Promise<number>) {
    this.askServer = askServer;
  }

  /** Call before `deadline`; asks the server now and then. */
  async measure(): Promise<void> {
    if (performance.now() - this.measuredAtMs < MEASURE_EVERY_MS) return;
    const serverMs = await this.askServer();
    this.measuredAtMs = performance.now();
    // The answer is old by the way back: the deadline is rather too early than too late.
    this.aheadMs = serverMs - this.measuredAtMs;
  }

  /** Allows more time from now on, and measures anew: this process was stopped, the server is slow or its clock was set. */
  cameTooLate(): void {
    this.withinMs = Math.min(2 * this.withinMs, MAX_TAKE_WITHIN_MS);
    this.measuredAtMs = -Infinity;
  }

  /** Seconds since 1970. */
  deadline(): number {
    return Math.ceil((performance.now() + this.aheadMs + this.withinMs) / 1000);
  }
}

/** What ClickHouse answers to rows that come late. */
export const CAME_TOO_LATE = 395;

/**
 * An insert that fails (`CAME_TOO_LATE`) when its rows are not there in time. Settings do not do that: the server reads a body of up
 * to 256 KiB before it looks at the time, waits 30 s for more of it, and `http_receive_timeout` of a query changes nothing.
 */
export function insertBefore(deadline: number, table: string, columns: readonly Column<never>[]): string {
  const names = columns.map((c) => c.name).join(', ');
  const types = columns.map((c) => `${c.name} ${c.type}`).join(', ');
  return `INSERT INTO ${table} (${names}) SELECT ${names} FROM input('${types.replaceAll("'", "\\'")}')
WHERE throwIf(nowInBlock() > toDateTime(${deadline}), 'the insert came too late') = 0 FORMAT Native`;
}
