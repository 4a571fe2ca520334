import { createRoute, lazyRouteComponent } from '@tanstack/react-router';
import { projectRoute } from '../../routes.ts';

const monitors = createRoute({
  getParentRoute: () => projectRoute,
  path: '/weave/monitors',
  component: lazyRouteComponent(() => import('./monitors-page.tsx'), 'MonitorsPage'),
});

const newMonitor = createRoute({
  getParentRoute: () => projectRoute,
  path: '/weave/monitors/new',
  component: lazyRouteComponent(() => import('./edit-monitor-page.tsx'), 'EditMonitorPage'),
});

const TABS = ['ledger', 'scores', 'failures', 'past', 'edit'] as const;
export type MonitorTab = (typeof TABS)[number];

const monitor = createRoute({
  getParentRoute: () => projectRoute,
  path: '/weave/monitors/$name',
  validateSearch: (search): { readonly tab?: MonitorTab } => {
    const tab = TABS.find((each) => each === search['tab']);
    return tab === undefined ? {} : { tab };
  },
  component: lazyRouteComponent(() => import('./monitor-page.tsx'), 'MonitorPage'),
});

export const monitorRoutes = [monitors, newMonitor, monitor] as const;
