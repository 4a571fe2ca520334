import { InvalidArgumentError, Option, type Command } from 'commander';
import { instantOf } from './instant.ts';
import { collect } from './keys.ts';
import { UsageError, type CommandPort } from './port.ts';
import { serverOf, withServerOptions, type Server, type ServerFlags } from './server.ts';
import { ROUTE, settleLetters, type Verb } from './dlq-settle.ts';
import { cut, printable, printableText, toTable } from './table.ts';

const TOPICS = ['trace-events', 'stored-calls'];
/** Most letters that one command handles. */
const MAX_LETTERS = 100_000;
const REASON_CHARS = 80;

/** As the server lists it. */
export interface Letter {
  readonly id: string;
  readonly topic: string;
  readonly group: string;
  readonly kind: string;
  readonly project_id: string;
  readonly event_id: string;
  readonly reason: string;
  readonly rejected_at: string;
  readonly received_at: string;
  readonly payload_bytes: number;
}

interface ShownLetter extends Letter {
  readonly user_id: string;
  readonly payload: string;
  readonly payload_encoding: 'utf-8' | 'base64';
  readonly payload_truncated: boolean;
}

interface Filters extends ServerFlags {
  readonly topic: string;
  readonly project?: string;
  readonly kind?: string;
  readonly group?: string;
  readonly reason?: string;
  readonly since?: string;
  readonly json?: boolean;
}

interface SettleFlags extends Filters {
  readonly id?: readonly string[];
  readonly all?: boolean;
  readonly dryRun?: boolean;
  readonly rate?: number;
}

const HELP = `
Dead letters are events that were accepted and could not be stored: docs/dead-letters.md.
  weft dlq list --reason row_too_large      what is there
  weft dlq show 1-0                         one of them, with its payload
  weft dlq replay --all --dry-run           what this version of the server would store now
  weft dlq replay --project team/app        store them; repeat it as often as you like
  weft dlq drop --kind call.ended --all     nobody wants them any more`;

/** `weft dlq …`: speaks HTTP to the server's routes; the server decides. */
export function addDlqCommands(program: Command, port: CommandPort): void {
  const dlq = program
    .command('dlq')
    .description('dead letters: list, show, replay and drop them')
    .addHelpText('after', HELP);
  const add = (name: string, description: string) =>
    withServerOptions(dlq.command(name).description(description))
      .addOption(new Option('--topic <topic>', 'of which topic').choices(TOPICS).default(TOPICS[0]!))
      .option('--json', 'answer in JSON');
  const filtered = (command: Command) =>
    command
      .option('--project <entity/project>', 'of this project')
      .option('--kind <kind>', 'of this kind of event, such as call.started')
      .option('--group <group>', 'rejected by this consumer group: writer, gateway')
      .option('--reason <text>', 'whose reason holds this text')
      .option('--since <when>', 'rejected since: 90m, 24h, 7d, or an instant such as 2026-01-31T12:00:00Z');
  const settling = (command: Command, verb: Verb) =>
    filtered(command)
      .argument('[ids...]', 'ids as list shows them')
      .option('--id <id>', 'an id; may be repeated', collect)
      .option('--all', 'all that the filters take; without filters all there are')
      .option('--dry-run', 'say what would happen, and do nothing')
      .action((ids: string[], flags: SettleFlags) => settle(verb, ids, flags, port));

  filtered(add('list', 'what is there, oldest first'))
    .option('--limit <n>', 'most letters', wholeNumber(1, MAX_LETTERS), 100)
    .action((flags: Filters & { limit: number }) => list(flags, port));
  add('show', 'one letter with its payload')
    .argument('<id>')
    .action((id: string, flags: Filters) => show(id, flags, port));
  settling(
    add('replay', 'append the events again, and take each letter off the list once its row can be read'),
    'replay',
  ).option('--rate <n>', 'events in a second', wholeNumber(1, 100_000));
  settling(add('drop', 'take letters off the list; their events are never stored'), 'drop');
}

