import { queryOptions } from '@tanstack/react-query';
import { lines, request } from './request.ts';

/** What waits between the log and the tables. */
export interface Pipeline {
  readonly now: string;
  readonly clickhouse: { readonly trouble: string | null; readonly answered_ms: number | null };
  readonly writer: {
    readonly oldest_ms: number | null;
    readonly events: number | null;
    readonly bytes: number | null;
    readonly partitions: readonly number[] | null;
    readonly trouble: string | null;
  };
  readonly admin: boolean;
}

export const pipelineQuery = queryOptions({
  queryKey: ['operations', 'pipeline'],
  refetchInterval: 3000,
  queryFn: ({ signal }) => request<Pipeline>('/weft/v1/pipeline', undefined, { signal }),
});

/** Why the process that answers here would not be sent requests; empty = it would. */
export const readinessQuery = queryOptions({
  queryKey: ['operations', 'readiness'],
  refetchInterval: 5000,
  queryFn: async ({ signal }): Promise<Readonly<Record<string, string>>> => {
    // 503 is an answer too.
    const res = await fetch('/readyz', { signal });
    const { reasons = {} } = (await res.json()) as { reasons?: Record<string, string> };
    return reasons;
  },
});

export interface ApiKey {
  readonly id: string;
  readonly user: string;
  /** `*`, `entity/*` or `entity/project`. */
  readonly projects: readonly string[];
  readonly role: 'read' | 'write' | 'admin';
  readonly created_at: string;
  readonly revoked_at: string | null;
}

export const keysQuery = queryOptions({
  queryKey: ['operations', 'keys'],
  retry: false,
  queryFn: async ({ signal }) =>
    (await request<{ keys: readonly ApiKey[] }>('/weft/v1/keys', undefined, { signal })).keys,
});

export interface DeadLetter {
  readonly id: string;
  readonly group: string;
  readonly kind: string;
  readonly project_id: string;
  readonly event_id: string;
  readonly reason: string;
  readonly rejected_at: string;
  readonly payload_bytes: number;
}

export interface LettersFilter {
  readonly reason?: string | undefined;
  readonly group?: string | undefined;
  readonly project?: string | undefined;
}

/** Letters that a page shows; one more is asked for to know whether there are more. */
export const LETTERS = 200;
const PATH = '/weft/v1/dead-letters';

export function deadLettersQuery(filter: LettersFilter) {
  return queryOptions({
    queryKey: ['operations', 'letters', filter],
    retry: false,
    queryFn: async ({ signal }) => {
      const query = new URLSearchParams({ limit: String(LETTERS + 1), ...given(filter) });
      const letters: DeadLetter[] = [];
      for await (const letter of lines<DeadLetter>(`${PATH}?${query.toString()}`, undefined, signal))
        letters.push(letter);
      return letters;
    },
  });
}

function given(filter: LettersFilter): Record<string, string> {
  return Object.fromEntries(
    Object.entries(filter).filter((entry): entry is [string, string] => Boolean(entry[1])),
  );
}

export interface OpenLetter extends DeadLetter {
  readonly user_id: string;
  readonly payload: string;
  readonly payload_encoding: 'utf-8' | 'base64';
  readonly payload_truncated: boolean;
}

export function letterQuery(id: string) {
  return queryOptions({
    queryKey: ['operations', 'letter', id],
    retry: false,
    queryFn: ({ signal }) =>
      request<OpenLetter>(`${PATH}/${encodeURIComponent(id)}?max_payload_bytes=100000`, undefined, {
        signal,
      }),
  });
}

export interface Settled {
  readonly dry_run: boolean;
  readonly counts: Readonly<Record<string, number>>;
  readonly letters: readonly { readonly id: string; readonly state: string; readonly reason?: string }[];
}

/** Which letters: those that are named, or all that the filter shows. */
export type Which = { readonly ids: readonly string[] } | { readonly filter: LettersFilter };

export const settleLetters = (verb: 'replay' | 'drop', which: Which, isDryRun: boolean) =>
  request<Settled>(`${PATH}/${verb}`, {
    ...('filter' in which ? { filter: given(which.filter) } : which),
    dry_run: isDryRun,
  });

interface Stored {
  readonly count: number;
  readonly bytes: number;
}

export interface StorageUsage {
  /** Where new blobs go; null = there is no blob store. */
  readonly uri: string | null;
  readonly projects: readonly {
    readonly project_id: string;
    readonly blob_files: Stored;
    readonly table_files: Stored;
    readonly payloads: Stored;
  }[];
  readonly truncated: boolean;
}

export const storageQuery = queryOptions({
  queryKey: ['operations', 'storage'],
  retry: false,
  queryFn: ({ signal }) => request<StorageUsage>('/weft/v1/storage/usage', undefined, { signal }),
});

export interface StoreCheck {
  readonly uri: string;
  readonly ok: boolean;
  readonly steps: readonly { readonly name: string; readonly ok: boolean; readonly elapsed_ms: number }[];
}

export const checkStore = () => request<StoreCheck>('/weft/v1/storage/check', {});

/** Bytes that the project's rows take. */
export interface ProjectSize {
  readonly trace_storage_size_bytes: number;
  readonly objects_storage_size_bytes: number;
  readonly tables_storage_size_bytes: number;
  readonly files_storage_size_bytes: number;
}

export function projectSizeQuery(projectId: string) {
  return queryOptions({
    queryKey: ['operations', 'size', projectId],
    staleTime: 60_000,
    queryFn: ({ signal }) => request<ProjectSize>('/project/stats', { project_id: projectId }, { signal }),
  });
}
