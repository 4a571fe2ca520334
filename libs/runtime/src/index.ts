export { backend, type Backend, type BackendOptions } from './backend.ts';
export { background } from './background.ts';
export {
  ConfigError,
  envBoolean,
  envInt,
  envSecret,
  envString,
  loadConfig,
  Secret,
  type EnvIntOptions,
} from './config.ts';
export { createLogger, type Logger, type LoggerOptions, type LogLevel } from './logger.ts';
export {
  createMetrics,
  type Counter,
  type Gauge,
  type GaugeOptions,
  type Histogram,
  type HistogramOptions,
  type MetricDescription,
  type MetricOptions,
  type Metrics,
} from './metrics.ts';
export { onlineEvalEnv } from './online-eval.ts';
export { openPatiently, startEnv, type PatienceOptions } from './open-patiently.ts';
export { processStat, type ProcessStat } from './process-stat.ts';
export {
  runService,
  type ProcessPort,
  type RunningService,
  type RunServiceOptions,
  type StartStep,
  type Stoppable,
} from './run-service.ts';
export { sha256, sha256OfAll } from './sha256.ts';
export { createTurns } from './turns.ts';
