import { Command, CommanderError } from 'commander';
import { KeysFileError } from '@weft/http';
import { AppError } from '@weft/model';
import { ConfigError } from '@weft/runtime';
import { addDlqCommands } from './dlq.ts';
import { addDoctorCommand } from './doctor/doctor.ts';
import { addKeysCommands } from './keys.ts';
import { addMigrateCommands } from './migrate.ts';
import { addMonitorsCommands } from './monitors.ts';
import { CliError, UsageError, withCauses, type CliPort } from './port.ts';
import { addRemapCommand } from './remap.ts';
import { addScoreCommand } from './score.ts';
import { addStorageCommands } from './storage/storage.ts';
import { addTopicsCommands } from './topics.ts';

const GROUPS = [
  addKeysCommands,
  addDlqCommands,
  addRemapCommand,
  addMonitorsCommands,
  addScoreCommand,
  addStorageCommands,
  addTopicsCommands,
  addMigrateCommands,
  addDoctorCommand,
];

const AFTER = `
Exit codes: 0 done, 1 could not be done (or not all of it), 2 the command line is not understood.
Settings are read from the environment: docs/operate.md names them.`;

/** Runs one command. Returns the exit code: 0 done, 1 could not be done, 2 not understood. */
export async function runCli(args: readonly string[], port: CliPort): Promise<number> {
  let code = 0;
  const program = new Command('weft')
    .description('Runs and mends a Weft installation.')
    .addHelpText('after', AFTER)
    .configureOutput({
      writeOut: port.out,
      writeErr: port.note,
      outputError: (text, write) => write(`weft: ${text.replace(/^error: /, '')}`),
    })
    .showHelpAfterError('(--help says what is expected)')
    .exitOverride();
  for (const add of GROUPS) add(program, { ...port, exitWith: (given) => (code = given) });
  try {
    await program.parseAsync([...args], { from: 'user' });
    return code;
  } catch (error) {
    if (error instanceof CommanderError) return isHelp(error, args) ? 0 : 2;
    const message = toMessage(error);
    port.note(`weft: ${message}\n`);
    return error instanceof UsageError ? 2 : 1;
  }
}

/** Help that was asked for; a command that is missing shows the help too, and is not understood. */
function isHelp({ code }: CommanderError, args: readonly string[]): boolean {
  return code === 'commander.helpDisplayed' || (code === 'commander.help' && args.includes('help'));
}

/** What a person can do something about. @throws anything else: it is a bug, and its stack says where. */
function toMessage(error: unknown): string {
  const isOurs =
    error instanceof CliError ||
    error instanceof KeysFileError ||
    error instanceof ConfigError ||
    error instanceof AppError;
  if (!isOurs) throw error;
  return withCauses(error);
}
