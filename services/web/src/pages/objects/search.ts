import { OBJECT_KINDS, type ObjectKind } from '../../api/objects.ts';

/** What addresses say of these pages. Unknown members are dropped. */
type Search = Record<string, unknown>;

export interface AssetsSearch {
  readonly kind?: ObjectKind;
  /** Part of a name, tag, alias or class. */
  readonly text?: string;
}

export function readAssetsSearch(search: Search): AssetsSearch {
  const kind = OBJECT_KINDS.find((each) => each === search['kind']);
  return { ...(kind && { kind }), ...texts(search, ['text']) };
}

export const OBJECT_TABS = ['content', 'diff', 'use', 'calls', 'raw'] as const;
export type ObjectTab = (typeof OBJECT_TABS)[number];

export interface ObjectSearch {
  readonly tab?: ObjectTab;
  /** The version that is compared: its digest. */
  readonly with?: string;
  /** Of a dataset: the column that tells which rows of two versions are one. */
  readonly by?: string;
  /** Of a dataset: the column it is sorted by, `-` before it for descending. */
  readonly sort?: string;
  /** Of a dataset: a text in its rows, and the column to look in. */
  readonly find?: string;
  readonly in?: string;
}

export function readObjectSearch(search: Search): ObjectSearch {
  const tab = OBJECT_TABS.find((each) => each === search['tab']);
  return {
    ...(tab && { tab }),
    ...texts(search, ['with', 'by', 'sort', 'find', 'in']),
  };
}

export interface PlaygroundSearch {
  /** Begin with what this call was asked. */
  readonly call?: string;
  /** Begin with this prompt: its ref. */
  readonly prompt?: string;
}

export function readPlaygroundSearch(search: Search): PlaygroundSearch {
  return texts(search, ['call', 'prompt']);
}

/** The router reads `3` as a number: a text all the same. */
function texts<const Name extends string>(
  search: Search,
  names: readonly Name[],
): { [name in Name]?: string } {
  const given = names.flatMap((name) => {
    const value = search[name];
    const text = typeof value === 'number' || typeof value === 'boolean' ? String(value) : value;
    return typeof text === 'string' && text !== '' ? [[name, text.slice(0, 1000)]] : [];
  });
  return Object.fromEntries(given) as { [name in Name]?: string };
}
