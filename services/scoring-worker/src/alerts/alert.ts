import { parseRef } from '@weft/model';
import type { CallSeries, ScoreSeries } from '@weft/trace-store';
import { z } from 'zod';

/** One version of an AlertSpec, read and checked. */
export interface Alert {
  readonly projectId: string;
  readonly name: string;
  /** `weave:///<project>/object/<name>:<digest>`. */
  readonly ref: string;
  readonly isActive: boolean;
  readonly webhookUrl: string;
  /** Null: US dollars that all calls of the window took. */
  readonly series: CallSeries | ScoreSeries | null;
  readonly opNames: readonly string[];
  readonly aggregation: Aggregation;
  /** What `percentage` and `count` count; undefined: numbers that are not 0, and values. */
  readonly match: string | undefined;
  readonly comparison: 'GREATER_THAN' | 'LESS_THAN' | 'EQUAL';
  readonly threshold: number;
  readonly windowSeconds: number;
  /** True: calls before the window count too, up to `newest`. */
  readonly looksBack: boolean;
  readonly newest: number;
  /** As its author gave them: for the webhook. */
  readonly about: Pick<Spec, 'metric_path' | 'source_type' | 'monitor_ref' | 'scorer_ref'>;
}

export type Aggregation = 'mean' | 'median' | 'min' | 'max' | 'mode' | 'percentage' | 'count';

/** An alert by number of calls is looked at as often as this where there are new ones. */
const DEFAULT_WINDOW_S = 60;
const MIN_WINDOW_S = 10;
const MAX_WINDOW_S = 86_400;
/** Values of a window that are looked at. */
const MAX_VALUES = 100_000;

const ref = z.string().max(2000).nullish();

/** W&B's WeaveMetricThresholdSpec (weave/trace/builtin_object_classes/alert_spec.py), which lets other members stand. */
const Spec = z.object({
  alert_condition: z.literal('THRESHOLD').default('THRESHOLD'),
  source_type: z.enum(['calls', 'spans']).default('calls'),
  comparison_operator: z.enum(['GREATER_THAN', 'LESS_THAN', 'EQUAL']).default('GREATER_THAN'),
  metric_path: z.string().max(1000).default(''),
  op_str: z.string().max(2000).default(''),
  threshold: z.number().default(0),
  window_size: z.int().min(1).max(MAX_VALUES).nullish(),
  window_duration: z.int().min(MIN_WINDOW_S).max(MAX_WINDOW_S).nullish(),
  monitor_ref: ref,
  scorer_ref: ref,
  aggregation_function: z
    .enum(['mean', 'median', 'min', 'max', 'mode', 'percentage', 'count'])
    .default('mean'),
  status_match_value: z.union([z.string().max(256), z.number(), z.boolean()]).nullish(),
  // Ours.
  webhook_url: z.string().min(1).max(2048),
  op_names: z.array(z.string().max(2000)).max(100).nullish(),
  active: z.boolean().default(true),
});
type Spec = z.output<typeof Spec>;

const AlertSpec = z.object({ op_scope: z.array(z.string().max(2000)).max(100).nullish(), spec: Spec });

/** @throws Error, SyntaxError, ZodError: it is no alert that this server can run. */
export function parseAlert(
  val: Uint8Array,
  { projectId, name, ref }: Pick<Alert, 'projectId' | 'name' | 'ref'>,
): Alert {
  const { op_scope, spec } = AlertSpec.parse(JSON.parse(Buffer.from(val).toString('utf8')));
  const opNames = [
    ...(op_scope ?? []),
    ...(spec.op_names ?? []),
    ...(spec.op_str === '' ? [] : [spec.op_str]),
  ];
  const series = toSeries(spec, opNames, projectId);
  const { aggregation_function: aggregation, status_match_value: match } = spec;
  if (series === null && aggregation !== 'mean')
    throw new Error('cost has no aggregation but mean: it is what the window took');
  return {
    projectId,
    name,
    ref,
    isActive: spec.active,
    webhookUrl: spec.webhook_url,
    series,
    opNames,
    aggregation,
    match: match == null ? undefined : toMatch(String(match), series),
    comparison: spec.comparison_operator,
    threshold: spec.threshold,
    windowSeconds: spec.window_duration ?? DEFAULT_WINDOW_S,
    looksBack: spec.window_duration == null,
    newest: spec.window_size ?? MAX_VALUES,
    about: spec,
  };
}

const METRICS: ReadonlyMap<string, CallSeries['value']> = new Map([
  ['latency_ms', 'latency_ms'],
  ['summary.weave.latency_ms', 'latency_ms'],
  ['input_tokens', 'input_tokens'],
  ['output_tokens', 'output_tokens'],
  ['tokens', 'tokens'],
  ['total_tokens', 'tokens'],
  ['error_rate', 'is_error'],
  ['status', 'status'],
  ['status_code', 'status'],
  ['summary.weave.status', 'status'],
]);

const COST: readonly string[] = ['cost', 'summary.weave.costs'];
const PAYLOADS = ['attributes', 'inputs', 'output', 'summary'] as const;

function toSeries(spec: Spec, opNames: readonly string[], projectId: string): Alert['series'] {
  const path = spec.metric_path;
  const keys = path.split('.');
  if (spec.monitor_ref != null || spec.scorer_ref != null) {
    return {
      kind: 'scores',
      ...(spec.monitor_ref == null ? {} : { triggerRef: anyVersion(spec.monitor_ref, projectId) }),
      ...(spec.scorer_ref == null ? {} : { runnableRef: anyVersion(spec.scorer_ref, projectId) }),
      path: path === '' ? ['output'] : keys,
    };
  }
  if (COST.includes(path)) return null;
  const calls = { kind: 'calls', opNames, spansOnly: spec.source_type === 'spans' } as const;
  const metric = METRICS.get(path);
  if (metric !== undefined) return { ...calls, value: metric };
  // What percentage and count match without a path is the status.
  if (path === '' && spec.status_match_value != null) return { ...calls, value: 'status' };
  if (path === '' && spec.aggregation_function === 'count') return { ...calls, value: 'is_error' };
  const payload = PAYLOADS.find((each) => each === keys[0]);
  if (payload === undefined)
    throw new Error(
      `metric_path: ${JSON.stringify(path.slice(0, 100))} is no metric and leads into none of ${PAYLOADS.join(', ')}`,
    );
  return { ...calls, value: { payload, path: keys.slice(1) } };
}

/** A rule that is changed is the same rule: its alert goes on. */
function anyVersion(text: string, projectId: string): string {
  const ref = parseRef(text);
  if (ref.kind === 'call' || ref.kind === 'table' || ref.projectId !== projectId)
    throw new Error(`${text.slice(0, 200)}: is no object of this project`);
  const at = text.lastIndexOf(`:${ref.version}`);
  return ref.extra.length > 0 ? text : `${text.slice(0, at)}:*`;
}

/** W&B's alerts name a status by OpenTelemetry's number. */
function toMatch(text: string, series: Alert['series']): string {
  if (series?.kind !== 'calls' || series.value !== 'status') return text;
  if (/^(2|error)$/i.test(text)) return 'error';
  return /^(0|1|ok|unset|success)$/i.test(text) ? 'success' : text;
}
