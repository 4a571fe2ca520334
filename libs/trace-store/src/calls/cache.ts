import { nowUs } from '@weft/model';
import { stateBytes } from './row.ts';
import type { CallState, CallVersions } from './fold.ts';

/** A row of a call as it lies in the store. */
export interface StoredRow {
  readonly startedAtUs: number;
  readonly versions: CallVersions;
  readonly ver: bigint;
}

/** The newest row of a call, and while more is to come (it runs, or its start is missing) its content. */
export interface KnownCall {
  readonly row: StoredRow;
  readonly state?: CallState;
}

const ENTRY_BYTES = 300;
const HASH_BYTES = 32;
/** Projects told apart of which log records wait for their span. */
const MAX_PROJECTS = 10_000;

/** Clocks that run ahead by more are not believed: one wrong date would make every call be looked up from then on. */
export const DAY_US = 86_400_000_000;

/**
 * What was written lately, bounded by count and bytes; the least recently used goes first.
 *
 * It also knows what it does not know: every stored call that began after `horizonUs` is in here, because this writer is
 * the only one of its calls and wrote them itself. A call that began later and is not in here is not stored, so the
 * usual new call needs no look-up. Log records that wait for their span do not say when it began: projects that may have
 * some that are not in here are known by name.
 */
export class CallCache {
  private readonly entries = new Map<string, Entry>();
  private bytes = 0;
  /** Undefined until it was asked of the store. */
  horizonUs: number | undefined;
  /** Project → stored log records that are not in here may be of spans that began until then. */
  private readonly waitingUntilUs = new Map<string, number>();
  /** As `waitingUntilUs`, for every project. */
  private allWaitingUntilUs = -Infinity;
  /** A call with a rename has been remembered. */
  hasRenames = false;
  private readonly maxEntries: number;
  private readonly maxBytes: number;

  constructor(maxEntries: number, maxBytes: number) {
    this.maxEntries = maxEntries;
    this.maxBytes = maxBytes;
  }

  get(key: string): KnownCall | undefined {
    const entry = this.entries.get(key);
    if (entry === undefined) return undefined;
    this.entries.delete(key);
    this.entries.set(key, entry);
    return entry.call;
  }

  /** @param latestUs neither its start nor its id is later: where it is forgotten, the horizon rises to this. */
  set(key: string, call: KnownCall, latestUs: number): void {
    this.delete(key);
    const { start, logs } = call.row.versions;
    const bytes =
      ENTRY_BYTES + HASH_BYTES * logs.length + (call.state === undefined ? 0 : stateBytes(call.state));
    const waits = start === 0n && logs.length > 0;
    this.entries.set(key, { call, bytes, latestUs, waits });
    this.bytes += bytes;
    this.hasRenames ||= call.row.versions.rename > 0n;
    if (this.entries.size > this.maxEntries || this.bytes > this.maxBytes) this.evict();
  }

  /** A tenth at once: the first of a map that has lost its first ones is dear to find. */
  private evict(): void {
    for (const [oldest, { latestUs, waits }] of this.entries) {
      if (this.entries.size <= this.maxEntries * 0.9 && this.bytes <= this.maxBytes * 0.9) break;
      this.delete(oldest);
      this.raiseHorizon(latestUs);
      if (waits) this.logsWait(oldest.slice(0, oldest.indexOf('\0')), nowUs());
    }
  }

  /** Log records of the project that were stored until `storedAtUs`, and are not in here, wait for their span. */
  logsWait(projectId: string, storedAtUs: number): void {
    const untilUs = storedAtUs + DAY_US;
    if (untilUs <= (this.waitingUntilUs.get(projectId) ?? -Infinity)) return;
    this.waitingUntilUs.set(projectId, untilUs);
    if (this.waitingUntilUs.size <= MAX_PROJECTS) return;
    for (const us of this.waitingUntilUs.values())
      this.allWaitingUntilUs = Math.max(this.allWaitingUntilUs, us);
    this.waitingUntilUs.clear();
  }

  /** True if log records of a span that began then may be stored, without being in here: a span has begun when it is logged. */
  mayHaveLogs(projectId: string, startedAtUs: number): boolean {
    return (
      startedAtUs <= this.allWaitingUntilUs ||
      (this.waitingUntilUs.size > 0 && startedAtUs <= (this.waitingUntilUs.get(projectId) ?? -Infinity))
    );
  }

  private raiseHorizon(us: number): void {
    if (this.horizonUs !== undefined && us > this.horizonUs && us <= nowUs() + DAY_US) this.horizonUs = us;
  }

  private delete(key: string): void {
    const entry = this.entries.get(key);
    if (entry === undefined) return;
    this.entries.delete(key);
    this.bytes -= entry.bytes;
  }

  clear(): void {
    this.entries.clear();
    this.bytes = 0;
    this.horizonUs = undefined;
    this.waitingUntilUs.clear();
    this.allWaitingUntilUs = -Infinity;
    this.hasRenames = false;
  }
}

interface Entry {
  readonly call: KnownCall;
  readonly bytes: number;
  readonly latestUs: number;
  /** Log records whose span is still to come. */
  readonly waits: boolean;
}
