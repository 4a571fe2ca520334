import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';

export interface MetricOptions<L extends string> {
  /** Snake case with the unit: `writer_rows_total`, `…_seconds`, `…_bytes`. */
  readonly name: string;
  readonly help: string;
  /** Label names; their values must come from a small closed set, never from a client. */
  readonly labels?: readonly L[];
}

export interface HistogramOptions<L extends string> extends MetricOptions<L> {
  /** Upper bounds, ascending. Default: seconds from 1 ms to 30 s. */
  readonly buckets?: readonly number[];
}

export interface GaugeOptions<L extends string> extends MetricOptions<L> {
  /** Called at each scrape; `gauge.set(…)` in it costs nothing while nobody looks. */
  readonly collect?: (gauge: Gauge<L>) => void | Promise<void>;
}

export interface MetricDescription {
  /** With the prefix. */
  readonly name: string;
  readonly type: 'counter' | 'gauge' | 'histogram' | 'summary';
  readonly labels: readonly string[];
  readonly help: string;
}

const SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

/** The metrics of one process: one registry, handed to every part of it. Each metric is declared once, where it is counted. */
export interface Metrics {
  counter<L extends string = never>(options: MetricOptions<L>): Counter<L>;
  gauge<L extends string = never>(options: GaugeOptions<L>): Gauge<L>;
  histogram<L extends string = never>(options: HistogramOptions<L>): Histogram<L>;
  /** What is declared, by name: for documentation, dashboards and alerts to be compared with. */
  describe(): MetricDescription[];
  /** The Prometheus text exposition of everything declared. */
  render(): Promise<{ contentType: string; body: string }>;
}

/** What the client's metrics are beyond its types. */
interface Declared {
  readonly name: string;
  readonly help: string;
  readonly labelNames: readonly string[];
  readonly type: MetricDescription['type'];
}

/**
 * @param prefix put before every name, default `weft_`.
 * @param options.processMetrics CPU, memory, file handles, event loop delay and garbage collection of this process; default on.
 */
export function createMetrics(prefix = 'weft_', options: { processMetrics?: boolean } = {}): Metrics {
  const registry = new Registry();
  // The delay sampler is a timer: 10 wake-ups a second instead of the default 100 in an idle process.
  if (options.processMetrics ?? true)
    collectDefaultMetrics({ register: registry, prefix, eventLoopMonitoringPrecision: 100 });
  const common = <L extends string>(given: MetricOptions<L>) => ({
    name: prefix + given.name,
    help: given.help,
    labelNames: [...(given.labels ?? [])],
    registers: [registry],
  });
  return {
    counter: <L extends string>(given: MetricOptions<L>) => new Counter<L>(common(given)),
    gauge: <L extends string>(given: GaugeOptions<L>) => {
      const { collect } = given;
      const gauge: Gauge<L> = new Gauge<L>({
        ...common(given),
        ...(collect === undefined ? {} : { collect: () => collect(gauge) }),
      });
      return gauge;
    },
    histogram: <L extends string>(given: HistogramOptions<L>) =>
      new Histogram<L>({ ...common(given), buckets: [...(given.buckets ?? SECONDS)] }),
    describe: () =>
      registry
        .getMetricsAsArray()
        .map((metric) => metric as unknown as Declared)
        .map(({ name, type, labelNames, help }) => ({ name, type, labels: [...labelNames], help }))
        .sort((a, b) => (a.name < b.name ? -1 : 1)),
    render: async () => ({ contentType: registry.contentType, body: await registry.metrics() }),
  };
}

export type { Counter, Gauge, Histogram };
