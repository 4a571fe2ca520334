import { createRoute, lazyRouteComponent } from '@tanstack/react-router';
import { projectRoute } from '../../routes.ts';
import { readDashboardSearch } from './dashboard-search.ts';

const dashboard = createRoute({
  getParentRoute: () => projectRoute,
  path: '/weave/dashboard',
  validateSearch: readDashboardSearch,
  component: lazyRouteComponent(() => import('./dashboard-page.tsx'), 'DashboardPage'),
});

export const dashboardRoutes = [dashboard] as const;
