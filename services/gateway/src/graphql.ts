/** A field of a query's root selection: as much of GraphQL as the SDKs' fixed queries need. */
export interface RootField {
  readonly name: string;
  /** Where the answer goes: the alias, else the name. */
  readonly key: string;
  /** Arguments by name at any depth, variables put in; strings only. */
  readonly args: ReadonlyMap<string, string>;
}

const TOKEN =
  /"""[\s\S]*?"""|"(?:[^"\\\n]|\\.)*"|#[^\n]*|\.\.\.|[_A-Za-z]\w*|\$\w+|[{}()[\]:!=@|&]|[^\s,\ufeff]/g;
const MAX_ROOT_FIELDS = 50;

/**
 * The root fields of the first operation; of a fragment spread nothing. Text that is no GraphQL gives what can be made out.
 */
export function rootFields(query: string, variables: Readonly<Record<string, unknown>>): RootField[] {
  const tokens = (query.match(TOKEN) ?? []).filter((token) => !token.startsWith('#'));
  let at = operationStart(tokens);
  const fields: RootField[] = [];
  while (at < tokens.length && tokens[at] !== '}' && fields.length < MAX_ROOT_FIELDS) {
    if (!isName(tokens[at])) {
      at = passOver(tokens, at);
      continue;
    }
    const key = tokens[at]!;
    const name = tokens[at + 1] === ':' && isName(tokens[at + 2]) ? tokens[at + 2]! : key;
    at += name === key && tokens[at + 1] !== ':' ? 1 : 3;
    const end = tokens[at] === '(' ? skipGroup(tokens, at) : at;
    fields.push({ name, key, args: argumentsOf(tokens.slice(at, end), variables) });
    at = tokens[end] === '{' ? skipGroup(tokens, end) : end;
  }
  return fields;
}

/** What is no field: a spread with its fragment or type, a directive's name, a group. */
function passOver(tokens: readonly string[], at: number): number {
  const token = tokens[at];
  if (token === '(' || token === '{') return skipGroup(tokens, at);
  if (token === '@') return at + 2;
  if (token !== '...') return at + 1;
  return tokens[at + 1] === 'on' ? at + 3 : isName(tokens[at + 1]) ? at + 2 : at + 1;
}

/** After the `{` of the first operation; fragments that are defined before it are passed over. */
function operationStart(tokens: readonly string[]): number {
  let at = 0;
  let fragment = false;
  while (at < tokens.length) {
    if (tokens[at] === 'fragment') fragment = true;
    if (tokens[at] === '(') at = skipGroup(tokens, at);
    else if (tokens[at] !== '{') at++;
    else if (fragment) {
      at = skipGroup(tokens, at);
      fragment = false;
    } else return at + 1;
  }
  return at;
}

/** The position after the bracket that closes the one at `at`. */
function skipGroup(tokens: readonly string[], at: number): number {
  let depth = 0;
  for (; at < tokens.length; at++) {
    const token = tokens[at]!;
    if (token === '(' || token === '{' || token === '[') depth++;
    else if ((token === ')' || token === '}' || token === ']') && --depth === 0) return at + 1;
  }
  return at;
}

function argumentsOf(
  tokens: readonly string[],
  variables: Readonly<Record<string, unknown>>,
): Map<string, string> {
  const args = new Map<string, string>();
  for (let i = 0; i + 2 < tokens.length; i++) {
    if (!isName(tokens[i]) || tokens[i + 1] !== ':') continue;
    const value = tokens[i + 2]!;
    if (value.startsWith('"')) args.set(tokens[i]!, unquote(value));
    else if (value.startsWith('$')) addVariable(args, tokens[i]!, own(variables, value.slice(1)));
  }
  return args;
}

/** A variable may hold a whole input object. */
function addVariable(args: Map<string, string>, name: string, value: unknown): void {
  if (typeof value === 'string') args.set(name, value);
  else if (typeof value === 'object' && value !== null) {
    for (const [key, inner] of Object.entries(value)) if (typeof inner === 'string') args.set(key, inner);
  }
}

function own(record: Readonly<Record<string, unknown>>, name: string): unknown {
  return Object.hasOwn(record, name) ? record[name] : undefined;
}

function unquote(token: string): string {
  if (token.startsWith('"""')) return token.slice(3, -3);
  try {
    return JSON.parse(token) as string;
  } catch {
    return token.slice(1, -1);
  }
}

function isName(token: string | undefined): boolean {
  return token !== undefined && /^[_A-Za-z]/.test(token);
}
