import { InvalidArgumentError, type Command } from 'commander';
import { addMonitorObjectCommands } from './monitor-objects.ts';
import { UsageError, type CommandPort } from './port.ts';
import { toUsd, type LedgerEntry, type Limits } from './score.ts';
import { serverOf, withServerOptions, type ServerFlags } from './server.ts';
import { cut, printable, toTable } from './table.ts';

interface Flags extends ServerFlags {
  readonly project: string;
  readonly monitor?: string;
  readonly json?: boolean;
}

interface BudgetFlags extends Flags {
  readonly callsPerDay?: number;
  readonly tokensPerDay?: number;
  readonly usdPerDay?: number;
  readonly none?: boolean;
}

interface DeadFlags extends Flags {
  readonly limit: number;
}

interface SettleFlags extends Flags {
  readonly all?: boolean;
}

interface Budget {
  readonly monitor: string | null;
  readonly limits: Limits;
  readonly spent: LedgerEntry['spend'];
  readonly error: string | null;
}

interface Ledger {
  readonly monitors: readonly LedgerEntry[];
  readonly project: Budget;
}

interface DeadJob {
  readonly id: string;
  readonly monitor: string;
  readonly reason: string | null;
  readonly attempt: number;
  readonly added_at: string;
  readonly call_id: string | null;
}

const BUDGET = '/weft/v1/monitors/budget';
const DEAD = '/weft/v1/scoring/dead';
const REASON_CHARS = 100;
const MAX_DEAD = 10_000;

const HELP = `
Monitors score calls as they are stored: docs/online-eval.md. They are published by Weave's SDK or from a file:
  weft monitors publish monitor.json --project team/app                    a monitor and its scorers
  weft monitors deactivate quality --project team/app                      and \`activate\`
Here is what they do:
  weft monitors list --project team/app                                    which there are, and whether they are active
  weft monitors ledger --project team/app                                  what became of the calls that they matched
  weft monitors budget --project team/app                                  what may be spent in a day, and what was
  weft monitors budget --project team/app --usd-per-day 5                  set it for the project
  weft monitors budget --project team/app --monitor quality --tokens-per-day 200000
  weft monitors dead --project team/app                                    scores that were given up, with the reason
  weft monitors revive --project team/app --all                            try them again
In a cluster --url is the front door, or the scoring worker (SCORING_WORKER_PORT, default 6348).`;

/** `weft monitors …`: shows what the server says of monitors, and sets their budgets. */
export function addMonitorsCommands(program: Command, port: CommandPort): void {
  const monitors = program
    .command('monitors')
    .description('what monitors do: counts, budgets, scores that were given up')
    .addHelpText('after', HELP);
  const add = (name: string, description: string) =>
    withServerOptions(
      monitors.command(name).description(description),
      'the front door, or the scoring worker',
    )
      .requiredOption('--project <entity/project>', 'of this project')
      .option('--monitor <name>', 'of this monitor only, by the name of its object')
      .option('--json', 'answer in JSON');

  addMonitorObjectCommands(monitors, port);
  add('list', 'which monitors there are').action((flags: Flags) => list(flags, port));
  add('ledger', 'what became of the calls that each monitor matched').action((flags: Flags) =>
    ledger(flags, port),
  );
  add('budget', 'what may be spent in a day (UTC); with limits: sets all three, what is left out has none')
    .option('--calls-per-day <n>', 'most questions to models and remote scorers', amount(true))
    .option('--tokens-per-day <n>', 'most tokens, of questions and answers together', amount(true))
    .option('--usd-per-day <amount>', 'most US dollars', amount(false))
    .option('--none', 'take the limits away')
    .action((flags: BudgetFlags) => budget(flags, port));
  add('dead', 'scores that were given up, newest first, with the reason')
    .option('--limit <n>', 'most of them', count, 100)
    .action((flags: DeadFlags) => dead(flags, port));
  for (const [verb, description] of [
    ['revive', 'try scores again that were given up'],
    ['drop', 'forget scores that were given up'],
  ] as const)
    add(verb, description)
      .argument('[ids...]', 'ids as `weft monitors dead` shows them')
      .option('--all', 'all there are; of the monitor, where one is named')
      .action((ids: string[], flags: SettleFlags) => settle(verb, ids, flags, port));
}

function amount(isWhole: boolean): (text: string) => number {
  return (text) => {
    const fits = isWhole ? /^\d{1,15}$/ : /^\d{1,9}(\.\d{1,6})?$/;
    if (fits.test(text)) return Number(text);
    throw new InvalidArgumentError(isWhole ? 'Expected a whole number.' : 'Expected an amount such as 2.50.');
  };
}

function count(text: string): number {
  const value = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  if (value >= 1 && value <= MAX_DEAD) return value;
  throw new InvalidArgumentError(`Expected a whole number from 1 to ${MAX_DEAD}.`);
}

function body({ project, monitor }: Flags): object {
  return { project_id: project, ...(monitor === undefined ? {} : { monitor }) };
}

async function read(flags: Flags, port: CommandPort): Promise<Ledger> {
  return (await serverOf(flags, port).post('/monitors/ledger', body(flags))) as Ledger;
}

async function list(flags: Flags, port: CommandPort): Promise<void> {
  const { monitors } = await read(flags, port);
  if (flags.json === true) return port.out(`${JSON.stringify(monitors)}\n`);
  if (monitors.length === 0) return port.note('no monitors\n');
  const rows = monitors.map(({ monitor, active, sampling_rate: rate, budget: limits, ref }) => [
    monitor,
    active === null ? '-' : active ? 'yes' : 'no',
    rate === null ? '-' : `${Number((rate * 100).toFixed(4))} %`,
    sayLimits(limits),
    ref ?? '-',
  ]);
  port.out(toTable([['MONITOR', 'ACTIVE', 'SAMPLE', 'BUDGET PER DAY', 'REF'], ...rows]));
}

