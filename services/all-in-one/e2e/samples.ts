import { pathMembers, hasProjectInPath, type RouteSpec } from '@weft/weave-api';
import { z } from 'zod';

/** Requests made of a route's own schema: whole ones, and ones with something wrong in them. */

type Json = Record<string, unknown>;
export type Random = () => number;

/** What is sent: JSON text, because JSON.stringify could not write everything that a client can. */
export interface Sample {
  readonly method: string;
  /** With its query string. */
  readonly path: string;
  readonly body: string | undefined;
  /** What was done to a whole request. */
  readonly what: string;
}

export function pick<T>(random: Random, list: readonly T[]): T {
  return list[Math.floor(random() * list.length)]!;
}

/** A request as the schema wants it, with values that lead nowhere: nothing of them is stored. */
export function validRequest(spec: RouteSpec, random: Random, project: string): Json {
  const schema = z.toJSONSchema(spec.request, { io: 'input', unrepresentable: 'any' }) as Json;
  return sampleOf(schema, schema, random, project, '') as Json;
}

function sampleOf(schema: Json, root: Json, random: Random, project: string, name: string): unknown {
  if (typeof schema.$ref === 'string') {
    const definition = (root.$defs as Record<string, Json> | undefined)?.[schema.$ref.split('/').at(-1)!];
    return definition === undefined ? 'x' : sampleOf(definition, root, random, project, name);
  }
  const choices = (schema.anyOf ?? schema.oneOf) as Json[] | undefined;
  if (choices !== undefined) return sampleOf(pick(random, choices), root, random, project, name);
  if (schema.const !== undefined) return schema.const;
  if (Array.isArray(schema.enum)) return pick(random, schema.enum);
  if (Array.isArray(schema.type))
    return sampleOf({ ...schema, type: pick(random, schema.type) }, root, random, project, name);
  switch (schema.type) {
    case 'string':
      return textFor(name, schema, project, random);
    case 'integer':
    case 'number':
      return Number(schema.minimum ?? 0) > 0 ? Number(schema.minimum) : Math.floor(random() * 10);
    case 'boolean':
      return random() < 0.5;
    case 'null':
      return null;
    case 'array':
      return schema.items === undefined
        ? []
        : [sampleOf(schema.items as Json, root, random, project, name.replace(/s$/, ''))];
    case 'object': {
      const required = new Set((schema.required as string[] | undefined) ?? []);
      const members = Object.entries((schema.properties as Record<string, Json> | undefined) ?? {});
      return Object.fromEntries(
        members
          .filter(([key]) => required.has(key) || random() < 0.3)
          .map(([key, value]) => [key, sampleOf(value, root, random, project, key)]),
      );
    }
    default:
      return random() < 0.5 ? {} : 'x';
  }
}

function textFor(name: string, schema: Json, project: string, random: Random): string {
  if (/^project_id/.test(name)) return project;
  if (schema.format === 'date-time' || /(_at|_datetime|^start|^end|_date)$/.test(name))
    return '2026-01-02T03:04:05.000006Z';
  if (/ref$/.test(name)) return `weave:///${project}/object/nothing:abc`;
  if (/digest/.test(name)) return pick(random, ['latest', 'v0', 'x'.repeat(43), 'nothing']);
  return `${name === '' ? 'x' : name}-${Math.floor(random() * 10)}`;
}

