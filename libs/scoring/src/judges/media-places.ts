import { parseFieldPath } from '@weft/query-language';
import type { Arguments } from '../arguments.ts';

const MAX_DEPTH = 32;

/**
 * The variables with what `replace` says in place of values; undefined = it goes on inside.
 * @param paths where it looks: `$.inputs.photo`, `inputs.photo`, `photo`, `output.image`. Undefined = everywhere.
 */
export function mapPlaces(
  variables: Arguments,
  paths: readonly string[] | undefined,
  replace: (value: unknown) => string | undefined,
): Arguments {
  function inside(value: unknown, depth = 0): unknown {
    const replaced = replace(value);
    if (replaced !== undefined) return replaced;
    return depth >= MAX_DEPTH ? value : mapMembers(value, (member) => inside(member, depth + 1));
  }

  if (paths === undefined) return new Map([...variables].map(([name, value]) => [name, inside(value)]));
  const places = paths.map(stepsOf);
  const within = (value: unknown, at: readonly string[]): unknown => {
    if (places.some((place) => isSame(place, at))) return inside(value);
    if (!places.some((place) => isSame(place.slice(0, at.length), at))) return value;
    return mapMembers(value, (member, key) => within(member, [...at, key]));
  };
  const rootOf = (name: string) => (name === 'inputs' || name === 'output' ? [name] : ['inputs', name]);
  return new Map([...variables].map(([name, value]) => [name, within(value, rootOf(name))]));
}

function mapMembers(value: unknown, map: (member: unknown, key: string) => unknown): unknown {
  if (Array.isArray(value)) return value.map((item, i) => map(item, String(i)));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, map(member, key)]));
}

function stepsOf(path: string): string[] {
  const steps = parseFieldPath(path.replace(/^\$\.?/, '').replace(/\[(\d+|\*)\]/g, '.$1')).map(
    ({ key }) => key,
  );
  return steps[0] === 'inputs' || steps[0] === 'output' ? steps : ['inputs', ...steps];
}

function isSame(place: readonly string[], at: readonly string[]): boolean {
  return place.length === at.length && place.every((step, i) => step === '*' || step === at[i]);
}
