import { createRoute, lazyRouteComponent } from '@tanstack/react-router';
import { projectRoute } from '../../routes.ts';
import { readTracesSearch } from './traces-search.ts';

const traces = createRoute({
  getParentRoute: () => projectRoute,
  path: '/weave/traces',
  validateSearch: readTracesSearch,
  component: lazyRouteComponent(() => import('./traces-page.tsx'), 'TracesPage'),
});

export const traceRoutes = [traces] as const;
