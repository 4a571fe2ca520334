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

/** What was written lately, bounded by count and bytes; the least recently used goes first. */
export class CallCache {
  private readonly entries = new Map<string, { call: KnownCall; bytes: number }>();
  private bytes = 0;
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

  set(key: string, call: KnownCall): void {
    this.delete(key);
    const bytes = ENTRY_BYTES + (call.state === undefined ? 0 : estimateBytes(toCallRow('', '', call.state)));
    if (bytes > this.maxBytes) return;
    this.entries.set(key, { call, bytes });
    this.bytes += bytes;
    for (const oldest of this.entries.keys()) {
      if (this.entries.size <= this.maxEntries && this.bytes <= this.maxBytes) break;
      this.delete(oldest);
    }
  }

  delete(key: string): void {
    const entry = this.entries.get(key);
    if (entry === undefined) return;
    this.entries.delete(key);
    this.bytes -= entry.bytes;
  }

  clear(): void {
    this.entries.clear();
    this.bytes = 0;
  }
}
