/** What the command line touches of the outside. */
export interface CliPort {
  /** The answer: what a script reads. */
  readonly out: (text: string) => void;
  /** Everything else: what a person reads. */
  readonly note: (text: string) => void;
  /** Default: the process's own. */
  readonly env?: NodeJS.ProcessEnv;
}

/** What a command is given. */
export interface CommandPort extends CliPort {
  /** The command did what it could and that was not all: another exit code than 0. */
  readonly exitWith: (code: 1) => void;
}

/** It could not be done: the message says what was tried and what to do. Exit code 1. */
export class CliError extends Error {}

/** The command line is not understood. Exit code 2. */
export class UsageError extends CliError {}

const MAX_CAUSES = 3;

/** What went wrong and why, each sentence once. */
export function withCauses(error: Error): string {
  let text = error.message;
  let cause = error.cause;
  for (let i = 0; i < MAX_CAUSES && cause instanceof Error; i++, cause = cause.cause)
    if (!text.includes(cause.message)) text += `: ${cause.message}`;
  return text;
}
