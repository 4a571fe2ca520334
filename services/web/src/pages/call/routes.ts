import { createRoute, lazyRouteComponent } from '@tanstack/react-router';
import { projectRoute } from '../../routes.ts';

const call = <const Path extends string>(path: Path) =>
  createRoute({
    getParentRoute: () => projectRoute,
    path,
    validateSearch: (search: Record<string, unknown>) => ({
      ...(typeof search['tab'] === 'string' && { tab: search['tab'] }),
    }),
    component: lazyRouteComponent(() => import('./call-page.tsx'), 'CallPage'),
  });

export const callRoutes = [call('/weave/calls/$id'), call('/r/call/$id')] as const;