const deep = (open: string, close: string, depth: number) => open.repeat(depth) + close.repeat(depth);
/** JSON texts that are rarely what a member wants. */
const WRONG: readonly (readonly [what: string, json: string])[] = [
  ['null', 'null'],
  ['true', 'true'],
  ['a number', '17'],
  ['a negative number', '-1'],
  ['a fraction', '0.5'],
  ['a huge number', '1e400'],
  ['a long integer', '123456789012345678901234567890'],
  ['an empty string', '""'],
  ['a string', '"x"'],
  ['a long string', JSON.stringify('x'.repeat(100_000))],
  ['NUL and surrogates', '"a\\u0000b\\ud800"'],
  ['quotes', JSON.stringify(`'"\\%_{}[]--;\``)],
  ['right to left', '"\\u202e\\u05d0😀"'],
  ['an internal ref', '"weave-trace-internal:///x/object/a:b"'],
  ['a short ref', '"weave:///a"'],
  ['a foreign ref', '"weave:///who/knows/object/a:b"'],
  ['an unknown ref', '"weave:///e2e/none/object/a:b/attr/x/index/99999999999"'],
  ['an empty list', '[]'],
  ['a list of nulls', '[null,null]'],
  ['a list of lists', '[[[]]]'],
  ['a long list', `[${Array(2000).fill('"x"').join(',')}]`],
  ['an empty object', '{}'],
  ['a polluting object', '{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}}}'],
  ['a deep list', deep('[', ']', 400)],
  ['too deep a list', deep('[', ']', 5000)],
  ['a deep object', '{"a":'.repeat(400) + '1' + '}'.repeat(400)],
  ['an expression', '{"$expr":{"$eq":[{"$getField":"inputs.a"},{"$literal":1}]}}'],
  ['a wrong expression', '{"$expr":{"$nope":[1]}}'],
  ['a date', '"2026-01-02T03:04:05Z"'],
  ['a far date', '"9999-12-31T23:59:59Z"'],
  ['no date', '"2026-13-45"'],
];

/** A valid request with one place of it made wrong, missing or too much. */
export function mutatedSample(spec: RouteSpec, random: Random, project: string): Sample {
  const request = validRequest(spec, random, project);
  const places = placesOf(request, []);
  const marker = '\u0001wrong\u0001';
  const [what, json] = pick(random, WRONG);
  const place = places.length === 0 ? undefined : pick(random, places);
  const doing = random();
  let told: string;
  if (place !== undefined && doing < 0.1) {
    deleteAt(request, place);
    told = `without ${place.join('.')}`;
  } else if (place === undefined || doing < 0.2) {
    (request as Record<string, unknown>)['novelty'] = marker;
    told = `unknown member: ${what}`;
  } else {
    setAt(request, place, marker);
    told = `${place.join('.')}: ${what}`;
  }
  return toSample(spec, request, project, told, (text) => text.replace(JSON.stringify(marker), () => json));
}

/** Places a request's members where the route wants them. */
export function toSample(
  spec: RouteSpec,
  request: Json,
  project: string,
  what = 'valid',
  edit: (text: string) => string = (text) => text,
): Sample {
  const inPath = new Set(pathMembers(spec.path));
  const text = (value: unknown) => (typeof value === 'string' ? value : edit(JSON.stringify(value ?? null)));
  const plain = (value: unknown) => encodeURIComponent(text(value).slice(0, 2000) || 'x');
  const [entity, name] = project.split('/');
  const path = spec.path.replace(/\{(\w+)\}/g, (_, member: string) => {
    if (hasProjectInPath(spec.path) && member === 'entity') return entity!;
    if (hasProjectInPath(spec.path) && member === 'project') return name!;
    return plain(request[member]);
  });
  const rest = Object.entries(request).filter(([key]) => !inPath.has(key));
  const hasBody = spec.method === 'post' || spec.method === 'put';
  const query = hasBody
    ? ''
    : `?${rest.map(([key, value]) => `${encodeURIComponent(key)}=${plain(value)}`).join('&')}`;
  return {
    method: spec.method.toUpperCase(),
    path: path + query,
    body: hasBody ? edit(JSON.stringify(Object.fromEntries(rest))) : undefined,
    what,
  };
}

type Place = readonly (string | number)[];

function placesOf(value: unknown, at: Place): Place[] {
  const here = at.length === 0 ? [] : [at];
  if (Array.isArray(value)) return [...here, ...value.flatMap((item, i) => placesOf(item, [...at, i]))];
  if (typeof value !== 'object' || value === null) return here;
  return [...here, ...Object.entries(value).flatMap(([key, item]) => placesOf(item, [...at, key]))];
}

function setAt(root: Json, place: Place, value: unknown): void {
  parentOf(root, place)[place.at(-1)!] = value;
}

function deleteAt(root: Json, place: Place): void {
  delete parentOf(root, place)[place.at(-1)!];
}

function parentOf(root: Json, place: Place): Record<string | number, unknown> {
  let at: unknown = root;
  for (const step of place.slice(0, -1)) at = (at as Record<string | number, unknown>)[step];
  return at as Record<string | number, unknown>;
}
