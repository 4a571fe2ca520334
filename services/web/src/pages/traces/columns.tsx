import type { ReactNode } from 'react';
import { latencyMs, statusOf, weaveOf, type Call } from '../../api/calls.ts';
import type { TracesShown } from '../../api/traces.ts';
import { errorLine } from '../../ui/exception.ts';
import { count, duration, money, oneLine, opName } from '../../ui/format.ts';
import { Status } from '../../ui/status.tsx';
import { Time } from '../../ui/time.tsx';

/** A column of the list: one that is known by its name, or a path into the call. */
export interface Column {
  readonly id: string;
  readonly label: string;
  readonly width: string;
  readonly minPx: number;
  readonly isNumber?: boolean;
  /** Left out where there is little room and nobody chose it. */
  readonly isWide?: boolean;
  /** What the list is sorted by; absent = it cannot be. */
  readonly sort?: string;
  /** As files call it. */
  readonly exported: string;
  /** Member of the call that is read for it. */
  readonly member?: string;
  readonly render: (call: Call) => ReactNode;
}

const text = (minPx: number, grow: number) => ({ width: `minmax(${minPx}px, ${grow}fr)`, minPx });
const fixed = (px: number) => ({ width: `${px}px`, minPx: px });

const KNOWN: readonly Column[] = [
  { id: 'started_at', label: 'Started', ...fixed(168), isWide: true, sort: 'started_at', exported: 'started_at', render: (call) => <Time at={call.started_at} /> },
  { id: 'name', label: 'Name', ...text(120, 1.2), sort: 'summary.weave.trace_name', exported: 'summary.weave.trace_name', render: (call) => <bdi>{call.display_name ?? opName(call.op_name)}</bdi> },
  { id: 'inputs', label: 'Inputs', ...text(120, 2), isWide: true, member: 'inputs', exported: 'inputs', render: (call) => <bdi>{oneLine(call.inputs)}</bdi> },
  { id: 'output', label: 'Output', ...text(120, 2), isWide: true, member: 'output', exported: 'output', render: (call) => <bdi>{call.exception === null ? oneLine(call.output) : errorLine(call.exception)}</bdi> },
  { id: 'status', label: 'Status', ...fixed(92), sort: 'summary.weave.status', exported: 'summary.weave.status', render: (call) => <Status call={call} /> },
  { id: 'latency', label: 'Latency', ...fixed(84), isNumber: true, sort: 'summary.weave.latency_ms', exported: 'summary.weave.latency_ms', render: latency },
  { id: 'tokens', label: 'Tokens', ...fixed(80), isNumber: true, exported: 'tokens', render: (call) => whole(tokensOf(call)) },
  { id: 'cost', label: 'Cost', ...fixed(80), isNumber: true, exported: 'cost', render: cost },
  { id: 'model', label: 'Model', ...text(110, 1), exported: 'summary.usage', render: (call) => <bdi>{modelsOf(call).join(', ')}</bdi> },
  { id: 'op_name', label: 'Op', ...text(120, 1), sort: 'op_name', exported: 'op_name', render: (call) => <bdi>{opName(call.op_name)}</bdi> },
  { id: 'ended_at', label: 'Ended', ...fixed(168), sort: 'ended_at', exported: 'ended_at', render: (call) => call.ended_at !== null && <Time at={call.ended_at} /> },
  { id: 'exception', label: 'Error', ...text(120, 2), sort: 'exception', exported: 'exception', render: (call) => <bdi className="error-text">{call.exception && errorLine(call.exception)}</bdi> },
  { id: 'user', label: 'User', ...text(90, 0.6), sort: 'wb_user_id', member: 'wb_user_id', exported: 'wb_user_id', render: (call) => <bdi>{call.wb_user_id}</bdi> },
  { id: 'thread', label: 'Thread', ...text(110, 0.8), sort: 'thread_id', member: 'thread_id', exported: 'thread_id', render: (call) => <bdi>{call.thread_id}</bdi> },
  { id: 'id', label: 'Call id', ...text(140, 1), exported: 'id', render: (call) => <span className="mono">{call.id}</span> },
  { id: 'trace_id', label: 'Trace id', ...text(140, 1), sort: 'trace_id', exported: 'trace_id', render: (call) => <span className="mono">{call.trace_id}</span> },
]; // prettier-ignore

