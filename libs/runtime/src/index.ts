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
  type MetricOptions,
  type Metrics,
} from './metrics.ts';
export { processStat, type ProcessStat } from './process-stat.ts';
export {
  runService,
  type ProcessPort,
  type RunningService,
  type RunServiceOptions,
  type StartStep,
  type Stoppable,
} from './run-service.ts';
export { createTurns } from './turns.ts';