async function ledger(flags: Flags, port: CommandPort): Promise<void> {
  const answer = await read(flags, port);
  if (flags.json === true) return port.out(`${JSON.stringify(answer)}\n`);
  const { monitors, project } = answer;
  if (monitors.length === 0) return port.note('no monitors\n');
  const rows = monitors.map((entry) => [
    entry.monitor,
    ...[entry.matched, entry.scored, entry.failed, entry.skipped_total, entry.pending].map(String),
    ...saySpend(entry.spend),
  ]);
  const head = ['MONITOR', 'MATCHED', 'SCORED', 'FAILED', 'SKIPPED', 'PENDING', 'CALLS TODAY', 'TOKENS TODAY', 'COST TODAY']; // prettier-ignore
  port.out(toTable([head, ...rows]));
  const reasons = monitors.flatMap(({ monitor, skipped }) =>
    Object.entries(skipped).map(([reason, skips]) => [monitor, reason, String(skips)]),
  );
  if (reasons.length > 0) port.out(`\n${toTable([['MONITOR', 'SKIPPED BECAUSE OF', 'CALLS'], ...reasons])}`);
  if (project.error !== null) port.note(`nothing is spent: ${printable(project.error)}\n`);
}

function saySpend({ calls, tokens, usd }: LedgerEntry['spend']): string[] {
  return [String(calls), String(tokens), toUsd(usd)];
}

function sayLimits({ calls_per_day: calls, tokens_per_day: tokens, usd_per_day: usd }: Limits): string {
  const parts = [
    ...(calls === null ? [] : [`${calls} calls`]),
    ...(tokens === null ? [] : [`${tokens} tokens`]),
    ...(usd === null ? [] : [toUsd(usd)]),
  ];
  return parts.length === 0 ? '-' : parts.join(', ');
}

async function budget(flags: BudgetFlags, port: CommandPort): Promise<void> {
  const { callsPerDay, tokensPerDay, usdPerDay, none = false } = flags;
  const limits = { calls_per_day: callsPerDay, tokens_per_day: tokensPerDay, usd_per_day: usdPerDay };
  const isSet = Object.values(limits).some((limit) => limit !== undefined);
  if (isSet && none) throw new UsageError('monitors budget: give --none or limits, not both');
  if (isSet || none) {
    const answer = await serverOf(flags, port).post(BUDGET, { ...body(flags), ...limits });
    if (flags.json === true) return port.out(`${JSON.stringify(answer)}\n`);
    const { object_id: name, digest } = answer as { object_id: string; digest: string };
    return port.note(`published ${printable(name)}:${printable(digest)}: it counts within 5 s\n`);
  }
  await showBudgets(flags, port);
}

async function showBudgets(flags: Flags, port: CommandPort): Promise<void> {
  const query = new URLSearchParams({ project_id: flags.project });
  const answer = await serverOf(flags, port).get(`${BUDGET}?${query.toString()}`);
  const budgets = (answer as { readonly budgets: readonly Budget[] }).budgets.filter(
    ({ monitor }) => flags.monitor === undefined || monitor === null || monitor === flags.monitor,
  );
  if (flags.json === true) return port.out(`${JSON.stringify(budgets)}\n`);
  const rows = budgets.map(({ monitor, limits, spent }) => [
    monitor ?? '(project)',
    sayLimits(limits),
    ...saySpend(spent),
  ]);
  port.out(toTable([['BUDGET OF', 'PER DAY', 'CALLS TODAY', 'TOKENS TODAY', 'COST TODAY'], ...rows]));
  for (const { error } of budgets) if (error !== null) port.note(`nothing is spent: ${printable(error)}\n`);
}

async function dead(flags: DeadFlags, port: CommandPort): Promise<void> {
  const query = new URLSearchParams({ project_id: flags.project, limit: String(flags.limit) });
  if (flags.monitor !== undefined) query.set('monitor', flags.monitor);
  const answer = await serverOf(flags, port).get(`${DEAD}?${query.toString()}`);
  const { jobs } = answer as { readonly jobs: readonly DeadJob[] };
  if (flags.json === true) return port.out(jobs.map((job) => `${JSON.stringify(job)}\n`).join(''));
  if (jobs.length === 0) return port.note('no scores were given up\n');
  const rows = jobs.map(({ id, monitor, call_id: call, attempt, added_at: added, reason }) => [
    id,
    monitor,
    call ?? '-',
    String(attempt),
    `${added.slice(0, 19)}Z`,
    cut(reason ?? '-', REASON_CHARS),
  ]);
  port.out(toTable([['ID', 'MONITOR', 'CALL', 'ATTEMPTS', 'ADDED', 'REASON'], ...rows]));
}

async function settle(
  verb: 'revive' | 'drop',
  ids: readonly string[],
  flags: SettleFlags,
  port: CommandPort,
): Promise<void> {
  if (ids.length > 0 === (flags.all === true))
    throw new UsageError(`monitors ${verb}: give ids, or --all for every one there is`);
  const which = ids.length > 0 ? { ids } : {};
  const answer = await serverOf(flags, port).post(`${DEAD}/${verb}`, { ...body(flags), ...which });
  const { changed } = answer as { readonly changed: number };
  if (flags.json === true) return port.out(`${JSON.stringify(answer)}\n`);
  port.note(`${changed} scores ${verb === 'revive' ? 'are tried again' : 'are forgotten'}\n`);
}
