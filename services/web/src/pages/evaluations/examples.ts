import type { Results, Trial } from '../../api/evaluations.ts';
import { oneLine } from '../../ui/format.ts';
import { meanOf, type Example, type Metric } from './metrics.ts';

export function examplesOf({ rows }: Pick<Results, 'rows'>): Example[] {
  return rows.map(({ row_digest: digest, raw_data_row: data, evaluations }) => ({
    digest,
    data,
    trials: new Map(evaluations.map(({ evaluation_call_id: id, trials }) => [id, trials])),
  }));
}

const EXPECTED =
  /^(expected|target|label|answer|ground_?truth|reference|correct|gold|ideal)(_?(output|answer|value|result|text))?$/i;

/** A row of a dataset in what is asked and what is expected, as far as names tell. */
export function splitData(data: unknown): { readonly inputs: unknown; readonly expected: unknown } {
  if (typeof data !== 'object' || data === null || Array.isArray(data))
    return { inputs: data, expected: undefined };
  const entries = Object.entries(data);
  const expected = entries.filter(([name]) => EXPECTED.test(name));
  const inputs = entries.filter(([name]) => !EXPECTED.test(name));
  return { inputs: unwrap(inputs), expected: expected.length === 0 ? undefined : unwrap(expected) };
}

/** One member alone needs no name. */
function unwrap(entries: readonly (readonly [string, unknown])[]): unknown {
  return entries.length === 1 ? entries[0]![1] : Object.fromEntries(entries);
}

/** One line for a cell, without the marks of JSON where names and values say enough. */
export function cellText(value: unknown): string {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return oneLine(value);
  return Object.entries(value)
    .slice(0, 12)
    .map(([name, each]) => `${name}: ${oneLine(each)}`)
    .join(', ')
    .slice(0, 400);
}

export function errorOf(trials: readonly Trial[] = []): string | undefined {
  return trials.find(({ error }) => error !== null)?.error ?? undefined;
}

/** In the order of a metric of a run; those without a value last. */
export function sortExamples(
  examples: readonly Example[],
  run: string,
  metric: Metric | undefined,
  descending: boolean,
): readonly Example[] {
  if (metric === undefined) return examples;
  const keyed = examples.map((example) => ({ example, value: meanOf(example, run, metric) }));
  const sign = descending ? -1 : 1;
  return keyed
    .sort((a, b) =>
      a.value === undefined || b.value === undefined
        ? Number(a.value === undefined) - Number(b.value === undefined)
        : sign * (a.value - b.value),
    )
    .map(({ example }) => example);
}

/** Any word of its data or outputs. */
export function holdsText(example: Example, text: string): boolean {
  const words = text.toLowerCase();
  const said = [example.data, ...[...example.trials.values()].flat().map(({ model_output: output }) => output)];
  return said.some((value) => (JSON.stringify(value) ?? '').toLowerCase().includes(words));
} // prettier-ignore
