export { scoringEnv, type ScoringConfig } from './config.ts';
export { scoreId, toScoreJob, type ScoreJob } from './jobs.ts';
export { scoringRoutes, type ScoringRoutesDeps } from './routes/scoring-routes.ts';
export { createScoringWorker, type ScoringWorker, type ScoringWorkerDeps } from './scoring-worker.ts';