function wholeNumber(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = /^\d{1,9}$/.test(text) ? Number(text) : NaN;
    if (value >= min && value <= max) return value;
    throw new InvalidArgumentError(`Expected a whole number from ${min} to ${max}.`);
  };
}

function query(flags: Filters, limit: number): string {
  const { topic, project, kind, group, reason, since } = flags;
  const params = new URLSearchParams({ topic, limit: String(limit) });
  for (const [name, value] of Object.entries({
    project,
    kind,
    group,
    reason,
    since: since === undefined ? since : instantOf(since),
  }))
    if (value !== undefined) params.set(name, value);
  return `${ROUTE}?${params.toString()}`;
}

async function list(flags: Filters & { limit: number }, port: CommandPort): Promise<void> {
  const letters: Letter[] = [];
  // One more tells whether there are more.
  const limit = Math.min(flags.limit + 1, MAX_LETTERS);
  for await (const letter of serverOf(flags, port).lines(query(flags, limit))) letters.push(letter as Letter);
  const shown = letters.slice(0, flags.limit);
  if (flags.json === true) for (const letter of shown) port.out(`${JSON.stringify(letter)}\n`);
  else if (shown.length > 0) port.out(toTable([HEAD, ...shown.map(toRow)]));
  if (shown.length === 0) port.note('no open dead letters match\n');
  if (letters.length > shown.length)
    port.note(`there are more: --limit ${MAX_LETTERS} shows up to that many\n`);
}

const HEAD = ['ID', 'REJECTED', 'GROUP', 'KIND', 'PROJECT', 'EVENT', 'BYTES', 'REASON'];

function toRow(letter: Letter): string[] {
  return [
    letter.id,
    `${letter.rejected_at.slice(0, 19)}Z`,
    letter.group,
    letter.kind,
    letter.project_id === '' ? '-' : letter.project_id,
    letter.event_id,
    String(letter.payload_bytes),
    cut(letter.reason, REASON_CHARS),
  ];
}

async function show(id: string, flags: Filters, port: CommandPort): Promise<void> {
  const path = `${ROUTE}/${encodeURIComponent(id)}?topic=${flags.topic}`;
  const letter = (await serverOf(flags, port).get(path)) as ShownLetter;
  if (flags.json === true) return port.out(`${JSON.stringify(letter)}\n`);
  const { payload, payload_encoding: encoding, payload_truncated: truncated, ...head } = letter;
  for (const [name, value] of Object.entries(head))
    port.out(`${name.padEnd(14)} ${printable(String(value))}\n`);
  const note = encoding === 'base64' ? ', not text: shown as base64' : '';
  port.out(`payload${note}${truncated ? ', its beginning' : ''}:\n${printableText(payload)}\n`);
}

async function settle(verb: Verb, given: string[], flags: SettleFlags, port: CommandPort): Promise<void> {
  const ids = [...given, ...(flags.id ?? [])];
  const { project, kind, group, reason, since, all = false } = flags;
  const hasFilter = [project, kind, group, reason, since].some((value) => value !== undefined);
  if (ids.length > 0 && (hasFilter || all))
    throw new UsageError(`dlq ${verb}: give ids or filters, not both`);
  if (ids.length === 0 && !hasFilter && !all)
    throw new UsageError(
      `dlq ${verb}: of which letters? Give ids, a filter such as --project or --reason, or --all for every one there is`,
    );
  const server = serverOf(flags, port);
  const chosen = ids.length > 0 ? ids : await idsOf(server, flags);
  if (chosen.length === 0) return port.note('no open dead letters match\n');
  await settleLetters(server, verb, chosen, flags, port);
}

/** The letters there are now: what comes back while they are replayed is not replayed again. */
async function idsOf(server: Server, flags: Filters): Promise<string[]> {
  const ids: string[] = [];
  for await (const letter of server.lines(query(flags, MAX_LETTERS))) ids.push((letter as Letter).id);
  return ids;
}
