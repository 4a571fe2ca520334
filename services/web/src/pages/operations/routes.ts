import { createRoute, lazyRouteComponent } from '@tanstack/react-router';
import { rootRoute } from '../../routes.ts';

const TABS = ['pipeline', 'letters', 'storage', 'keys'] as const;
export type OperationsTab = (typeof TABS)[number];

export interface OperationsSearch {
  /** Absent: the pipeline. */
  readonly tab?: OperationsTab;
  /** Which dead letters. */
  readonly reason?: string;
  readonly group?: 'writer' | 'gateway';
  readonly project?: string;
}

/** Unknown members are dropped. */
export function readOperationsSearch(search: Record<string, unknown>): OperationsSearch {
  const text = (name: string) => {
    const value = search[name];
    return typeof value === 'string' && value !== '' ? value.slice(0, 500) : undefined;
  };
  const tab = TABS.find((each) => each === search['tab']);
  const group = (['writer', 'gateway'] as const).find((each) => each === search['group']);
  const [reason, project] = [text('reason'), text('project')];
  return {
    ...(tab !== undefined && tab !== 'pipeline' && { tab }),
    ...(reason !== undefined && { reason }),
    ...(group !== undefined && { group }),
    ...(project !== undefined && { project }),
  };
}

export const operationsRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/operations',
  validateSearch: readOperationsSearch,
  component: lazyRouteComponent(() => import('./operations-page.tsx'), 'OperationsPage'),
});
