/** What is read of objects: versions, their values, tags and aliases. */

export interface StoredObject {
  readonly projectId: string;
  readonly objectId: string;
  readonly digest: string;
  readonly kind: 'op' | 'object';
  readonly baseObjectClass: string | null;
  readonly leafObjectClass: string | null;
  /** JSON value; empty when deleted or only metadata was asked for. */
  readonly val: Uint8Array;
  readonly userId: string | null;
  /** Last publication: what is published again is new again, and keeps its number. */
  readonly createdAtUs: number;
  /** Non-null = this version is deleted. */
  readonly deletedAtUs: number | null;
  readonly versionIndex: number;
  readonly isLatest: boolean;
  readonly sizeBytes: number;
  /** Sorted; null where they were not asked for. */
  readonly tags: readonly string[] | null;
  /** `latest` first where it is, then sorted; null where they were not asked for. */
  readonly aliases: readonly string[] | null;
}

/** What is read of versions besides their metadata. */
export interface ObjectParts {
  readonly vals: boolean;
  /** Tags and aliases. */
  readonly labels: boolean;
}

/** Fields are AND-ed, values of a list OR-ed. */
export interface ObjectsFilter {
  readonly objectIds?: readonly string[];
  readonly isOp?: boolean;
  readonly latestOnly?: boolean;
  readonly baseObjectClasses?: readonly string[];
  /** What has no class stays. */
  readonly excludeBaseObjectClasses?: readonly string[];
  readonly leafObjectClasses?: readonly string[];
  readonly tags?: readonly string[];
  /** `latest` among them means the latest versions. */
  readonly aliases?: readonly string[];
}

export type ObjectSortField = 'object_id' | 'created_at';

export interface ObjectsQuery extends ObjectParts {
  readonly projectId: string;
  readonly filter: ObjectsFilter;
  /** Default (empty) = created_at ascending. A tie-break that makes the order total is appended. */
  readonly sort: readonly { readonly field: ObjectSortField; readonly direction: 'asc' | 'desc' }[];
  readonly limit?: number;
  readonly offset?: number;
}

/** Names a version: the digest stands for the value, and the value for its kind. */
export interface ObjectKey {
  readonly objectId: string;
  readonly digest: string;
}

/** What became of a version, and how large its value is. */
export interface ObjectStat extends ObjectKey {
  readonly kind: 'op' | 'object';
  /** Non-null = this version is deleted. */
  readonly deletedAtUs: number | null;
  readonly sizeBytes: number;
}

export interface ObjectValue extends ObjectKey {
  readonly kind: 'op' | 'object';
  /** Non-null = this version is deleted; then `val` is empty. */
  readonly deletedAtUs: number | null;
  /** JSON value. A view: it shares memory with those that came with it. */
  readonly val: Uint8Array;
}

export interface ObjectReads {
  /** `name`: a digest, `latest`, `vN` or an alias. Null = never existed; a deleted version comes back with `deletedAtUs`. */
  readObject(
    projectId: string,
    objectId: string,
    name: string,
    parts?: Partial<ObjectParts>,
  ): Promise<StoredObject | null>;
  /** By name, as `readObject` takes them, the versions that are there, deleted ones included; without values and labels. */
  findVersions(
    projectId: string,
    objectId: string,
    names: readonly string[],
  ): Promise<ReadonlyMap<string, StoredObject>>;
  /** Of one name, deleted ones included: the number that the next new one gets. */
  countVersions(projectId: string, objectId: string, kind: 'op' | 'object'): Promise<number>;
  /**
   * Versions that are not deleted, in order, streamed with flat memory. A consumer that stops early, or `signal`, cancels
   * the query. @throws AppError `query_timeout`, `store_unavailable` before the first ones; after `signal` aborted, anything.
   */
  streamObjects(query: ObjectsQuery, signal?: AbortSignal): AsyncIterable<readonly StoredObject[]>;
  /** Every tag on a version that is not deleted, sorted. */
  listTags(projectId: string): Promise<string[]>;
  /** Every alias that leads to a version that is not deleted, sorted, without `latest`. */
  listAliases(projectId: string): Promise<string[]>;
  /** Of versions named by their digests, those that exist, deleted ones included. */
  statObjects(
    projectId: string,
    keys: readonly ObjectKey[],
    signal?: AbortSignal,
  ): Promise<readonly ObjectStat[]>;
  /**
   * Values of versions named by their digests (no `latest`, `vN` or alias), streamed in no certain order, each once. What
   * does not exist does not come; what is deleted comes without its value.
   */
  readValues(
    projectId: string,
    keys: readonly ObjectKey[],
    signal?: AbortSignal,
  ): AsyncIterable<readonly ObjectValue[]>;
}

/** One tag of one version, put on or taken off. The latest of equal tags counts. */
export interface TagWrite {
  readonly projectId: string;
  readonly objectId: string;
  readonly digest: string;
  readonly tag: string;
  readonly isSet: boolean;
  readonly userId: string;
  readonly atUs: number;
}

/** Where one alias of one object leads. The latest of equal aliases counts. */
export interface AliasWrite {
  readonly projectId: string;
  readonly objectId: string;
  readonly alias: string;
  /** Null = nowhere: it is removed. */
  readonly digest: string | null;
  readonly userId: string;
  readonly atUs: number;
}
