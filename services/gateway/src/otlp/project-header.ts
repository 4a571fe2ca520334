import type { IncomingHttpHeaders } from 'node:http';

/** W&B's header, and what people send where a proxy drops the underscore. */
export const PROJECT_HEADERS = ['project_id', 'project-id', 'x-project-id'] as const;

/** The two halves of a project in headers of their own. */
export const PROJECT_PART_HEADERS = ['wandb-entity', 'wandb-project'] as const;

/** `entity/project` as HTTP headers or gRPC metadata name it, as sent (it may be percent-encoded); null = they do not. */
export function headerProjectOf(headers: IncomingHttpHeaders): string | null {
  const valueOf = (name: string) => {
    const value = headers[name];
    return typeof value === 'string' && value.trim() !== '' ? value.trim() : undefined;
  };
  for (const name of PROJECT_HEADERS) {
    const value = valueOf(name);
    if (value !== undefined) return value;
  }
  const [entity, project] = PROJECT_PART_HEADERS.map(valueOf);
  return entity === undefined || project === undefined ? null : `${entity}/${project}`;
}
