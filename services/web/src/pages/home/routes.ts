import { createRoute } from '@tanstack/react-router';
import { rootRoute } from '../../routes.ts';
import { HomePage } from './home-page.tsx';

export const homeRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/',
  validateSearch: ({ find }: Record<string, unknown>): { readonly find?: string } =>
    typeof find === 'string' && find !== '' ? { find: find.slice(0, 200) } : {},
  component: HomePage,
});
