/** Contents that are in the log: a conversation sends its pictures again with each turn. */
export interface KnownContents {
  /** The ref of a content that was added, by `FoundContent.key`. */
  get(key: string): string | undefined;
  /** Only what is acknowledged: a ref that is given must lead somewhere. */
  add(key: string, ref: string): void;
}

/** Some 5 MB when full. */
const DEFAULT_MAX_ENTRIES = 20_000;

/** The ones used last. */
export function createKnownContents(maxEntries: number = DEFAULT_MAX_ENTRIES): KnownContents {
  const refs = new Map<string, string>();
  return {
    get(key) {
      const ref = refs.get(key);
      if (ref === undefined) return undefined;
      refs.delete(key);
      refs.set(key, ref);
      return ref;
    },
    add(key, ref) {
      refs.delete(key);
      refs.set(key, ref);
      if (refs.size > maxEntries) refs.delete(refs.keys().next().value!);
    },
  };
}
