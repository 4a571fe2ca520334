import { createRoute, createRouter, redirect } from '@tanstack/react-router';
import { callRoutes } from './pages/call/routes.ts';
import { dashboardRoutes } from './pages/dashboard/routes.ts';
import { evaluationRoutes } from './pages/evaluations/routes.ts';
import { homeRoute } from './pages/home/routes.ts';
import { monitorRoutes } from './pages/monitors/routes.ts';
import { objectRoutes } from './pages/objects/routes.ts';
import { operationsRoute } from './pages/operations/routes.ts';
import { threadRoutes } from './pages/threads/routes.ts';
import { traceRoutes } from './pages/traces/routes.ts';
import { projectRoute, rootRoute } from './routes.ts';

/** A project's own address leads to its traces. */
const toTraces = (path: '/' | '/weave') =>
  createRoute({
    getParentRoute: () => projectRoute,
    path,
    beforeLoad: ({ params }) => {
      // What the router takes for an answer.
      // eslint-disable-next-line @typescript-eslint/only-throw-error
      throw redirect({ to: '/$entity/$project/weave/traces', params, search: {}, replace: true });
    },
  });

const routeTree = rootRoute.addChildren([
  homeRoute,
  operationsRoute,
  projectRoute.addChildren([
    toTraces('/'),
    toTraces('/weave'),
    ...traceRoutes,
    ...callRoutes,
    ...threadRoutes,
    ...evaluationRoutes,
    ...objectRoutes,
    ...monitorRoutes,
    ...dashboardRoutes,
  ]),
]);

export const router = createRouter({ routeTree, defaultPreload: false, scrollRestoration: true });

declare module '@tanstack/react-router' {
  interface Register {
    router: typeof router;
  }
}
