import type { FieldName } from './fields.ts';
import type { JsonWriter } from './json-writer.ts';
import { plain, type Selected, type Selector } from './select.ts';
import { writeSelected } from './call-attributes.ts';
import { RawJson, Tree } from './tree.ts';

const COUNTS = [
  'input_tokens',
  'prompt_tokens',
  'output_tokens',
  'completion_tokens',
  'total_tokens',
  'cache_read_input_tokens',
  'cache_creation_input_tokens',
  'reasoning_tokens',
  'text_input_tokens',
  'text_output_tokens',
  'image_input_tokens',
  'image_output_tokens',
  'audio_input_tokens',
  'audio_output_tokens',
  'video_input_tokens',
  'video_output_tokens',
] as const satisfies readonly FieldName[];

/**
 * `"usage":{"<model>":{…}}`, or nothing: false. `input_tokens` and `prompt_tokens` are two names of one quantity and both are
 * kept, as are output and completion; cache and reasoning counts are parts of them. None may be added to another.
 */
export function writeUsage(out: JsonWriter, selector: Selector): boolean {
  const counts = new Map<string, number | bigint | Selected>();
  for (const field of COUNTS) {
    const selected = selector.take(field);
    if (selected !== null) counts.set(field, wholeNumber(selected) ?? selected);
  }
  if (!counts.has('total_tokens')) {
    const total =
      sum(counts.get('prompt_tokens'), counts.get('completion_tokens')) ??
      sum(counts.get('input_tokens'), counts.get('output_tokens'));
    if (total !== null) counts.set('total_tokens', total);
  }
  const cost = selector.take('reported_cost');
  if (counts.size === 0 && cost === null) return false;
  out.raw('"usage":{');
  out.string(modelOf(selector) ?? 'usage');
  out.raw(':{');
  for (const [name, count] of counts) {
    out.member(name);
    if (typeof count === 'object') writeSelected(out, count);
    else out.number(count);
  }
  if (cost !== null) {
    out.member('reported_cost');
    writeSelected(out, cost);
  }
  out.raw('}}');
  return true;
}

function modelOf(selector: Selector): string | null {
  for (const field of ['model', 'parameter_model'] as const) {
    const value = selector.take(field)?.value;
    const model = value instanceof RawJson ? plain(value) : value;
    if (typeof model === 'string' && model !== '') return model;
  }
  return null;
}

function wholeNumber({ value }: Selected): number | bigint | null {
  if (value instanceof Tree) return null;
  const found = value instanceof RawJson ? plain(value) : value;
  if (typeof found === 'bigint') return found;
  if (typeof found === 'number') return Number.isFinite(found) ? Math.trunc(found) : null;
  if (typeof found === 'string' && /^\s*[+-]?\d{1,15}\s*$/.test(found)) return Number(found);
  return null;
}

function sum(a: unknown, b: unknown): number | null {
  return typeof a === 'number' && typeof b === 'number' ? a + b : null;
}
