import { formatValue, TemplateError } from './format-spec.ts';
import { pyAscii, pyRepr, pyStr } from './repr.ts';

export { TemplateError } from './format-spec.ts';

/** By name; values as JSON.parse makes them. */
export type Variables = ReadonlyMap<string, unknown>;

/**
 * `template.format(**variables)` as Python does it: `{name}`, `{name[key][0]}`, `{name!r:>10}`, `{{` and `}}`. Members of a dict
 * are also found by `{name.member}`, as members of Weave's objects are.
 * @param maxChars of the whole text.
 * @throws TemplateError for what Python refuses, and names the variable that is not there and those that are.
 */
export function formatTemplate(template: string, variables: Variables, maxChars: number): string {
  const out = createOutput(maxChars);
  render(template, variables, out.push, 2);
  return out.text();
}

/** Names of the variables that a template asks for. @throws TemplateError where it is no template. */
export function variablesOf(template: string): ReadonlySet<string> {
  const names = new Set<string>();
  const collect = (text: string) => {
    for (const piece of piecesOf(text)) {
      if (typeof piece === 'string') continue;
      names.add(nameOf(piece.field));
      collect(piece.spec);
    }
  };
  collect(template);
  return names;
}

function createOutput(maxChars: number) {
  const parts: string[] = [];
  let size = 0;
  return {
    push(part: string) {
      size += part.length;
      if (size > maxChars) throw new TemplateError(`the prompt has more than ${maxChars} characters`);
      parts.push(part);
    },
    text: () => parts.join(''),
  };
}

function render(text: string, variables: Variables, push: (part: string) => void, depth: number): void {
  if (depth === 0) throw new TemplateError('Max string recursion exceeded');
  for (const piece of piecesOf(text)) {
    if (typeof piece === 'string') push(piece);
    else {
      let spec = piece.spec;
      if (/[{}]/.test(spec)) {
        spec = '';
        render(piece.spec, variables, (part) => (spec += part), depth - 1);
      }
      push(formatValue(converted(valueOf(piece.field, variables), piece.conversion), spec));
    }
  }
}

interface Place {
  readonly field: string;
  readonly conversion: string | undefined;
  readonly spec: string;
}

const BRACE = /[{}]/g;

/** Text and places in order. */
function* piecesOf(text: string): Generator<string | Place> {
  let at = 0;
  while (at < text.length) {
    BRACE.lastIndex = at;
    const brace = BRACE.exec(text);
    if (brace === null) return yield text.slice(at);
    if (brace.index > at) yield text.slice(at, brace.index);
    const char = brace[0];
    at = brace.index + 1;
    if (text[at] === char) {
      yield char;
      at++;
    } else if (char === '}') throw new TemplateError("Single '}' encountered in format string");
    else {
      const end = endOf(text, at);
      yield placeOf(text.slice(at, end));
      at = end + 1;
    }
  }
}

/** Of a place that begins at `start`; braces in its spec are places too. */
function endOf(text: string, start: number): number {
  let depth = 1;
  let inKey = false;
  for (let i = start; i < text.length; i++) {
    const char = text[i];
    if (char === '[' && depth === 1) inKey = true;
    else if (char === ']') inKey = false;
    else if (!inKey && char === '{') depth++;
    else if (!inKey && char === '}' && --depth === 0) return i;
  }
  throw new TemplateError(start === text.length ? "Single '{' encountered in format string" : "expected '}' before end of string"); // prettier-ignore
}

const PLACE = /^(?<field>(?:\[[^\]]*\]|[^!:[])*)(?:!(?<conversion>[^:]*))?(?::(?<spec>[^]*))?$/;

function placeOf(text: string): Place {
  const groups = PLACE.exec(text)?.groups;
  if (groups === undefined) throw new TemplateError("expected '}' before end of string");
  const { field = '', conversion, spec = '' } = groups;
  if (conversion !== undefined && !/^[rsa]$/.test(conversion))
    throw new TemplateError(`Unknown conversion specifier ${conversion}`);
  return { field, conversion, spec };
}

function converted(value: unknown, conversion: string | undefined): unknown {
  if (conversion === undefined) return value;
  return conversion === 's' ? pyStr(value) : conversion === 'r' ? pyRepr(value) : pyAscii(value);
}

function nameOf(field: string): string {
  const name = /^[^.[]*/.exec(field)![0];
  if (name === '' || /^\d+$/.test(name))
    throw new TemplateError(`a place without the name of a variable: '{${field.slice(0, 80)}}'`);
  return name;
}

const STEP = /\.([^.[]*)|\[([^\]]*)\]/gy;

function valueOf(field: string, variables: Variables): unknown {
  const name = nameOf(field);
  if (!variables.has(name)) throw missing(name, variables);
  let value = variables.get(name);
  STEP.lastIndex = name.length;
  while (STEP.lastIndex < field.length) {
    const step = STEP.exec(field);
    if (step === null) throw new TemplateError(`Only '.' or '[' may follow ']' in '{${field.slice(0, 80)}}'`);
    value = memberOf(value, step[1] ?? step[2] ?? '', field);
  }
  return value;
}

function memberOf(value: unknown, key: string, field: string): unknown {
  const isIndex = /^\d{1,15}$/.test(key);
  if (Array.isArray(value) && isIndex && Number(key) < value.length) return value[Number(key)] as unknown;
  const char = typeof value === 'string' && isIndex ? [...value][Number(key)] : undefined;
  if (char !== undefined) return char;
  if (typeof value === 'object' && value !== null && !Array.isArray(value) && Object.hasOwn(value, key))
    return (value as Record<string, unknown>)[key];
  const has = typeof value === 'object' && value !== null && !Array.isArray(value) ? listed(Object.keys(value)) : 'no members'; // prettier-ignore
  throw new TemplateError(`'{${field.slice(0, 80)}}': there is no ${JSON.stringify(key.slice(0, 80))} (there is ${has})`);
} // prettier-ignore

/** In the words of the SDK (IncorrectPromptVarError). */
function missing(name: string, variables: Variables): TemplateError {
  return new TemplateError(
    `Prompt template variable '${name.slice(0, 80)}' not found. Available variables: ${listed([...variables.keys()].sort())}`,
  );
}

function listed(names: readonly string[]): string {
  const shown = names.slice(0, 30).map((name) => name.slice(0, 80));
  return shown.join(', ') + (names.length > 30 ? `, and ${names.length - 30} more` : '');
}
