export {
  JobHopeless,
  type Amount,
  type GroupCounts,
  type JobHandler,
  type JobQueue,
  type JobResult,
  type JobState,
  type NewJob,
  type RunJobsOptions,
  type RunningJob,
} from './job-queue.ts';
export { openLocalJobQueue, type LocalJobQueueOptions } from './local/local.ts';
export { jobQueueEnv } from './redis/env.ts';
export { openRedisJobQueue, type RedisJobQueueOptions } from './redis/redis.ts';
