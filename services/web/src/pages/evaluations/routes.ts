import { createRoute, lazyRouteComponent } from '@tanstack/react-router';
import { projectRoute } from '../../routes.ts';
import { readBoardSearch, readCompareSearch, readRunSearch, readRunsSearch } from './search.ts';

const evaluations = createRoute({
  getParentRoute: () => projectRoute,
  path: '/weave/evaluations',
  validateSearch: readRunsSearch,
  component: lazyRouteComponent(() => import('./evaluations-page.tsx'), 'EvaluationsPage'),
});

const evaluation = createRoute({
  getParentRoute: () => projectRoute,
  path: '/weave/evaluations/$id',
  validateSearch: readRunSearch,
  component: lazyRouteComponent(() => import('./evaluation-page.tsx'), 'EvaluationPage'),
});

const compare = createRoute({
  getParentRoute: () => projectRoute,
  path: '/weave/compare-evaluations',
  validateSearch: readCompareSearch,
  component: lazyRouteComponent(() => import('./compare-page.tsx'), 'ComparePage'),
});

const leaderboards = createRoute({
  getParentRoute: () => projectRoute,
  path: '/weave/leaderboards',
  validateSearch: readBoardSearch,
  component: lazyRouteComponent(() => import('./leaderboards-page.tsx'), 'LeaderboardsPage'),
});

const leaderboard = createRoute({
  getParentRoute: () => projectRoute,
  path: '/weave/leaderboards/$name',
  validateSearch: readBoardSearch,
  component: lazyRouteComponent(() => import('./leaderboard-page.tsx'), 'LeaderboardPage'),
});

export const evaluationRoutes = [evaluations, evaluation, compare, leaderboards, leaderboard] as const;