export const KNOWN_COLUMNS: ReadonlyMap<string, Column> = new Map(KNOWN.map((column) => [column.id, column]));
export const USUAL_COLUMNS = ['started_at', 'name', 'inputs', 'output', 'status', 'latency'];

export function toColumn(id: string): Column {
  return KNOWN_COLUMNS.get(id) ?? pathColumn(id);
}

/** What has to be read for the columns. */
export function shownBy(columns: readonly Column[]): TracesShown {
  const paths = columns.filter(({ id }) => !KNOWN_COLUMNS.has(id));
  return {
    members: columns.flatMap(({ member }) => member ?? []).sort(),
    costs: columns.some(({ id }) => id === 'cost'),
    feedback: paths.some(({ id }) => id.startsWith('feedback.')),
    paths: paths.length > 0,
  };
}

const FEEDBACK = /^feedback\.\[([^\]]+)\]\.payload(?:\.(.+))?$/s;

function pathColumn(id: string): Column {
  const feedback = FEEDBACK.exec(id);
  const parts = splitPath(feedback === null ? id : (feedback[2] ?? ''));
  const label =
    feedback === null
      ? id
      : `${feedback[1]!.replace(/^wandb\.|\.1$/g, '')}${feedback[2] === undefined ? '' : `: ${feedback[2]}`}`;
  const valueIn = (call: Call) =>
    feedback === null ? valueAt(call, parts) : latestFeedback(call, feedback[1]!, parts);
  return {
    id,
    label,
    ...text(130, 1),
    sort: id,
    exported: id,
    ...(feedback === null && parts[0] !== 'summary' && { member: parts[0]! }),
    render: (call) => <bdi>{cellText(valueIn(call))}</bdi>,
  };
}

/** Dots part; `\.` is a dot of a name. */
export function splitPath(path: string): string[] {
  if (path === '') return [];
  return path
    .replaceAll('\\.', '\u0000')
    .split('.')
    .map((part) => part.replaceAll('\u0000', '.'));
}

export function valueAt(value: unknown, path: readonly string[]): unknown {
  let at = value;
  for (const part of path) {
    if (typeof at !== 'object' || at === null || !Object.hasOwn(at, part)) return undefined;
    at = (at as Record<string, unknown>)[part];
  }
  return at;
}

function latestFeedback(call: Call, type: string, path: readonly string[]): unknown {
  const list = valueAt(call, ['summary', 'weave', 'feedback']);
  if (!Array.isArray(list)) return undefined;
  for (let i = list.length - 1; i >= 0; i--) {
    if (valueAt(list[i], ['feedback_type']) !== type) continue;
    const value = valueAt(list[i], ['payload', ...path]);
    if (value !== undefined) return value;
  }
  return undefined;
}

function cellText(value: unknown): string {
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : oneLine(value);
}

function latency(call: Call): ReactNode {
  const ms = statusOf(call) === 'running' ? undefined : latencyMs(call);
  return ms === undefined || ms === null ? '' : duration(ms);
}

function usageOf(call: Call): [string, Record<string, unknown>][] {
  const usage = valueAt(call, ['summary', 'usage']);
  if (typeof usage !== 'object' || usage === null) return [];
  return Object.entries(usage).filter((each): each is [string, Record<string, unknown>] => typeof each[1] === 'object' && each[1] !== null); // prettier-ignore
}

const modelsOf = (call: Call) => usageOf(call).map(([model]) => model);
const number = (value: unknown) => (typeof value === 'number' ? value : 0);

function tokensOf(call: Call): number | undefined {
  const usage = usageOf(call);
  if (usage.length === 0) return undefined;
  return usage.reduce((sum, [, of]) => {
    const prompt = Math.max(number(of['prompt_tokens']), number(of['input_tokens']));
    const completion = Math.max(number(of['completion_tokens']), number(of['output_tokens']));
    return sum + (number(of['total_tokens']) || prompt + completion);
  }, 0);
}

const COSTS = ['prompt_tokens_total_cost', 'completion_tokens_total_cost', 'cache_read_input_tokens_total_cost', 'cache_creation_input_tokens_total_cost']; // prettier-ignore

function cost(call: Call): ReactNode {
  const costs = Object.values(weaveOf(call).costs ?? {});
  if (costs.length === 0) return '';
  return money(costs.reduce((sum, of) => sum + COSTS.reduce((all, name) => all + number(of[name]), 0), 0));
}

const whole = (value: number | undefined) => (value === undefined ? '' : count.format(value));
