import { parseFieldPath, type PathPart } from '@weft/query-language';
import { ScoreError, type CallToScore, type Target } from './scorer.ts';

/** Scorer argument ← where its value is found: name of a call's input, or a path. */
export type ColumnMap = ReadonlyMap<string, string>;

/** By name; values as JSON.parse makes them. */
export type Arguments = ReadonlyMap<string, unknown>;

/**
 * What a scorer is called with, as Weave does it: every input of the call by its name, `inputs` (all of them, unless one has
 * that name) and `output`. A column map adds arguments; an input of the argument's own name wins over it. Beyond Weave,
 * values of the map may be paths into the call (`messages.0.content`, `inputs.a.b`, `output.answer`), and `output` may be mapped to
 * one of these too.
 *
 * @throws ScoreError `unscorable` where the map names what the call does not have.
 */
export function argumentsOf(target: Target, columnMap: ColumnMap): Arguments {
  const { inputs, output } = payloadsOf(target.call);
  const found = new Map<string, unknown>(isObject(inputs) ? Object.entries(inputs) : []);
  if (!found.has('inputs')) found.set('inputs', inputs);
  found.set('output', output);
  const given = new Map(found);
  for (const [argument, path] of columnMap) {
    if (argument !== 'output' && given.has(argument)) continue;
    const value = given.has(path) ? given.get(path) : at(given, inputs, parseFieldPath(path));
    if (value === undefined) throw new ScoreError('unscorable', missing(argument, path, given));
    found.set(argument, value);
  }
  return found;
}

/** Inputs and output as values. @throws ScoreError `unscorable` where they are no JSON. */
export function payloadsOf(call: CallToScore): { readonly inputs: unknown; readonly output: unknown } {
  return { inputs: parse(call.inputs, 'inputs'), output: parse(call.output, 'output') };
}

function parse(json: Uint8Array, what: string): unknown {
  if (json.length === 0) return null;
  try {
    return JSON.parse(Buffer.from(json.buffer, json.byteOffset, json.byteLength).toString('utf8')) as unknown;
  } catch (cause) {
    throw new ScoreError('unscorable', `${what}: not valid JSON`, { cause });
  }
}

function at(given: Arguments, inputs: unknown, path: readonly PathPart[]): unknown {
  const [first, ...rest] = path;
  const start = given.get(first!.key);
  if (start === undefined) return undefined;
  return walk(start, rest) ?? (first!.key === 'inputs' ? walk(inputs, rest) : undefined);
}

function walk(value: unknown, path: readonly PathPart[]): unknown {
  let found: unknown = value;
  for (const { key, index } of path) {
    if (Array.isArray(found) && index !== undefined) found = found[index];
    else if (isObject(found) && Object.hasOwn(found, key)) found = found[key];
    else return undefined;
  }
  return found;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function missing(argument: string, path: string, given: Arguments): string {
  const names = [...given.keys()].slice(0, 20).map((name) => name.slice(0, 80));
  return `column_map: ${JSON.stringify(argument.slice(0, 80))} is to come from ${JSON.stringify(path.slice(0, 200))}, which the call does not have (it has ${names.join(', ')})`;
}
