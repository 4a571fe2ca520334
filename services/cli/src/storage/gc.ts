import { notes } from '../notes.ts';
import { CliError, type CommandPort } from '../port.ts';
import { serverOf, type ServerFlags } from '../server.ts';
import { sizeText } from '../size.ts';
import { printable } from '../table.ts';
import { summarise, type Done, type Tally } from './gc-summary.ts';

const ROUTE = '/weft/v1/storage/gc';

export interface GcFlags extends ServerFlags {
  readonly dryRun?: boolean;
  readonly graceHours?: number;
  readonly project?: string;
  readonly after?: string;
  readonly json?: boolean;
}

interface Progress {
  readonly kind: 'progress';
  readonly after: string;
  readonly total: Tally;
}

export async function gc(flags: GcFlags, port: CommandPort): Promise<void> {
  const { dryRun = false, graceHours, project, json = false } = flags;
  const body = {
    dry_run: dryRun,
    ...(graceHours === undefined ? {} : { grace_hours: graceHours }),
    ...(project === undefined ? {} : { project_id: project }),
    ...(flags.after === undefined ? {} : { after: flags.after }),
  };
  const note = notes(port);
  let after: string | undefined;
  let done: Done | undefined;
  try {
    const lines = serverOf(flags, port).postLines(ROUTE, body) as AsyncIterable<Progress | Done>;
    for await (const line of lines) {
      if (json) port.out(`${JSON.stringify(line)}\n`);
      if (line.kind === 'done') done = line;
      else {
        ({ after } = line);
        note(() => toNote(line, dryRun));
      }
    }
    if (done === undefined) throw new CliError("the answer ended before its end: the server's log says why");
  } catch (error) {
    if (after !== undefined && error instanceof CliError)
      port.note(`cut short: what was done stays good; go on with --after ${quoted(after)}\n`);
    throw error;
  }
  if (json) return;
  port.out(summarise(done));
  if (flags.after !== undefined)
    port.note('counted from --after on: the earlier run said what came before\n');
}

function toNote({ after, total }: Progress, dryRun: boolean): string {
  const { scanned, trashed, restored, deleted } = total;
  const [moves, comes, goes] = dryRun ? ['to trash', 'to restore', 'to delete'] : ['trashed', 'restored', 'deleted']; // prettier-ignore
  return `${scanned.blobs} blobs (${sizeText(scanned.bytes)}) looked at: ${trashed.blobs} ${moves}, ${restored.blobs} ${comes}, ${deleted.blobs} ${goes}; at ${quoted(after)}`;
}

/** For a shell: below our prefixes there may be keys that are not ours. */
function quoted(key: string): string {
  const text = printable(key);
  return /^[\w./~-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
