import { nowUs } from '@weft/model';
import { estimateBytes, toCallRow } from './row.ts';
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
const NOBODY = { projectId: '', id: '', spanTraceId: '' };

/** Clocks that run ahead by more are not believed: one wrong date would make every call be looked up from then on. */
export const DAY_US = 86_400_000_000;

/**
 * What was written lately, bounded by count and bytes; the least recently used goes first.
 *
 * It also knows what it does not know: every stored call that began after `horizonUs` is in here, because this writer is
 * the only one of its calls and wrote them itself. A call that began later and is not in here is not stored, so the
 * usual new call needs no look-up.
 */
export class CallCache {
  private readonly entries = new Map<string, { call: KnownCall; bytes: number; latestUs: number }>();
  private bytes = 0;
  /** Undefined until it was asked of the store. */
  horizonUs: number | undefined;
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
    const bytes = ENTRY_BYTES + (call.state === undefined ? 0 : estimateBytes(toCallRow(NOBODY, call.state)));
    this.entries.set(key, { call, bytes, latestUs });
    this.bytes += bytes;
    this.hasRenames ||= call.row.versions.rename > 0n;
    if (this.entries.size > this.maxEntries || this.bytes > this.maxBytes) this.evict();
  }

  /** A tenth at once: the first of a map that has lost its first ones is dear to find. */
  private evict(): void {
    for (const [oldest, { latestUs }] of this.entries) {
      if (this.entries.size <= this.maxEntries * 0.9 && this.bytes <= this.maxBytes * 0.9) break;
      this.delete(oldest);
      this.raiseHorizon(latestUs);
    }
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
    this.hasRenames = false;
  }
}
