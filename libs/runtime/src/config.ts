import { inspect } from 'node:util';
import { z } from 'zod';

/** A value that does not print: not by String(), JSON.stringify, console.log or the logger. `reveal()` at the point of use. */
export class Secret {
  readonly #value: string;

  constructor(value: string) {
    this.#value = value;
  }

  reveal(): string {
    return this.#value;
  }

  toString(): string {
    return '[secret]';
  }

  toJSON(): string {
    return '[secret]';
  }

  [inspect.custom](): string {
    return '[secret]';
  }
}

/** The process cannot start: the message names every variable that is wrong, and never quotes a value. */
export class ConfigError extends Error {
  /** Names of the variables, in the order of the schema. */
  readonly variables: readonly string[];

  constructor(lines: readonly string[], variables: readonly string[]) {
    super(`bad configuration\n${lines.map((line) => `  ${line}`).join('\n')}`);
    this.name = 'ConfigError';
    this.variables = variables;
    // Reaches the operator as an uncaught error of main.ts: where it was thrown says nothing to them.
    this.stack = `${this.name}: ${this.message}`;
  }
}

/**
 * Reads the variables that `schema` names, and no others. An empty string counts as unset; a value that is present and
 * wrong is never replaced by a default. Call it once, in main.ts.
 * @throws ConfigError naming the variables.
 */
export function loadConfig<S extends z.ZodObject>(
  schema: S,
  env: NodeJS.ProcessEnv = process.env,
): z.output<S> {
  const names = Object.keys(schema.shape);
  const given = new Map<string, string>();
  for (const name of names) {
    const value = env[name];
    if (value !== undefined && value !== '') given.set(name, value);
  }
  const result = schema.safeParse(Object.fromEntries(given));
  if (result.success) return result.data;
  const problems = result.error.issues.map((issue) => {
    const name = String(issue.path[0] ?? '');
    if (name === '') return { name, line: issue.message };
    return { name, line: `${name}: ${given.has(name) ? issue.message : 'is required and not set'}` };
  });
  const variables = [...new Set(problems.map((p) => p.name).filter((name) => name !== ''))];
  throw new ConfigError([...new Set(problems.map((p) => p.line))], variables);
}

/**
 * `true` or `false` in any letter case. Anything else is refused: upstream reads `1` and `yes` as false where the default
 * is false and `0` as true where it is true, and neither is what the operator meant.
 */
export function envBoolean(defaultValue: boolean): z.ZodType<boolean> {
  return z
    .string()
    .transform((text, context) => {
      const lower = text.trim().toLowerCase();
      if (lower === 'true') return true;
      if (lower === 'false') return false;
      context.addIssue({ code: 'custom', message: 'must be "true" or "false"' });
      return z.NEVER;
    })
    .default(defaultValue);
}

export interface EnvIntOptions {
  /** Without it the variable must be set (or the caller adds `.optional()`). */
  readonly default?: number;
  /** Inclusive; default 0. */
  readonly min?: number;
  /** Inclusive; default Number.MAX_SAFE_INTEGER. */
  readonly max?: number;
}

/** A decimal integer. An explicit 0 is a value, not "unset"; out of range is refused, never clamped. */
export function envInt(options: EnvIntOptions = {}): z.ZodType<number> {
  const { min = 0, max = Number.MAX_SAFE_INTEGER } = options;
  const range = max === Number.MAX_SAFE_INTEGER ? `of at least ${min}` : `from ${min} to ${max}`;
  const type = z.string().transform((text, context) => {
    const value = /^\s*[+-]?\d{1,16}\s*$/.test(text) ? Number(text) : NaN;
    if (value >= min && value <= max) return value;
    context.addIssue({ code: 'custom', message: `must be an integer ${range}` });
    return z.NEVER;
  });
  return options.default === undefined ? type : type.default(options.default);
}

/** Text as it is. Without a default the variable must be set (or the caller adds `.optional()`). */
export function envString(options: { readonly default?: string } = {}): z.ZodType<string> {
  return options.default === undefined ? z.string() : z.string().default(options.default);
}

/** Text that must not print; see `Secret`. Without a default the variable must be set (or the caller adds `.optional()`). */
export function envSecret(options: { readonly default?: string } = {}): z.ZodType<Secret> {
  const type = z.string().transform((text) => new Secret(text));
  return options.default === undefined ? type : type.default(() => new Secret(options.default!));
}
