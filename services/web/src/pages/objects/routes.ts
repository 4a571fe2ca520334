import { createRoute, lazyRouteComponent } from '@tanstack/react-router';
import { projectRoute } from '../../routes.ts';

const assets = createRoute({
  getParentRoute: () => projectRoute,
  path: '/weave/assets',
  component: lazyRouteComponent(() => import('./assets-page.tsx'), 'AssetsPage'),
});

const version = createRoute({
  getParentRoute: () => projectRoute,
  path: '/weave/objects/$name/versions/$version',
  component: lazyRouteComponent(() => import('./object-page.tsx'), 'ObjectPage'),
});

const playground = createRoute({
  getParentRoute: () => projectRoute,
  path: '/weave/playground',
  component: lazyRouteComponent(() => import('./playground-page.tsx'), 'PlaygroundPage'),
});

export const objectRoutes = [assets, version, playground] as const;
