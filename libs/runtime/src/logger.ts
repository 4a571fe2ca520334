import { pino } from 'pino';
import { formatLine } from './log-line.ts';

/** Structured first: `logger.info({ rows }, 'inserted')`. An error goes under `err`: `logger.error({ err }, 'what failed')`. */
export type Logger = pino.Logger;

export type LogLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal' | 'silent';

export interface LoggerOptions {
  /** Name of the process or part, in every line. */
  readonly name: string;
  /** Default `info`. */
  readonly level?: LogLevel;
  /** Short lines for people instead of JSON. Default: when stderr is a terminal. */
  readonly pretty?: boolean;
  /** Where lines go; default stderr (stdout belongs to commands that answer on it). */
  readonly destination?: { write(line: string): void };
}

const SECRET_MEMBERS = [
  'authorization',
  'Authorization',
  '["proxy-authorization"]',
  '["wandb-api-key"]',
  '["x-api-key"]',
  'cookie',
  'apiKey',
  'api_key',
  'key',
  'password',
  'secret',
  'token',
];

/** The member at any of the first three levels of a line. */
function redactPaths(): string[] {
  const dot = (prefix: string, name: string) => (name.startsWith('[') ? prefix + name : `${prefix}.${name}`);
  return SECRET_MEMBERS.flatMap((name) => [name, dot('*', name), dot('*.*', name)]);
}

const MAX_CAUSES = 5;

/** An error and its causes. A closed list of members: vendor errors carry requests, and those carry credentials. */
export function describeError(err: unknown, depth = 0): unknown {
  if (!(err instanceof Error)) return typeof err === 'string' ? err : String(err);
  const { code } = err as { code?: unknown };
  return {
    type: err.name,
    message: err.message,
    ...(typeof code === 'string' || typeof code === 'number' ? { code } : {}),
    stack: err.stack,
    ...(err.cause === undefined || depth >= MAX_CAUSES ? {} : { cause: describeError(err.cause, depth + 1) }),
  };
}

/** JSON lines on stderr, written at once (nothing is lost when the process ends); short lines when a person is watching. */
export function createLogger(options: LoggerOptions): Logger {
  const settings: pino.LoggerOptions = {
    name: options.name,
    level: options.level ?? 'info',
    base: { name: options.name },
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label) => ({ level: label }) },
    redact: { paths: redactPaths(), censor: '[secret]' },
    serializers: { err: describeError },
  };
  const out = options.destination ?? pino.destination({ fd: 2, sync: true });
  const pretty = options.pretty ?? (options.destination === undefined && process.stderr.isTTY === true);
  return pino(settings, pretty ? { write: (line: string) => void out.write(formatLine(line)) } : out);
}
