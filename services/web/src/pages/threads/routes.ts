import { createRoute, lazyRouteComponent } from '@tanstack/react-router';
import { projectRoute } from '../../routes.ts';
import { readThreadsSearch } from './threads-search.ts';

const threads = createRoute({
  getParentRoute: () => projectRoute,
  path: '/weave/threads',
  validateSearch: readThreadsSearch,
  component: lazyRouteComponent(() => import('./threads-page.tsx'), 'ThreadsPage'),
});

const thread = createRoute({
  getParentRoute: () => projectRoute,
  path: '/weave/threads/$thread',
  component: lazyRouteComponent(() => import('./thread-page.tsx'), 'ThreadPage'),
});

export const threadRoutes = [threads, thread] as const;
