import { InvalidArgumentError, type Command } from 'commander';
import type { CommandPort } from '../port.ts';
import { withServerOptions } from '../server.ts';
import { check, type CheckFlags } from './check.ts';
import { gc, type GcFlags } from './gc.ts';
import { usage, type UsageFlags } from './usage.ts';

const MAX_GRACE_HOURS = 24 * 366;

const HELP = `
Files and large payloads are in a bucket, or in a folder: docs/storage.md.
  weft storage check --direct       whether this shell's WF_FILE_STORAGE_… work, before there is a server
  weft storage check                whether the server's do
  weft storage gc --dry-run         what nothing refers to any more
  weft storage gc                   move it to the trash; what has been there for the grace is deleted, or comes back
  weft storage usage                what each project keeps
All projects together need a key with the role admin for every project.
In a cluster --url is the front door, or query (QUERY_PORT, default 6346), not the writer.`;

/** `weft storage …`: the server looks and decides; only `check --direct` opens the store itself. */
export function addStorageCommands(program: Command, port: CommandPort): void {
  const storage = program
    .command('storage')
    .description('the bucket of files and large payloads: check, gc and usage')
    .addHelpText('after', HELP);
  const add = (name: string, description: string) =>
    withServerOptions(storage.command(name).description(description), 'the front door, or query');

  add('check', 'write, read, list, copy and delete a blob, and say what does not work')
    .option('--direct', 'from here, with the WF_FILE_STORAGE_… variables of this shell; no server is asked')
    .option('--json', 'answer in JSON')
    .action((flags: CheckFlags) => check(flags, port));
  add('gc', 'move blobs that nothing refers to to the trash, and delete those that have been there for long')
    .option('--dry-run', 'say what would happen, and do nothing')
    .option(
      '--grace-hours <n>',
      'how long without a reference before the trash, and in the trash; at least 1. Default: of the server, 24',
      graceHours,
    )
    .option('--project <entity/project>', 'of this project')
    .option('--after <key>', 'go on where an earlier run was cut short: it printed the key')
    .option('--json', 'answer in JSON lines, as the server gives them')
    .action((flags: GcFlags) => gc(flags, port));
  add('usage', 'how many files and payloads projects keep, and how large they are')
    .option('--project <entity/project>', 'of this project')
    .option('--json', 'answer in JSON')
    .action((flags: UsageFlags) => usage(flags, port));
}

function graceHours(text: string): number {
  const value = /^\d{1,9}(\.\d{1,9})?$/.test(text) ? Number(text) : NaN;
  if (value > 0 && value <= MAX_GRACE_HOURS) return value;
  throw new InvalidArgumentError(`Expected hours, more than 0 and at most ${MAX_GRACE_HOURS}.`);
}
