import {
  createRootRoute,
  createRoute,
  createRouter,
  lazyRouteComponent,
  redirect,
} from '@tanstack/react-router';
import { HomePage } from './pages/home/home-page.tsx';
import { readTracesSearch } from './pages/traces/traces-search.ts';
import { ErrorPage, MissingPage } from './shell/error-page.tsx';
import { Shell } from './shell/shell.tsx';

const root = createRootRoute({ component: Shell, errorComponent: ErrorPage, notFoundComponent: MissingPage });

const home = createRoute({ getParentRoute: () => root, path: '/', component: HomePage });

/** The paths are those of links that SDKs print. */
const project = createRoute({ getParentRoute: () => root, path: '/$entity/$project' });

/** A project's own address leads to its traces. */
const toTraces = (path: '/' | '/weave') =>
  createRoute({
    getParentRoute: () => project,
    path,
    beforeLoad: ({ params }) => {
      // What the router takes for an answer.
      // eslint-disable-next-line @typescript-eslint/only-throw-error
      throw redirect({ to: '/$entity/$project/weave/traces', params, search: {}, replace: true });
    },
  });

const traces = createRoute({
  getParentRoute: () => project,
  path: '/weave/traces',
  validateSearch: readTracesSearch,
  component: lazyRouteComponent(() => import('./pages/traces/traces-page.tsx'), 'TracesPage'),
});

const call = (path: '/weave/calls/$id' | '/r/call/$id') =>
  createRoute({
    getParentRoute: () => project,
    path,
    validateSearch: (search: Record<string, unknown>) => ({
      ...(typeof search['tab'] === 'string' && { tab: search['tab'] }),
    }),
    component: lazyRouteComponent(() => import('./pages/call/call-page.tsx'), 'CallPage'),
  });

const routeTree = root.addChildren([
  home,
  project.addChildren([
    toTraces('/'),
    toTraces('/weave'),
    traces,
    call('/weave/calls/$id'),
    call('/r/call/$id'),
  ]),
]);

export const router = createRouter({ routeTree, defaultPreload: false, scrollRestoration: true });

declare module '@tanstack/react-router' {
  interface Register {
    router: typeof router;
  }
}
