import { queryOptions } from '@tanstack/react-query';
import { request } from './request.ts';

/** W&B's `SavedView`: what its clients make, and read, too. */
export interface SavedViewDefinition {
  readonly filter?: Readonly<Record<string, unknown>> | null;
  readonly query?: Readonly<Record<string, unknown>> | null;
  readonly columns?:
    readonly { readonly path?: readonly (string | number)[] | null; readonly label?: string | null }[] | null;
  readonly sort_by?: readonly { readonly field: string; readonly direction: string }[] | null;
}

export interface SavedView {
  readonly id: string;
  readonly label: string;
  readonly definition: SavedViewDefinition;
}

interface StoredView {
  readonly object_id: string;
  readonly val: unknown;
}

/** Views of traces, by name. */
export function savedViewsQuery(projectId: string) {
  return queryOptions({
    queryKey: ['saved-views', projectId],
    queryFn: async ({ signal }) => {
      const body = {
        project_id: projectId,
        filter: { base_object_classes: ['SavedView'], latest_only: true, is_op: false },
        limit: 500,
      };
      const { objs } = await request<{ objs: readonly StoredView[] }>('/objs/query', body, { signal });
      return objs.flatMap(readView).sort((a, b) => a.label.localeCompare(b.label));
    },
  });
}

function readView({ object_id: id, val }: StoredView): SavedView[] {
  const { view_type: type, label, definition } = (val ?? {}) as Record<string, unknown>;
  if (type !== 'traces' || typeof definition !== 'object' || definition === null) return [];
  return [{ id, label: typeof label === 'string' ? label : id, definition }];
}

/** @param id of one that is there: it gets a new version. */
export async function saveView(
  projectId: string,
  {
    id,
    label,
    definition,
  }: { readonly id?: string | undefined; readonly label: string; readonly definition: SavedViewDefinition },
): Promise<string> {
  const object_id = id ?? nameOf(label);
  const val = { name: null, description: null, view_type: 'traces', label, definition };
  const obj = { project_id: projectId, object_id, val, builtin_object_class: 'SavedView' };
  await request<object>('/obj/create', { obj });
  return object_id;
}

export const deleteView = (projectId: string, id: string) =>
  request<object>('/obj/delete', { project_id: projectId, object_id: id });

/** Object ids are short and plain; two views may be called the same. */
function nameOf(label: string): string {
  const plain = label
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-|-$/g, '')
    .slice(0, 60);
  const random = crypto.getRandomValues(new Uint32Array(1))[0]!.toString(36);
  return `${plain || 'view'}-${random}`;
}
