import type { Span } from '@weft/model';
import type { Content } from './content-object.ts';
import { findContent, withRefs, type FoundContent } from './find-content.ts';
import { createKnownContents, type KnownContents } from './known-contents.ts';
import type { ContentStore, StoredContentFile } from './store-content.ts';

/** What became of one content: made an object, one already, or left where it was because the blob store is away. */
export type ContentResult = 'lifted' | 'known' | 'left';

export interface MediaLiftDeps {
  readonly store: ContentStore;
  /** For metrics. @param sizeBytes of the content; 0 where it is known. */
  readonly onContent?: (result: ContentResult, sizeBytes: number) => void;
}

/** An object that must be stored before, or together with, what refers to it; and where its files are. */
export interface MadeContent {
  readonly content: Content;
  readonly files: readonly StoredContentFile[];
}

export interface Lifted {
  /** With refs in place of media; the same object when there were none. */
  readonly json: Uint8Array;
  /** New to those whom this batch stands for. */
  readonly made: readonly MadeContent[];
}

/** One request's or one batch's: each content is made once in it. */
export interface MediaBatch {
  /**
   * Never fails for what the JSON holds, nor because the store is away.
   * @param json checked. @param values bounds of the values in it that are looked at. Default: all of it.
   */
  lift(projectId: string, json: Uint8Array, values?: readonly Span[]): Promise<Lifted>;
  /** To be called once what was made is where others find it: later batches refer to it. */
  acknowledged(): void;
}

/** Takes media out of JSON, and remembers what it has made. */
export interface MediaLift {
  begin(): MediaBatch;
}

/** Contents of one document that are stored at a time. */
const CONCURRENCY = 8;

export function createMediaLift(deps: MediaLiftDeps): MediaLift {
  const known = createKnownContents();
  return { begin: () => new Batch(deps, known) };
}

class Batch implements MediaBatch {
  private readonly refs = new Map<string, string>();
  private readonly deps: MediaLiftDeps;
  private readonly known: KnownContents;

  constructor(deps: MediaLiftDeps, known: KnownContents) {
    this.deps = deps;
    this.known = known;
  }

  async lift(projectId: string, json: Uint8Array, values: readonly Span[] = [whole(json)]): Promise<Lifted> {
    const made: MadeContent[] = [];
    const lifted: FoundContent[] = [];
    for (const within of values) {
      const found = await findContent(json, { projectId, within, known: (key) => this.refOf(key) });
      await eachOf(found, async (each) => {
        if (await this.store(projectId, each, made)) lifted.push(each);
      });
    }
    return { json: withRefs(json, lifted), made };
  }

  acknowledged(): void {
    for (const [key, ref] of this.refs) this.known.add(key, ref);
  }

  private refOf(key: string): string | undefined {
    return this.refs.get(key) ?? this.known.get(key);
  }

  /** Whether it may be referred to. */
  private async store(projectId: string, found: FoundContent, made: MadeContent[]): Promise<boolean> {
    const { key, ref, content } = found;
    if (content === undefined) {
      this.deps.onContent?.('known', 0);
      return true;
    }
    const files = await this.deps.store.store(projectId, content);
    this.deps.onContent?.(files === undefined ? 'left' : 'lifted', content.files[0]!.bytes.length);
    if (files === undefined) return false;
    made.push({ content, files });
    this.refs.set(key, ref);
    return true;
  }
}

function whole(json: Uint8Array): Span {
  return { start: 0, end: json.length };
}

async function eachOf<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  const left = items.values();
  const run = async () => {
    for (const each of left) await work(each);
  };
  await Promise.all(Array.from({ length: Math.min(CONCURRENCY, items.length) }, run));
}
