import { AppError, parseProjectId } from '@weft/model';
import type { KeyValues } from './span.ts';

export interface RouteOptions {
  /** The `project_id` header, as sent. */
  headerProject: string | null;
  /** Where items go that neither resource nor header route. Null = such items are rejected. */
  defaultProject?: string | null;
}

/** Where the items of a resource go. */
export interface Route {
  /** Null = nowhere, for the reason in `problem`. */
  readonly projectId: string | null;
  readonly byHeader: boolean;
  readonly problem: string;
}

export const NO_PROJECT =
  'no project: set the resource attributes wandb.entity and wandb.project, or send the header project_id: <entity>/<project>';

/** `wandb.entity` + `wandb.project` of the resource win over the header. */
export function routeOf(resource: KeyValues, { headerProject, defaultProject }: RouteOptions): Route {
  const entity = resource.get('wandb.entity');
  const project = resource.get('wandb.project');
  try {
    if (typeof entity === 'string' && typeof project === 'string' && entity !== '' && project !== '') {
      const projectId = parseProjectId(
        `${entity}/${project}`,
        'resource attributes wandb.entity and wandb.project',
      );
      return { projectId, byHeader: false, problem: '' };
    }
    if (headerProject !== null && headerProject !== '') {
      return {
        projectId: parseProjectId(unescaped(headerProject), 'header project_id'),
        byHeader: true,
        problem: '',
      };
    }
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    return { projectId: null, byHeader: false, problem: error.message };
  }
  return { projectId: defaultProject ?? null, byHeader: false, problem: NO_PROJECT };
}

/** For the sender of a mixed request: a part of it said where to go, the rest followed the header. Null = all is plain. */
export function headerWarning(
  byHeader: number,
  seen: number,
  { headerProject }: RouteOptions,
  items: string,
): string | null {
  if (byHeader === 0 || byHeader === seen || headerProject === null) return null;
  return `${byHeader} of ${seen} ${items} have no wandb.entity and wandb.project resource attributes and went to the project of the project_id header`;
}

/** OTEL_EXPORTER_OTLP_HEADERS values are URL-encoded by definition, and some SDKs forward them as they are. */
function unescaped(header: string): string {
  if (!header.includes('%')) return header;
  try {
    return decodeURIComponent(header);
  } catch {
    return header;
  }
}
