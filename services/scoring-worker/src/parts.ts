import type { Forecast, Monitor, Scorer, Spend } from '@weft/scoring';

/** What the parts of this service ask of each other. */

/** Monitors as the store has them, at most 4 s old where nothing else is said. */
export interface Monitors {
  /** The newest versions that are active. */
  active(projectId: string): Promise<readonly Monitor[]>;
  /** The newest version of that name; undefined = none, or deleted. */
  latest(projectId: string, name: string): Promise<Monitor | undefined>;
  /** As `latest`, as the store has it now: for those who have just published it. @throws AppError `invalid_request` for one that cannot be read. */
  current(projectId: string, name: string): Promise<Monitor | undefined>;
  /** That version, active or not. @throws AppError `not_found`, `invalid_request` for one that is no monitor. */
  version(ref: string): Promise<Monitor>;
}

/** Scorers, ready to run; kept while they are used, because versions never change. */
export interface Scorers {
  /**
   * @param refs versions of scorers; several, or `merged`: judges of one model that are asked together.
   * @param options.within projects that they, and what they refer to, may be read from; default: those of the refs.
   * @throws ScoreError `unscorable` for what is no scorer that a server can run, `misconfigured`.
   */
  load(
    refs: readonly string[],
    options?: { readonly merged?: boolean; readonly within?: readonly string[] },
  ): Promise<Scorer>;
}

/** What one score may take, set aside before it is paid for. */
export interface Reservation {
  /** What was set aside is replaced by what was spent. */
  settle(spend: Spend): Promise<void>;
}

export interface Budgets {
  /** @returns the budget that does not allow it, in words for its owner, where there is one. */
  reserve(
    projectId: string,
    monitorName: string | null,
    forecast: Forecast,
  ): Promise<{ readonly reservation: Reservation } | { readonly exceeded: string }>;
}
