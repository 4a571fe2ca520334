import { checkStore, fileStorageEnv, openStores } from '@weft/file-storage';
import { loadConfig } from '@weft/runtime';
import { z } from 'zod';
import { CliError, UsageError, type CliPort, type CommandPort } from '../port.ts';
import { serverOf, type ServerFlags } from '../server.ts';
import { printable } from '../table.ts';

const ROUTE = '/weft/v1/storage/check';

export interface CheckFlags extends ServerFlags {
  readonly direct?: boolean;
  readonly json?: boolean;
}

interface Step {
  readonly step: string;
  readonly ok: boolean;
  readonly trouble?: string;
  readonly message?: string;
  readonly elapsed_ms: number;
}

/** As the server answers. */
interface Checked {
  /** Of the store. */
  readonly uri: string;
  readonly ok: boolean;
  /** Up to the first that failed. */
  readonly steps: readonly Step[];
}

export async function check(flags: CheckFlags, port: CommandPort): Promise<void> {
  const { direct = false, json = false, url, key } = flags;
  if (direct && (url ?? key) !== undefined)
    throw new UsageError('storage check: --direct asks no server: give it, or --url and --key, not both');
  const tell = json ? () => {} : (step: Step) => port.out(toLine(step));
  const done = direct ? await checkHere(port, tell) : await checkThere(flags, port, tell);
  if (json) port.out(`${JSON.stringify(done)}\n`);
  else
    port.note(
      `${printable(done.uri)} ${done.ok ? 'does all that is needed' : 'does not do what is needed'}, as seen from ${direct ? 'here' : 'the server'}\n`,
    );
  if (!done.ok) port.exitWith(1);
}

type Tell = (step: Step) => void;

async function checkThere(flags: CheckFlags, port: CliPort, tell: Tell): Promise<Checked> {
  const done = (await serverOf(flags, port).post(ROUTE, {})) as Checked;
  done.steps.forEach(tell);
  return done;
}

/** @throws ConfigError naming the variables that are wrong; never their values. */
async function checkHere(port: CliPort, tell: Tell): Promise<Checked> {
  const stores = openStores(loadConfig(z.object(fileStorageEnv), port.env));
  try {
    if (stores.main === undefined)
      throw new CliError(
        'WF_FILE_STORAGE_URI is not set here: set it and its credentials as the server will have them, or leave --direct out to ask the server',
      );
    const steps: Step[] = [];
    for await (const { elapsedMs, ...done } of checkStore(stores.main)) {
      const step = { ...done, elapsed_ms: elapsedMs };
      steps.push(step);
      tell(step);
    }
    return { uri: stores.main.uri, ok: steps.every(({ ok }) => ok), steps };
  } finally {
    await stores.close();
  }
}

function toLine({ step, ok, trouble = '', message = '', elapsed_ms: ms }: Step): string {
  const line = `${ok ? '✓' : '✗'} ${printable(step).padEnd(6)} ${String(ms).padStart(6)} ms`;
  return ok ? `${line}\n` : `${line}  ${printable(`${trouble}: ${message}`)}\n`;
}
