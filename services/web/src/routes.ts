import { createRootRoute, createRoute } from '@tanstack/react-router';
import { ErrorPage, MissingPage } from './shell/error-page.tsx';
import { Shell } from './shell/shell.tsx';

/** Above every page; each folder of `pages/` hangs its own routes below one of these. */
export const rootRoute = createRootRoute({
  component: Shell,
  errorComponent: ErrorPage,
  notFoundComponent: MissingPage,
});

/** The paths below are those of links that SDKs print. */
export const projectRoute = createRoute({ getParentRoute: () => rootRoute, path: '/$entity/$project' });
