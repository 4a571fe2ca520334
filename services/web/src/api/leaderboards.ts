import { queryOptions } from '@tanstack/react-query';
import { ApiError, request } from './request.ts';

/** Leaderboards are objects of the class `Leaderboard`, as the SDKs publish them. */

export interface BoardColumn {
  readonly evaluation_object_ref: string;
  readonly scorer_name: string;
  /** Where the figure is in what the scorer was summed up to: `true_fraction`, `length.mean`. */
  readonly summary_metric_path: string;
  /** The lowest is the best. */
  readonly should_minimize: boolean | null;
}

export interface Board {
  /** Of the object. */
  readonly id: string;
  readonly digest: string;
  readonly createdAt: string;
  readonly version: number;
  readonly name: string;
  readonly description: string;
  readonly columns: readonly BoardColumn[];
}

interface Stored {
  readonly object_id: string;
  readonly digest: string;
  readonly created_at: string;
  readonly version_index: number;
  readonly val: unknown;
}

export function boardsQuery(projectId: string) {
  return queryOptions({
    queryKey: ['leaderboards', projectId],
    queryFn: async ({ signal }) => {
      const body = {
        project_id: projectId,
        filter: { base_object_classes: ['Leaderboard'], latest_only: true },
        sort_by: [{ field: 'created_at', direction: 'desc' }],
        limit: 1000,
      };
      return (await request<{ objs: Stored[] }>('/objs/query', body, { signal })).objs.map(readBoard);
    },
  });
}

/** Null: there is none of that name. */
export function boardQuery(projectId: string, id: string) {
  return queryOptions({
    queryKey: ['leaderboard', projectId, id],
    queryFn: async ({ signal }) => {
      try {
        const body = { project_id: projectId, object_id: id, digest: 'latest' };
        return readBoard((await request<{ obj: Stored }>('/obj/read', body, { signal })).obj);
      } catch (error) {
        if (error instanceof ApiError && error.status === 404) return null;
        throw error;
      }
    },
  });
}

function readBoard({ object_id: id, digest, created_at: createdAt, version_index, val }: Stored): Board {
  const { name, description, columns } = (val ?? {}) as Record<string, unknown>;
  return {
    id,
    digest,
    createdAt,
    version: version_index,
    name: textOf(name) || id,
    description: textOf(description),
    columns: (Array.isArray(columns) ? (columns as unknown[]) : []).map(readColumn),
  };
}

function readColumn(value: unknown): BoardColumn {
  const column = (value ?? {}) as Record<string, unknown>;
  return {
    evaluation_object_ref: textOf(column['evaluation_object_ref']),
    scorer_name: textOf(column['scorer_name']),
    summary_metric_path: textOf(column['summary_metric_path']),
    should_minimize: column['should_minimize'] === true,
  };
}

const textOf = (value: unknown) => (typeof value === 'string' ? value : '');

/** A new version of it, or the first. */
export async function saveBoard(
  projectId: string,
  { id, name, description, columns }: Pick<Board, 'id' | 'name' | 'description' | 'columns'>,
): Promise<void> {
  await request('/obj/create', {
    obj: {
      project_id: projectId,
      object_id: id,
      val: { name, description, columns },
      builtin_object_class: 'Leaderboard',
    },
  });
}
