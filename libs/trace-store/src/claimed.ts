import { AppError, type Claim, type ClaimColumn } from '@weft/model';

/**
 * The whole payload of a claim.
 * @returns undefined when there is no such blob. @throws AppError `storage_unavailable`
 */
export type LoadClaimed = (
  projectId: string,
  claim: Claim,
  signal?: AbortSignal,
) => Promise<Uint8Array | undefined>;

/** A claim on a payload that is given as its head, or could not be had. */
export interface OpenClaim extends Claim {
  /** It was wanted whole. */
  readonly error?: 'blob_unavailable';
  /** Because there is no such blob: it will not be had later either. */
  readonly isGone?: boolean;
}

/** Payloads that were loaded, by their columns. */
export type WholePayloads = ReadonlyMap<ClaimColumn, Uint8Array>;

export interface Hydration<T> {
  readonly projectId: string;
  /** Undefined: nothing can be had whole. */
  readonly load: LoadClaimed | undefined;
  /** Payloads of more bytes stay heads. */
  readonly wholeUpTo: number;
  readonly claimsOf: (item: T) => readonly OpenClaim[];
  /** @param left claims whose payloads are not in `whole`. */
  readonly complete: (item: T, whole: WholePayloads, left: readonly OpenClaim[]) => T;
}

/** Payloads that are loaded ahead of the one that is waited for, bytes. */
const AHEAD_BYTES = 64 * 1024 * 1024;
/** Pages read ahead while a payload is waited for. */
const AHEAD_PAGES = 16;
/** After so many failures in a row the store is not asked again for the rest of what is read: each takes its time. */
const MAX_FAILURES = 3;

/**
 * The pages with the payloads of their claims put in. What has any comes as a page of its own, so that memory holds one of
 * them and `AHEAD_BYTES` of those that follow, however many there are.
 * @param open the pages; aborted by the signal it is given when they are not read to the end.
 */
export async function* hydrate<T>(
  open: (signal: AbortSignal) => AsyncIterable<readonly T[]>,
  how: Hydration<T>,
  signal?: AbortSignal,
): AsyncGenerator<readonly T[]> {
  const abort = new AbortController();
  const either = signal === undefined ? abort.signal : AbortSignal.any([abort.signal, signal]);
  const pages = open(either)[Symbol.asyncIterator]();
  const ahead = new Ahead(pages, new Loader(how, either));
  let isRead = false;
  try {
    for (let page = await ahead.next(); page !== undefined; page = await ahead.next()) yield page;
    isRead = true;
  } finally {
    // What was read to its end must not be aborted: that would cost its connection.
    if (!isRead) {
      abort.abort();
      await pages.return?.().catch(() => undefined);
    }
  }
}

/** Items that are whole, or one that is not yet. */
interface Entry<T> {
  readonly items: readonly T[];
  /** To be loaded; 0 = nothing is. */
  readonly sizeBytes: number;
  loading?: Promise<T>;
}

/** Reads and loads ahead, in order. */
class Ahead<T> {
  private readonly pages: AsyncIterator<readonly T[]>;
  private readonly loader: Loader<T>;
  private readonly queue: Entry<T>[] = [];
  private reading: Promise<void> | undefined;
  private isEnd = false;
  private failure: { readonly error: unknown } | undefined;
  private loadingBytes = 0;

  constructor(pages: AsyncIterator<readonly T[]>, loader: Loader<T>) {
    this.pages = pages;
    this.loader = loader;
  }

  /** Undefined: there are no more. */
  async next(): Promise<readonly T[] | undefined> {
    while (this.queue.length === 0) {
      if (this.failure !== undefined) throw this.failure.error;
      if (this.isEnd) return undefined;
      await (this.reading ?? this.read());
    }
    const entry = this.queue.shift()!;
    if (entry.sizeBytes === 0) return entry.items;
    const loading = this.start(entry);
    this.fill();
    const item = await loading;
    this.loadingBytes -= entry.sizeBytes;
    return [item];
  }

  private read(): Promise<void> {
    this.reading = this.pages
      .next()
      .then(
        (result) => {
          if (result.done === true) this.isEnd = true;
          else this.queue.push(...this.entriesOf(result.value));
        },
        (error: unknown) => {
          this.failure = { error };
        },
      )
      .then(() => {
        this.reading = undefined;
        if (this.loadingBytes > 0) this.fill();
      });
    return this.reading;
  }

  private entriesOf(items: readonly T[]): Entry<T>[] {
    const entries: Entry<T>[] = [];
    let from = 0;
    items.forEach((item, i) => {
      const sizeBytes = this.loader.bytesOf(item);
      if (sizeBytes === 0) return;
      if (i > from) entries.push({ items: items.slice(from, i), sizeBytes: 0 });
      entries.push({ items: [item], sizeBytes });
      from = i + 1;
    });
    if (from === 0) return items.length === 0 ? [] : [{ items, sizeBytes: 0 }];
    if (from < items.length) entries.push({ items: items.slice(from), sizeBytes: 0 });
    return entries;
  }

  private fill(): void {
    for (const entry of this.queue) {
      if (entry.sizeBytes === 0 || entry.loading !== undefined) continue;
      if (this.loadingBytes + entry.sizeBytes > AHEAD_BYTES) return;
      void this.start(entry);
    }
    const isDone = this.isEnd || this.failure !== undefined;
    if (!isDone && this.reading === undefined && this.queue.length < AHEAD_PAGES) void this.read();
  }

  private start(entry: Entry<T>): Promise<T> {
    if (entry.loading === undefined) {
      this.loadingBytes += entry.sizeBytes;
      entry.loading = this.loader.load(entry.items[0]!);
      // Told to who waits for it; nobody may by then.
      entry.loading.catch(() => undefined);
    }
    return entry.loading;
  }
}

class Loader<T> {
  private readonly how: Hydration<T>;
  private readonly signal: AbortSignal;
  private failures = 0;

  constructor(how: Hydration<T>, signal: AbortSignal) {
    this.how = how;
    this.signal = signal;
  }

  /** Of what is to be loaded for the item. */
  bytesOf(item: T): number {
    return this.how
      .claimsOf(item)
      .reduce((sum, claim) => sum + (this.isWanted(claim) ? claim.sizeBytes : 0), 0);
  }

  async load(item: T): Promise<T> {
    const whole = new Map<ClaimColumn, Uint8Array>();
    const left: OpenClaim[] = [];
    for (const claim of this.how.claimsOf(item)) {
      if (!this.isWanted(claim)) left.push(claim);
      else {
        const bytes = await this.payloadOf(claim);
        if (bytes instanceof Uint8Array) whole.set(claim.column, bytes);
        else left.push({ ...claim, error: 'blob_unavailable', isGone: bytes === 'gone' });
      }
    }
    return this.how.complete(item, whole, left);
  }

  private isWanted({ sizeBytes }: Claim): boolean {
    return sizeBytes <= this.how.wholeUpTo;
  }

  private async payloadOf(claim: Claim): Promise<Uint8Array | 'gone' | 'away'> {
    const { load, projectId } = this.how;
    if (load === undefined || this.failures >= MAX_FAILURES) return 'away';
    try {
      const bytes = await load(projectId, claim, this.signal);
      this.failures = 0;
      return bytes ?? 'gone';
    } catch (error) {
      if (!(error instanceof AppError) || error.code !== 'storage_unavailable') throw error;
      this.failures++;
      return 'away';
    }
  }
}
