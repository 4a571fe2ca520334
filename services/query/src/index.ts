export { garbageOptions, queryEnv } from './config.ts';
export { createQuery, type Query, type QueryDeps } from './query.ts';
