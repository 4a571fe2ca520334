import type { Command } from 'commander';
import { instantOf } from './instant.ts';
import { CliError, type CommandPort } from './port.ts';
import { summarise, toSample, type Sample, type Summary } from './remap-summary.ts';
import { serverOf, withServerOptions, type Server, type ServerFlags } from './server.ts';
import { printable } from './table.ts';

const ROUTE = '/weft/v1/remap';
/** Between two notes of how far it is. */
const NOTE_MS = 2_000;

interface Flags extends ServerFlags {
  readonly project: string;
  readonly from: string;
  readonly to?: string;
  readonly after?: string;
  readonly dryRun?: boolean;
  readonly json?: boolean;
}

interface Progress {
  readonly kind: 'progress' | 'waiting';
  readonly scanned: number;
  readonly changed: number;
  readonly not_applied: number;
  readonly failed: number;
  readonly cursor: string | null;
}

interface Failure {
  readonly kind: 'failure';
  readonly call_id: string;
  readonly trace_id: string;
  readonly reason: string;
}

type Line = Progress | Failure | Sample | Summary;

const HELP = `
OpenTelemetry spans are stored beside the calls made of them. When a newer version of Weft reads spans better, this makes
the calls of what is stored anew: docs/operate.md.
  weft remap --project team/app --from 30d --dry-run   what would change, with samples
  weft remap --project team/app --from 30d             change it; harmless to repeat and to cut short
In a cluster --url is the front door, or query (QUERY_PORT, default 6346), not the writer.`;

/** `weft remap`: the server maps and decides; this asks, shows how far it is, and keeps the cursor. */
export function addRemapCommand(program: Command, port: CommandPort): void {
  withServerOptions(
    program
      .command('remap')
      .description('make the calls of stored OpenTelemetry spans anew, as this version reads spans'),
    'the front door, or query',
  )
    .requiredOption('--project <entity/project>', 'of this project')
    .requiredOption(
      '--from <when>',
      'calls that began since: 24h, 30d, or an instant such as 2026-01-31T12:00:00Z',
    )
    .option('--to <when>', 'calls that began before')
    .option('--after <cursor>', 'go on where an earlier run was cut short: it printed the cursor')
    .option('--dry-run', 'say what would change, with samples, and do nothing')
    .option('--json', 'answer in JSON lines, as the server gives them')
    .addHelpText('after', HELP)
    .action((flags: Flags) => remap(flags, port));
}

async function remap(flags: Flags, port: CommandPort): Promise<void> {
  const { project, from, to, after, dryRun = false, json = false } = flags;
  const body = {
    project_id: project,
    from: instantOf(from),
    ...(to === undefined ? {} : { to: instantOf(to) }),
    ...(after === undefined ? {} : { after }),
    dry_run: dryRun,
  };
  let cursor: string | null = after ?? null;
  let done: Summary | undefined;
  const note = notes(port);
  try {
    for await (const line of lines(serverOf(flags, port), body)) {
      if (json) port.out(`${JSON.stringify(line)}\n`);
      if ('cursor' in line) cursor = line.cursor;
      if (line.kind === 'done') done = line;
      else if (line.kind === 'sample') {
        if (!json) port.out(toSample(line));
      } else if (line.kind === 'failure')
        port.note(`failed: ${printable(`${line.call_id} of trace ${line.trace_id}: ${line.reason}`)}\n`);
      else note(line);
    }
    if (done === undefined) throw new CliError('the answer ended before its end');
  } catch (error) {
    if (cursor !== null && error instanceof CliError)
      port.note(`cut short: go on with --after ${printable(cursor)}\n`);
    throw error;
  }
  if (!json) port.out(summarise(done));
  if (done.not_applied > 0 || done.failed > 0) port.exitWith(1);
}

function lines(server: Server, body: object): AsyncIterable<Line> {
  return server.postLines(ROUTE, body) as AsyncIterable<Line>;
}

/** Tells how far it is now and then, with the rate since it began. */
function notes(port: CommandPort): (line: Progress) => void {
  const began = performance.now();
  let told = began;
  return ({ kind, scanned, changed, cursor }) => {
    const now = performance.now();
    if (now - told < NOTE_MS) return;
    told = now;
    const rate = Math.round(scanned / ((now - began) / 1000));
    const waits = kind === 'waiting' ? ', waiting for the writer' : '';
    port.note(
      `${scanned} spans, ${changed} changed, ${rate} spans/s${waits}; cursor ${printable(cursor ?? '-')}\n`,
    );
  };
}
