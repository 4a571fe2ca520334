import { createRoute, lazyRouteComponent } from '@tanstack/react-router';
import { projectRoute } from '../../routes.ts';
import { readAssetsSearch, readObjectSearch, readPlaygroundSearch } from './search.ts';

const assets = createRoute({
  getParentRoute: () => projectRoute,
  path: '/weave/assets',
  validateSearch: readAssetsSearch,
  component: lazyRouteComponent(() => import('./assets-page.tsx'), 'AssetsPage'),
});

/** SDKs print both. */
const version = <const Path extends string>(path: Path) =>
  createRoute({
    getParentRoute: () => projectRoute,
    path,
    validateSearch: readObjectSearch,
    component: lazyRouteComponent(() => import('./object-page.tsx'), 'ObjectPage'),
  });

const playground = createRoute({
  getParentRoute: () => projectRoute,
  path: '/weave/playground',
  validateSearch: readPlaygroundSearch,
  component: lazyRouteComponent(() => import('./playground/playground-page.tsx'), 'PlaygroundPage'),
});

export const objectRoutes = [
  assets,
  version('/weave/objects/$name/versions/$version'),
  version('/weave/ops/$name/versions/$version'),
  playground,
] as const;
