import { parseArgs } from 'node:util';
import { KeysFileError } from '@weft/http';
import { ConfigError } from '@weft/runtime';
import { keysCommand } from './keys.ts';

/** What a command touches of the outside. */
export interface CliPort {
  /** The answer: what a script reads. */
  readonly out: (text: string) => void;
  /** Everything else: what a person reads. */
  readonly note: (text: string) => void;
  /** Default: the process's own. */
  readonly env?: NodeJS.ProcessEnv;
}

/** The command line is not understood; answered with exit code 2. */
export class UsageError extends Error {}

const USAGE = `usage: weft keys create --user NAME [--projects PATTERN]... [--role read|write|admin] [--file FILE] [--json]
       weft keys list [--file FILE] [--json]
       weft keys revoke ID [--file FILE] [--json]

  --projects  entity/project, entity/* or * (the default); may be repeated
  --role      read, write (the default: reads too) or admin (also /metrics)
  --file      the keys file; default: the variable WEFT_KEYS_FILE
  --json      answer in JSON
`;

const OPTIONS = {
  user: { type: 'string' },
  projects: { type: 'string', multiple: true },
  role: { type: 'string' },
  file: { type: 'string' },
  json: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
} as const;

export type Options = ReturnType<typeof parse>['values'];

function parse(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options: OPTIONS, allowPositionals: true });
  } catch (cause) {
    throw new UsageError((cause as Error).message, { cause });
  }
}

/** Runs one command. Returns the exit code: 0 done, 1 could not be done, 2 not understood. */
export async function runCli(args: readonly string[], port: CliPort): Promise<number> {
  try {
    const { positionals, values } = parse(args);
    if (values.help === true) {
      port.out(USAGE);
      return 0;
    }
    const [noun, verb, ...rest] = positionals;
    if (noun !== 'keys')
      throw new UsageError(noun === undefined ? 'no command given' : `no command "${noun}"`);
    await keysCommand(verb, rest, values, port);
    return 0;
  } catch (error) {
    if (error instanceof UsageError) {
      port.note(`weft: ${error.message}\n${USAGE}`);
      return 2;
    }
    if (!(error instanceof KeysFileError) && !(error instanceof ConfigError)) throw error;
    port.note(`weft: ${error.message}${error.cause instanceof Error ? `: ${error.cause.message}` : ''}\n`);
    return 1;
  }
}
