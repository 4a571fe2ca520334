import { weaveOf, type Call } from '../../api/calls.ts';
import { oneLine } from '../../ui/format.ts';
import { readRef } from '../../ui/ref.ts';

/** What a call of `Evaluation.evaluate` says of itself, whichever SDK made it. */

/** The evaluation's ref: the TypeScript SDK calls itself `this`. */
export function evaluationOf({ inputs }: Call): unknown {
  return inputs['self'] ?? inputs['this'];
}

export function modelOf({ inputs }: Call): unknown {
  return inputs['model'];
}

/** A name for a ref, or for what stands in place of one. */
export function nameOf(value: unknown): string {
  if (typeof value === 'string') return readRef(value)?.name ?? value.slice(0, 200);
  if (typeof value !== 'object' || value === null) return '';
  const { name, _class_name: kind } = value as Record<string, unknown>;
  return [name, kind].find((each): each is string => typeof each === 'string') ?? oneLine(value);
}

export function versionOf(value: unknown): string {
  return typeof value === 'string' ? (readRef(value)?.version.slice(0, 7) ?? '') : '';
}

/** What it is called in lists: its own name, else that of what it ran. */
export function titleOf(run: Call): string {
  return run.display_name ?? (nameOf(evaluationOf(run)) || run.id);
}

export interface RunScore {
  /** Where it is in the output, without `mean` or `true_fraction`: `style.length`. */
  readonly label: string;
  readonly path: readonly string[];
  readonly value: number;
  readonly kind: 'yes-no' | 'number';
}

const MAX_SCORES = 100;
const MAX_DEPTH = 16;

/** The sums that the SDK has written as the run's output, by scorer; without the latency. */
export function scoresOf({ output }: Call): RunScore[] {
  const found: RunScore[] = [];
  if (typeof output === 'object' && output !== null) addScores(found, output, []);
  const scores = found.filter(({ path }) => !['model_latency', 'modelLatency'].includes(path[0] ?? ''));
  // Means of what the model answered come last.
  return [...scores.filter(({ path }) => !isOutput(path)), ...scores.filter(({ path }) => isOutput(path))];
}

function isOutput([first]: readonly string[]): boolean {
  return first === 'output' || first === 'model_output';
}

function addScores(found: RunScore[], value: unknown, path: readonly string[]): void {
  if (found.length >= MAX_SCORES || path.length > MAX_DEPTH) return;
  if (typeof value === 'number') {
    const last = path.at(-1) ?? '';
    if (last === 'true_count') return;
    const isFraction = last === 'true_fraction';
    const label = (isFraction || last === 'mean') && path.length > 1 ? path.slice(0, -1) : path;
    found.push({ label: label.join('.'), path, value, kind: isFraction ? 'yes-no' : 'number' });
  } else if (typeof value === 'object' && value !== null && !Array.isArray(value))
    for (const [name, member] of Object.entries(value)) addScores(found, member, [...path, name]);
}

/** US dollars over all models; undefined where no price is known. */
export function costOf(call: Call): number | undefined {
  const costs = Object.values(weaveOf(call).costs ?? {});
  if (costs.length === 0) return undefined;
  return costs.reduce((sum, cost) => PARTS.reduce((all, part) => all + (Number(cost[part]) || 0), sum), 0);
}

const PARTS = [
  'prompt_tokens_total_cost',
  'completion_tokens_total_cost',
  'cache_read_input_tokens_total_cost',
  'cache_creation_input_tokens_total_cost',
];
