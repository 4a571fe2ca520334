import { createRoute, lazyRouteComponent } from '@tanstack/react-router';
import { projectRoute } from '../../routes.ts';

const evaluations = createRoute({
  getParentRoute: () => projectRoute,
  path: '/weave/evaluations',
  component: lazyRouteComponent(() => import('./evaluations-page.tsx'), 'EvaluationsPage'),
});

const evaluation = createRoute({
  getParentRoute: () => projectRoute,
  path: '/weave/evaluations/$id',
  component: lazyRouteComponent(() => import('./evaluation-page.tsx'), 'EvaluationPage'),
});

const compare = createRoute({
  getParentRoute: () => projectRoute,
  path: '/weave/compare-evaluations',
  component: lazyRouteComponent(() => import('./compare-page.tsx'), 'ComparePage'),
});

const leaderboards = createRoute({
  getParentRoute: () => projectRoute,
  path: '/weave/leaderboards',
  component: lazyRouteComponent(() => import('./leaderboards-page.tsx'), 'LeaderboardsPage'),
});

const leaderboard = createRoute({
  getParentRoute: () => projectRoute,
  path: '/weave/leaderboards/$name',
  component: lazyRouteComponent(() => import('./leaderboard-page.tsx'), 'LeaderboardPage'),
});

export const evaluationRoutes = [evaluations, evaluation, compare, leaderboards, leaderboard] as const;
